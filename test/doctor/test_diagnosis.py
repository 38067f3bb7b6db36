"""What the doctor finds, and that its commands are quoted and fit the services."""

import importlib
import shlex

import pytest
import yaml

from omnibind_ros.doctor.diagnosis import diagnose
from omnibind_ros.doctor.finding import Finding
from omnibind_ros.doctor.observation import Diagnosed, Observation, Publisher, SensorSeen, Traffic
from omnibind_ros.doctor.remedies import Remedies
from omnibind_ros.doctor.report import json_report, text_report
from omnibind_ros.runtime.silence import Endpoint, Wanted

IMAGE, ZIPPED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
REMEDIES = Remedies("/robot/perception", True, "/a b/fastdds.xml", "FASTRTPS_DEFAULT_PROFILES_FILE")
WHEELS = Remedies("/perception", False, "/fastdds.xml", "FASTRTPS_DEFAULT_PROFILES_FILE")


def traffic(count=100, size=1000, delay=0.01, transport=0.001, **changes):
    values = {
        "seconds": 10.0,
        "sizes": [size] * count,
        "delays": [delay] * count,
        "transports": [transport] * count,
    }
    return Traffic(**{**values, **changes})


def publisher(kind=IMAGE, reliability="best_effort", has_profile=True, node="/driver"):
    return Publisher(Endpoint(node, kind, reliability), has_profile)


def sensor(**changes):
    values = {
        "modality": "image",
        "state": "FRESH",
        "reason": "",
        "issues": (),
        "wanted": Wanted("eye", "/eye", IMAGE),
        "max_age": 0.5,
        "decodable": frozenset({IMAGE, ZIPPED}),
        "publishers": (publisher(),),
        "traffic": traffic(),
        "received": 100,
    }
    return SensorSeen(**{**values, **changes})


def found(seen=None, remedies=REMEDIES, only=(), **others):
    sensors = {"eye": seen or sensor()}
    observation = Observation("/robot/perception", sensors=sensors, seconds=10.0, **others)
    return diagnose(observation, remedies, only)


def one(*args, **kwargs):
    (finding,) = found(*args, **kwargs)
    return finding


def request(command):
    """Return the service and the filled request of a command that calls one."""
    words = shlex.split(command)
    prefix = words.index("call") + 1 if "ros2" in words else 2
    service, kind, values = words[prefix:]
    package, _, name = kind.split("/")
    pytest.importorskip("rclpy")
    fill = importlib.import_module("test_docs_commands").fill
    message = getattr(importlib.import_module(f"{package}.srv"), name).Request()
    fill(message, yaml.safe_load(values))
    return service, message


def test_a_healthy_sensor_has_no_finding():
    assert found() == []
    assert found(sensor(modality="text", state="STALE", traffic=Traffic(seconds=10.0))) == []


def test_no_publisher():
    finding = one(sensor(publishers=(), state="ABSENT", traffic=Traffic()))
    assert finding.kind == "no_publisher"
    assert finding.text.startswith("nobody publishes on /eye; start its driver")
    assert finding.command == "ros2 run usb_cam usb_cam_node_exe --ros-args -r image_raw:=/eye"
    pad = sensor(modality="touch", publishers=(), traffic=Traffic())
    service, message = request(one(pad).command)
    assert service == "/robot/perception/set_sensor"
    assert (message.operation, message.name) == (1, "eye")


def test_a_similar_topic_is_named_and_set():
    published = {"/eye_raw": [ZIPPED], "/other": [IMAGE], "/eye/overlay": [IMAGE]}
    finding = one(sensor(publishers=(), traffic=Traffic()), published=published)
    assert "but sensor_msgs/msg/CompressedImage is published on /eye_raw" in finding.text
    _, message = request(finding.command)
    assert (message.topic, message.type, message.name) == ("/eye_raw", ZIPPED, "eye")


def test_topics_of_other_sensors_are_not_suggested():
    others = {"eye": sensor(publishers=(), traffic=Traffic())}
    others["second"] = sensor(wanted=Wanted("second", "/eye_raw", IMAGE))
    seen = Observation("/p", sensors=others, published={"/eye_raw": [IMAGE]})
    (finding,) = diagnose(seen, REMEDIES)
    assert "/eye_raw" not in finding.text


def test_another_type():
    finding = one(sensor(publishers=(publisher(ZIPPED),), traffic=Traffic()))
    assert finding.kind == "other_type"
    assert request(finding.command)[1].type == ZIPPED
    finding = one(sensor(publishers=(publisher("std_msgs/msg/String"),), traffic=Traffic()))
    assert "no decoder of image takes" in finding.text


def test_an_incompatible_qos():
    strict = Wanted("eye", "/eye", IMAGE, reliability="reliable")
    finding = one(sensor(wanted=strict, traffic=Traffic()))
    assert finding.kind == "qos"
    assert "with reliability best_effort, but the sensor asks for reliable" in finding.text
    (parameter,) = request(finding.command)[1].parameters
    assert (parameter.name, parameter.value.string_value) == ("reliability", "best_effort")


def test_a_publisher_that_sends_nothing():
    finding = one(sensor(state="STALE", traffic=Traffic(seconds=10.0)))
    assert finding.kind == "silent"
    assert "node /driver is connected on /eye but sent nothing in 10 s" in finding.text
    silent = sensor(publishers=(publisher(has_profile=False),), received=0, traffic=Traffic())
    assert one(silent).kind == "no_profile"
    assert found(sensor(traffic=Traffic(seconds=10.0))) == []  # the node receives it


