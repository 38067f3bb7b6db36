"""Which topics become sensors, and when these are removed."""

import logging

import pytest

from omnibind_ros.runtime.discovery import REMOVE_AFTER, Discovery, match, sensor_name
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


class Parameters:
    """The parameters of a node without sensors."""

    def __init__(self):
        self.names = []
        self.sensor_types = SensorRegistry.installed()

    def sensor_names(self):
        return self.names

    def set_sensor(self, name, values):
        self.names.append(name)

    def remove_sensor(self, name):
        self.names.remove(name)


def test_a_topic_that_cannot_be_subscribed_to_is_added_once():
    parameters = Parameters()
    discovery = Discovery(parameters, logging.getLogger("node"))
    published = {"/dvs/events": ["event_camera_msgs/msg/EventPacket"]}
    for _ in range(3):  # no such package, or its encoder is still being loaded
        discovery.update(published, ())
    assert parameters.names == ["dvs_events"]


def test_a_sensor_is_removed_some_time_after_its_topic_has_gone():
    now, parameters = [0.0], Parameters()
    discovery = Discovery(parameters, logging.getLogger("node"), lambda: now[0])
    image = {"/front/camera": ["sensor_msgs/msg/Image"]}
    raw_and_compressed = image | {"/front/camera/compressed": ["sensor_msgs/msg/CompressedImage"]}
    discovery.update(raw_and_compressed, ())
    assert parameters.names == ["front_camera"]  # the compressed image adds nothing
    now[0] = REMOVE_AFTER - 1
    discovery.update({}, ())
    discovery.update(image, ())
    now[0] += REMOVE_AFTER
    discovery.update({}, ())
    assert parameters.names == ["front_camera"]
    now[0] += 1
    discovery.update({}, ())
    assert parameters.names == []
