"""Regions of interest over real DDS: by parameter, and from a detector on ~/roi."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from perception_client import photograph
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image, RegionOfInterest

from omnibind_msgs.msg import SensorRoi


def set_roi(client, sensor, value):
    parameter = Parameter(f"sensor.{sensor}.roi", Parameter.Type.DOUBLE_ARRAY, value)
    request = SetParameters.Request(parameters=[parameter.to_parameter_msg()])
    return client.probe.call(SetParameters, "/perception/set_parameters", request).results[0]


def two_things():
    """A cat on the left and a cup on the right, 1280 x 480."""
    return np.concatenate([photograph("chelsea"), photograph("coffee")], axis=1)


def first(client):
    return client.messages()[-1].labels[0] if client.messages() else ""


def test_the_parameter_and_the_topic_choose_what_is_named(start_perception):
    client = start_perception()
    client.probe.subscribe(Image, "/perception/overlay")
    publisher = client.probe.node.create_publisher(SensorRoi, "/perception/roi", 10)
    assert client.probe.spin(lambda: publisher.get_subscription_count() > 0, 10.0)
    both = two_things()
    assert set_roi(client, "camera", [0.0, 0.0, 0.5, 1.0]).successful
    client.publish_image(both, lambda: first(client) == "cat")
    assert set_roi(client, "camera", [0.5, 0.0, 0.5, 1.0]).successful
    client.publish_image(both, lambda: first(client) == "cup")

    def right_then(until, **roi):
        """Publish pictures, and a detector's box with each."""
        box = RegionOfInterest(**roi)

        def sent():
            stamp = client.now()
            message = SensorRoi(sensor="camera", roi=box)
            message.header.stamp = stamp
            publisher.publish(message)
            return until()

        client.publish_image(both, sent)

    right_then(lambda: first(client) == "cat", x_offset=0, y_offset=0, width=640, height=480)
    # The box has expired after max_age, and the parameter counts again.
    client.publish_image(both, lambda: first(client) == "cup")
    overlay = client.messages("overlay")[-1]
    assert (overlay.width, overlay.height) == (1280, 480)
    right_then(
        lambda: "lies outside the picture" in client.process.output(),
        x_offset=2000,
        y_offset=0,
        width=10,
        height=10,
    )
    assert first(client) == "cup"

    def refused():
        statuses = [s for _, m in client.probe.arrivals["/diagnostics"] for s in m.status]
        values = {v.key: v.value for s in statuses if s.hardware_id == "camera" for v in s.values}
        return int(values.get("refused regions", "0")) > 0

    assert client.probe.spin(refused, 5.0)


def test_a_region_that_makes_no_sense_is_refused(start_perception):
    client = start_perception()
    outside = set_roi(client, "camera", [0.5, 0.5, 0.6, 0.6])
    assert not outside.successful
    assert "lies outside the picture" in outside.reason
    speech = set_roi(client, "speech", [0.0, 0.0, 0.5, 0.5])
    assert not speech.successful
    assert "has no pictures" in speech.reason
    assert set_roi(client, "camera", []).successful
