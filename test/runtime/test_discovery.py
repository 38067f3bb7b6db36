"""Which topics become sensors, and when these are removed."""

import logging

import pytest

from omnibind_ros.runtime.discovery import REMOVE_AFTER, Discovery, match, sensor_name
from omnibind_ros.sensors import SensorRegistry

IMAGE, JPEG = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
CLOUD, STRING = "sensor_msgs/msg/PointCloud2", "std_msgs/msg/String"


@pytest.mark.parametrize(
    ("topic", "message", "modality"),
    [
        ("/camera/image_raw", IMAGE, "image"),
        ("/camera/image_raw/compressed", JPEG, "image"),
        ("/leftRgbCamera/stream", IMAGE, "image"),
        ("/oak/RGBImages", IMAGE, "image"),
        ("/camera2/raw", IMAGE, "image"),
        ("/digital_camera/raw", IMAGE, "image"),
        ("/thermal/image_raw", IMAGE, "thermal"),
        ("/thermalCamera/image", IMAGE, "thermal"),
        ("/thermals_of_the_day/image", IMAGE, "thermal"),
        ("/digit/image", IMAGE, "touch"),
        ("/digit0/image", IMAGE, "touch"),
        ("/left-hand/tactile_images", IMAGE, "touch"),
        ("/isothermal/stream", IMAGE, None),
        ("/untouched/stream", IMAGE, None),
        ("/imagenet", IMAGE, None),
        ("/camera/depth/image_raw", IMAGE, None),
        ("/camera/color/image_raw/compressedDepth", JPEG, None),
        ("/camera/aligned_depth_to_color/image_raw", IMAGE, None),
        ("/detector/debug_image", IMAGE, None),
        ("/detector/debugImage/compressed", JPEG, None),
        ("/camera/masks", IMAGE, None),
        ("/camera/image_annotated", IMAGE, None),
        ("/camera/semantic_labels/image", IMAGE, None),
        ("/map", IMAGE, None),
        ("/camera/depth/color/points", CLOUD, "points"),
        ("/velodyne_points", CLOUD, "points"),
        ("/ouster/points", CLOUD, "points"),
        ("/zed/zed_node/point_cloud/cloud_registered", CLOUD, "points"),
        ("/segmentation/points", CLOUD, None),
        ("/viewpoints_of_interest", CLOUD, None),
        ("/speech/text", STRING, "text"),
        ("/speechToText", STRING, "text"),
        ("/texts", STRING, "text"),
        ("/asr/transcription", STRING, "text"),
        ("/lidar/pointcloud", CLOUD, "points"),
        ("/context", STRING, None),
        ("/texture", STRING, None),
        ("/detector/labels_text", STRING, None),
        ("/robot_description", STRING, None),
        ("/mic_array/audio", "omnibind_msgs/msg/Audio", "audio"),
        ("/anything", "omnibind_msgs/msg/Events", "event"),
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


@pytest.mark.parametrize("raw_first", [True, False])
def test_the_order_of_topics_does_not_count(raw_first):
    published = {"/a/image": [IMAGE], "/a/image/compressed": [JPEG], "/b/image": [IMAGE]}
    parameters = Parameters()
    discovery = Discovery(parameters, logging.getLogger("node"))
    for topic in sorted(published, reverse=not raw_first):
        discovery.update({topic: published[topic]}, ())
    discovery.update(published, ())
    assert sorted(parameters.names) == (
        ["a_image", "b_image"] if raw_first else ["a_image_compressed", "b_image"]
    )


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


def test_which_sensor_types_take_single_messages():
    kinds = SensorRegistry.installed()
    assert {kind.message for kind in kinds if kind.single} == {STRING}