@pytest.mark.parametrize(
    ("has_profile", "size", "kind"),
    [
        (False, 900_000, "no_profile"),
        (True, 900_000, "too_much"),
        (None, 900_000, "too_much"),
        (False, 1000, "lost"),
        (False, 25_000_000, "too_large"),
    ],
)
def test_lost_messages(has_profile, size, kind):
    seen = sensor(
        publishers=(publisher(has_profile=has_profile),), traffic=traffic(60, size, lost=40)
    )
    finding = one(seen)
    assert finding.kind == kind
    if kind == "no_profile":
        assert finding.command == "export FASTRTPS_DEFAULT_PROFILES_FILE='/a b/fastdds.xml'"
    if kind == "too_much":
        assert "10 Hz are 9 MB/s" in finding.text
    if kind == "too_large":
        words = shlex.split(finding.command)
        assert words == ["sed", "-i", "s/33554432/268435456/", "/a b/fastdds.xml"]


def test_few_lost_messages_are_no_finding():
    assert found(sensor(traffic=traffic(lost=3))) == []


@pytest.mark.parametrize(
    ("changes", "kind", "parameter", "value"),
    [
        ({"delay": 2.0}, "old_stamps", "max_age", 3.0),
        ({"delay": -2.0}, "clock", "stamp", "arrival"),
        ({"delay": 1.7e9}, "clock", "stamp", "arrival"),
        ({"delays": [], "zero_stamps": 100}, "clock", "stamp", "arrival"),
        ({"count": 10}, "slow_rate", "max_age", 1.5),
    ],
)
def test_stamps_and_rates(changes, kind, parameter, value):
    finding = one(sensor(traffic=traffic(**changes)))
    assert finding.kind == kind
    (set_to,) = request(finding.command)[1].parameters
    assert set_to.name == parameter
    assert value in (set_to.value.double_value, set_to.value.string_value)


def test_clocks_of_two_computers():
    finding = one(sensor(traffic=traffic(delay=-30.0, transport=-30.0)))
    assert finding.kind == "clocks_apart"
    assert "is 30 s ahead of this one's" in finding.text
    assert finding.command == "sudo chronyc makestep"


def test_what_is_seen_and_reported_is_told_once():
    reported = (
        "messages arrive 2 s after their stamps, later than max_age (0.5 s), and are not used"
    )
    seen = sensor(reason=reported, issues=(1,), traffic=traffic(delay=2.0))
    assert [finding.kind for finding in found(seen)] == ["old_stamps"]


@pytest.mark.parametrize(
    ("changes", "kind", "command"),
    [
        ({"count": 0, "sensors": {}}, "no_node", "omnibind run namespace:=/robot"),
        (
            {"count": 0, "sensors": {}, "others": ["/a", "/b"]},
            "no_node",
            "omnibind doctor --node /a",
        ),
        ({"count": 2}, "same_name", "omnibind run namespace:=second"),
        ({"state": "", "sensors": {}}, "no_answer", "omnibind run namespace:=/robot"),
    ],
)
def test_the_node_itself(changes, kind, command):
    values = {"sensors": {"eye": sensor()}, **changes}
    (finding,) = diagnose(Observation("/robot/perception", **values), REMEDIES)
    assert finding.kind == kind
    assert finding.sensor == ""
    assert finding.command == command


@pytest.mark.parametrize(("state", "transition"), [("unconfigured", 1), ("inactive", 3)])
def test_a_node_that_is_not_active(state, transition):
    why = Diagnosed(2, "there is no bundle 'gone'")
    seen = Observation("/robot/perception", state=state, diagnosed=why)
    finding, *_ = diagnose(seen, REMEDIES)
    assert finding.kind == "not_active"
    assert "there is no bundle 'gone'" in finding.text
    service, message = request(finding.command)
    assert service == "/robot/perception/change_state"
    assert message.transition.id == transition


def test_each_problem_that_the_node_reports_is_a_finding():
    problems = ("time stands still; play the bag", "the bundle has no fusion")
    diagnosed = Diagnosed(1, "; ".join(problems), problems)
    assert [finding.text for finding in found(diagnosed=diagnosed)] == list(problems)
    assert [finding.text for finding in found(diagnosed=Diagnosed(2, "a fault"))] == ["a fault"]


def test_sensors_are_chosen_by_name():
    broken = sensor(publishers=(), traffic=Traffic())
    assert found(broken, only=("eye",))
    seen = Observation("/p", sensors={"eye": broken, "ear": sensor()})
    assert diagnose(seen, REMEDIES, ["ear"]) == []
    (finding,) = diagnose(seen, REMEDIES, ["nose"])
    assert finding.kind == "no_sensor"
    assert "eye, ear" in finding.text


def test_without_ros2_services_are_called_by_the_example():
    command = one(sensor(traffic=traffic(delay=2.0)), WHEELS).command
    assert command.startswith("python3 docs/examples/call_service.py /perception/set_sensor ")
    request(command)


def test_the_reports_hold_every_finding_with_its_command():
    seen = Observation("/p", sensors={"eye": sensor()}, seconds=10.0)
    findings = [Finding("silent", "eye", "it is silent", "look"), Finding("node", "", "bad", "do")]
    suggested = {"front": {"modality": "image", "topic": "/front", "type": IMAGE}}
    text = text_report(seen, findings, suggested)
    for words in ("10.0 Hz, 1 kB, 10 ms old", "it is silent", "look", "bad", "2 findings"):
        assert words in text
    assert "nothing is wrong" in text_report(seen, [], {})
    content = json_report(seen, findings, suggested)
    assert content["findings"][0] == {
        "kind": "silent",
        "sensor": "eye",
        "text": "it is silent",
        "command": "look",
    }
    assert content["sensors"]["eye"]["publishers"] == ["/driver"]
    assert content["suggested"] == suggested
