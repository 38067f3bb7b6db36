"""The example that calls services where the command ros2 is missing."""

import runpy
import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy")

from paths import ROOT
from std_srvs.srv import Trigger

from omnibind_msgs.srv import Enroll, SetLabels, SetSensor

PROGRAM = ROOT / "docs" / "examples" / "call_service.py"


class Called:
    """Starts the program, while the probe's node answers."""

    def __init__(self, probe):
        self.probe = probe

    def __call__(self, *words):
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.probe.spin(lambda: process.poll() is not None, 40)
        out, err = process.communicate(timeout=5)
        self.seconds = time.monotonic() - start
        assert "Traceback" not in err
        return process.returncode, out, err


@pytest.fixture
def called(probe):
    return Called(probe)


@pytest.fixture
def serve(probe):
    """Serves one service with the probe's node; returns the requests that came."""
    made = []

    def start(kind, name, wait=0.0, **answer):
        requests = []

        def handle(request, response):
            time.sleep(wait)
            requests.append(request)
            for field, value in answer.items():
                setattr(response, field, value)
            return response

        made.append(probe.node.create_service(kind, name, handle))
        return requests

    yield start
    for service in made:
        probe.node.destroy_service(service)


def test_a_request_without_fields_is_answered(called, serve):
    requests = serve(Trigger, "/there", success=True, message="it is so")
    code, out, err = called("/there", "std_srvs/srv/Trigger")
    assert (code, err) == (0, "")
    assert out == "success: True\nmessage: it is so\n"
    assert len(requests) == 1


def test_strings_lists_and_nested_messages_arrive(called, serve):
    labels = serve(SetLabels, "/set_labels", success=True)
    text = "{labels: ['red mug'], labels_with_synonyms: [{name: cup, synonyms: [beaker, glass]}]}"
    assert called("/set_labels", "omnibind_msgs/srv/SetLabels", text)[0] == 0
    (request,) = labels
    assert list(request.labels) == ["red mug"]
    (synonyms,) = request.labels_with_synonyms
    assert (synonyms.name, list(synonyms.synonyms)) == ("cup", ["beaker", "glass"])

    sensors = serve(SetSensor, "/set_sensor", success=True)
    value = "{type: 3, double_value: 1.5}"
    text = f"{{operation: 0, name: second, parameters: [{{name: max_age, value: {value}}}]}}"
    assert called("/set_sensor", "omnibind_msgs/srv/SetSensor", text)[0] == 0
    (request,) = sensors
    assert request.name == "second"
    (parameter,) = request.parameters
    assert (parameter.name, parameter.value.type, parameter.value.double_value) == (
        "max_age",
        3,
        1.5,
    )


def test_without_a_node_it_ends_in_one_sentence_and_in_time(called):
    code, out, err = called("/nobody", "std_srvs/srv/Trigger", "{}", "--timeout", "1")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "no node has answered on /nobody within 1 s; start the node, see its log" in err
    assert called.seconds < 20


def test_a_node_that_does_not_answer_is_another_sentence(called, serve):
    serve(Trigger, "/slow", wait=6.0)
    code, _, err = called("--timeout", "2", "/slow", "std_srvs/srv/Trigger")
    assert code == 1
    assert "/slow is there but has not answered within 2 s; give --timeout more seconds" in err


def test_an_answer_that_takes_longer_than_ten_seconds_is_waited_for(called, serve):
    serve(Trigger, "/loaded", wait=12.0, success=True)
    code, out, err = called("/loaded", "std_srvs/srv/Trigger")
    assert (code, err) == (0, "")
    assert "success: True" in out


@pytest.mark.parametrize(
    ("kind", "request_text", "seconds"),
    [
        (Enroll, {"label": "nut", "duration": 60.0}, 60.0),
        (Enroll, {"label": "nut", "duration": 2.5}, 2.5),
        (Enroll, {"label": "nut", "duration": -3.0}, 0.0),
        (SetLabels, {}, 0.0),
        (Trigger, {}, 0.0),
    ],
)
def test_an_enrolment_is_waited_for_its_duration_and_more(kind, request_text, seconds):
    program = runpy.run_path(str(PROGRAM))
    assert program["PATIENCE"] == 30.0
    message = kind.Request()
    program["fill"](message, request_text)
    assert program["duration_of"](message) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("std_srvs/Trigger",), "no service type std_srvs/Trigger; write one as"),
        (("std_srvs/srv/Triger",), "no service type std_srvs/srv/Triger"),
        (("none_msgs/srv/Call",), "no service type none_msgs/srv/Call"),
        (("omnibind_msgs/srv/SetLabels", "{label: a}"), "no field 'label'; there are labels"),
        (
            ("omnibind_msgs/srv/SetLabels", "{labels: 3}"),
            "does not fit omnibind_msgs/srv/SetLabels",
        ),
        (("omnibind_msgs/srv/SetLabels", "{labels: [a"), "does not fit"),
        (("omnibind_msgs/srv/SetLabels", "[a]"), "does not fit"),
    ],
)
def test_a_wrong_call_is_a_sentence(called, words, sentence):
    code, _, err = called("/any", *words)
    assert code == 1
    assert sentence in err
    assert err.count("\n") == 1
