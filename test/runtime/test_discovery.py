"""Which topics are taken for sensors."""

import pytest

from omnibind_ros.runtime.discovery import match, sensor_name
from omnibind_ros.sensors import SensorRegistry


@pytest.mark.parametrize(
    ("topic", "message", "modality"),
    [
        ("/camera/image_raw", "sensor_msgs/msg/Image", "image"),
        ("/camera/image_raw/compressed", "sensor_msgs/msg/CompressedImage", "image"),
        ("/camera/depth/image_raw", "sensor_msgs/msg/Image", None),
        ("/map", "sensor_msgs/msg/Image", None),
        ("/speech/text", "std_msgs/msg/String", "text"),
        ("/robot_description", "std_msgs/msg/String", None),
        ("/anything", "nav_msgs/msg/Odometry", None),
    ],
)
def test_topics(topic, message, modality):
    found = match(topic, message, SensorRegistry.installed())
    assert (found.modality if found else None) == modality


def test_names():
    assert sensor_name("/front/image", ()) == "front_image"
    assert sensor_name("/front/image", {"front_image", "front_image_2"}) == "front_image_3"
    assert sensor_name("/3d", ()) == "sensor_3d"
    assert sensor_name("/", ()) == "sensor"
    assert sensor_name("/very" * 40 + "/long/image", ()).endswith("very_long_image")
    assert len(sensor_name("/very" * 40 + "/long/image", ())) <= 48
