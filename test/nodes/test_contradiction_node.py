"""A sensor that contradicts the others, over DDS."""

import time

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from omnibind_msgs.msg import SensorStatus

THREE = ("-p", "sensors:=['camera', 'speech', 'second']", "-p", "sensor.second.modality:=image")


def test_a_false_sentence_is_named_left_out_and_taken_back_when_it_is_true(start_perception):
    client = start_perception(*THREE, "-p", "sensor.second.topic:=second_image")
    second = client.probe.node.create_publisher(Image, "second_image", qos_profile_sensor_data)
    try:
        assert client.probe.spin(lambda: second.get_subscription_count() == 1)
        also = (second,)
        client.show(
            "coffee",
            "there is a cat",
            lambda: client.messages() and list(client.messages()[-1].contradicting) == ["speech"],
            also,
        )
        client.show(
            "coffee",
            "there is a cat",
            lambda: (
                SensorStatus.CONTRADICTING in client.sensor("speech").issues
                and client.diagnostic("contradicted the other sensors")
            ),
            also,
        )
        assert "left out" in client.sensor("speech").reason
        assert client.sensor("camera").reason == ""
        status = client.diagnostic("contradicted the other sensors")
        assert status.level == DiagnosticStatus.WARN
        last = client.messages()[-1]
        weights = dict(zip(last.sensors, last.weights, strict=True))
        assert weights["speech"] == 0
        assert sum(weights.values()) == pytest.approx(1)
        client.show(
            "coffee",
            "there is a cat",
            lambda: client.messages()[-1].labels[0] == "cup",
            also,
        )
        client.show(
            "coffee",
            "a cup of coffee",
            lambda: not client.messages()[-1].contradicting,
            also,
        )
        assert client.probe.spin(
            lambda: SensorStatus.CONTRADICTING not in client.sensor("speech").issues
        )
    finally:
        client.probe.node.destroy_publisher(second)


def test_of_two_sensors_it_is_said_that_they_disagree(start_perception):
    client = start_perception()
    client.show("coffee", "there is a cat", lambda: client.diagnostic("camera and speech disagree"))
    status = client.diagnostic("camera and speech disagree")
    assert status.level == DiagnosticStatus.WARN
    assert not any(message.contradicting for message in client.messages())
    assert "camera and speech disagree" in client.process.output()


def test_with_zero_none_is_named(start_perception):
    client = start_perception("-p", "contradiction_after:=0.0")
    end = time.monotonic() + 5.0
    client.show("coffee", "there is a cat", lambda: time.monotonic() > end)
    assert client.diagnostic("disagree") is None
