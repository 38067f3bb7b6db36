"""Decoders that stall, fail or run out of memory, and parameters set to extremes at run time."""

import time

import pytest

pytest.importorskip("rclpy")

from paths import ROOT
from perception_client import photograph
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_msgs.msg import String

from omnibind_msgs.msg import SensorStatus


@pytest.fixture
def faulty(start_perception, monkeypatch):
    """A perception node with a sensor that obeys commands, beside its camera."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "test" / "support"), prepend=":")
    client = start_perception(
        *("-p", "sensors:=['camera', 'commands']", "-p", "sensor_modules:=['faulty_sensor']"),
        *("-p", "sensor.commands.modality:=image", "-p", "sensor.commands.topic:=commands"),
        *("-p", "sensor.commands.type:=std_msgs/msg/String", "-p", "encode_timeout:=2.0"),
        ready=False,
    )
    client.commands = client.probe.node.create_publisher(String, "commands", 10)
    assert client.probe.spin(lambda: client.commands.get_subscription_count() == 1, 60.0), (
        client.process.output()
    )
    yield client
    client.probe.node.destroy_publisher(client.commands)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param("decode 0.05", "", marks=pytest.mark.faults),
        pytest.param("decode 5", "gave nothing within 2 s", marks=pytest.mark.faults),
        pytest.param("raise", "fails", marks=pytest.mark.faults),
        ("memory", "MemoryError"),
        pytest.param("reject", "this is no picture; send another", marks=pytest.mark.faults),
    ],
)
def test_a_decoder_that_stalls_or_fails_costs_its_own_sensor_alone(
    faulty, still_recognises, command, words
):
    faulty.publish_image(photograph("coffee"), lambda: faulty.recognises("cup"), 60.0)
    begin = len(faulty.messages())

    def told():
        faulty.commands.publish(String(data=command))
        state = faulty.sensor("commands")
        if not words:
            return state.state == SensorStatus.FRESH and state.encoded > 5
        return words in state.reason

    def told_and_the_camera_goes_on():
        return told() and len(faulty.messages()) > begin

    faulty.publish_image(photograph("coffee"), told_and_the_camera_goes_on, 60.0)
    still_recognises(faulty)
    # It works again when its messages are good.
    encoded = faulty.sensor("commands").encoded

    def good():
        faulty.commands.publish(String(data="picture"))
        return faulty.sensor("commands").encoded > encoded + 3

    faulty.publish_image(photograph("coffee"), good, 60.0)


EXTREMES = {
    "result_rate": (0.0, 1000.0),
    "memory": (0.0, 3600.0),
    "top_k": (1, 1000),
    "min_similarity": (-1.0, 1.0),
    "contradiction_after": (0.0, 3600.0),
    "deadline": (0.05, 3600.0),
    "sensor.camera.max_age": (0.001, 3600.0),
    "sensor.camera.rate_limit": (0.001, 1000.0),
    "sensor.camera.frozen_after": (0.0, 3600.0),
    "sensor.camera.time_offset": (-3600.0, 3600.0),
    "sensor.camera.roi": ([0.0, 0.0, 0.001, 0.001], [0.0, 0.0, 1.0, 1.0]),
}


def set_parameters(client, **values):
    parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    request = SetParameters.Request(parameters=parameters)
    answer = client.probe.call(SetParameters, "/perception/set_parameters", request)
    assert all(result.successful for result in answer.results), answer


def test_extremes_of_every_parameter_at_run_time_end_with_their_defaults(
    start_perception, still_recognises
):
    client = start_perception()
    still_recognises(client)
    for name, values in EXTREMES.items():
        for value in values:
            set_parameters(client, **{name: value})
            until = time.monotonic() + 0.3
            client.publish_image(photograph("coffee"), lambda until=until: time.monotonic() > until)
            assert client.process.alive(), (name, value, client.process.output())
    set_parameters(
        client,
        result_rate=30.0,
        memory=3.0,
        top_k=5,
        min_similarity=-1.0,
        contradiction_after=2.0,
        deadline=1.0,
        **{"sensor.camera.max_age": 0.0},
        **{"sensor.camera.rate_limit": 0.0, "sensor.camera.frozen_after": 1.0},
        **{"sensor.camera.time_offset": 0.0, "sensor.camera.roi": [0.0, 0.0, 1.0, 1.0]},
    )
    still_recognises(client)
