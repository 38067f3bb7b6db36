"""Sensors that get no messages, or those of two publishers, say why."""

import time

import pytest
import yaml

pytest.importorskip("rclpy")

import rclpy
from perception_client import LATCHED, image, photograph
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from omnibind_msgs.msg import SensorStatus
from omnibind_ros.nodes.graph import TopicGraph
from omnibind_ros.nodes.subscriptions import SensorSubscription
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.sensors import SensorRegistry

NO_MATCH, DELAYED = SensorStatus.NO_MATCH, SensorStatus.DELAYED


def parameters(file, sensors, **others):
    """Write a parameter file; returns the arguments that name it."""
    described = {name: {"topic": topic, **more} for name, (topic, more) in sensors.items()}
    values = {"sensors": list(sensors), "sensor": described, **others}
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    return ["--params-file", str(file)]


@pytest.fixture
def publisher(probe):
    """Makes publishers, each in a node of its own name."""
    made = []

    def make(node_name, kind, topic, qos=qos_profile_sensor_data):
        node = rclpy.create_node(node_name, context=probe.context)
        made.append(node)
        return node.create_publisher(kind, topic, qos)

    yield make
    for node in made:
        node.destroy_node()


@pytest.mark.parametrize("matched_events", [True, False])
def test_what_does_not_match_is_named(start_perception, publisher, tmp_path, matched_events):
    camera = {"modality": "image", "frozen_after": 0.0}
    sensors = {
        "misspelt": ("/eye/front", camera),
        "zipped": ("/zipped", camera),
        "strict": ("/strict", {**camera, "reliability": "reliable"}),
    }
    publisher("eye_driver", Image, "/eye/front_raw")
    publisher("zip_driver", CompressedImage, "/zipped")
    publisher("fast_driver", Image, "/strict")
    arguments = parameters(tmp_path / "p.yaml", sensors, matched_events=matched_events)
    client = start_perception(*arguments, ready=False)
    words = {
        "misspelt": ["set sensor.misspelt.topic to /eye/front_raw"],
        "zipped": ["node /zip_driver publishes sensor_msgs/msg/CompressedImage", "msg/Image;"],
        "strict": ["node /fast_driver", "reliability best_effort"],
    }
    for name, expected in words.items():
        assert client.probe.spin(lambda name=name: client.sensor(name).issues, 40), (
            client.process.output()
        )
        assert list(client.sensor(name).issues) == [NO_MATCH]
        assert all(word in client.sensor(name).reason for word in expected)
        assert client.sensor(name).state == SensorStatus.ABSENT
        assert client.process.output().count(expected[0]) == 1  # one line of the log
        assert client.probe.spin(lambda words=expected[0]: client.diagnostic(words), 3.0)

    cured = publisher("slow_driver", Image, "/strict", 10)  # reliable
    client.publish_image(
        photograph("coffee"),
        lambda: client.sensor("strict").state == SensorStatus.FRESH,
        also=[cured],
    )
    client.publish_image(
        photograph("coffee"), lambda: not client.sensor("strict").reason, also=[cured]
    )
    assert list(client.sensor("misspelt").issues) == [NO_MATCH]


def test_a_text_from_before_the_start_counts_from_its_publication(
    start_perception, publisher, tmp_path
):
    talker = publisher("talker", String, "/said", LATCHED)
    talker.publish(String(data="there is a cat"))
    published = time.monotonic()
    sensors = {"speech": ("/said", {"modality": "text", "max_age": 60.0})}
    # The adaptive fusion has learned from embeddings that are a few seconds old at most.
    arguments = parameters(tmp_path / "p.yaml", sensors, fusion="mean")
    client = start_perception(*arguments, ready=False)
    assert client.probe.spin(lambda: client.recognises("cat"), 40), client.process.output()
    assert client.probe.spin(lambda: client.sensor("speech").state == SensorStatus.FRESH)
    age = client.sensor("speech").age
    assert time.monotonic() - published - 1.5 < age <= time.monotonic() - published
    assert client.sensor("speech").reason == ""

    shorter = Parameter("sensor.speech.max_age", value=1.0).to_parameter_msg()
    request = SetParameters.Request(parameters=[shorter])
    assert client.probe.call(SetParameters, "/perception/set_parameters", request).results[0]
    assert client.probe.spin(lambda: list(client.sensor("speech").issues) == [DELAYED])
    assert "before this node subscribed" in client.sensor("speech").reason
    assert client.sensor("speech").state == SensorStatus.STALE

    other = publisher("other_talker", String, "/said", 10)  # keeps nothing for later subscribers

    def heard():
        other.publish(String(data="there is a dog"))
        client.probe.spin_for(0.2)
        return client.recognises("dog")

    assert client.probe.spin(heard), client.process.output()
    assert client.probe.spin(lambda: not client.sensor("speech").reason)


class Received:
    """Takes what a subscription gives to the engine."""

    def __init__(self):
        self.texts = []

    def set_publishers(self, name, count):
        pass

    def offer(self, name, message, stamp_ns, frame_id, kept_for):
        self.texts.append((message.data, kept_for))


def test_a_kept_text_is_not_received_twice(probe, publisher):
    text = next(kind for kind in SensorRegistry.installed() if kind.modality == "text")
    config = SensorConfig(modality="text", topic="/told", type=text.message, depth=1)
    received, channel = Received(), Channel("speech", config, text, None)
    talker = publisher("talker", String, "/told", LATCHED)
    subscription = SensorSubscription(probe.node, received, channel, True)
    try:
        assert probe.spin(lambda: talker.get_subscription_count() == 1)
        talker.publish(String(data="first"))
        assert probe.spin(lambda: received.texts)
        subscription.adapt(TopicGraph(probe.node).endpoints("/told"))
        assert subscription.wanted().durability == "transient_local"
        probe.spin_for(1.5)  # the publisher sends it again to the new subscription
        talker.publish(String(data="second"))
        assert probe.spin(lambda: len(received.texts) > 1)
        assert received.texts == [("first", 0.0), ("second", 0.0)]
    finally:
        subscription.close()


def test_two_publishers_on_one_topic_are_both_named(start_perception, publisher):
    client = start_perception("-p", "sensor.camera.frozen_after:=0.0")
    left = publisher("left_driver", Image, "image")
    right = publisher("right_driver", Image, "image")
    rgb = photograph("coffee")

    def publish(*publishers):
        for one in publishers:
            one.publish(image(rgb, client.now()))
        client.probe.spin_for(0.05)
        return list(client.sensor("camera").issues)

    assert client.probe.spin(lambda: publish(left, right) == [NO_MATCH])
    reason = client.sensor("camera").reason
    assert "/left_driver" in reason
    assert "/right_driver" in reason
    assert client.sensor("camera").state == SensorStatus.FRESH
    assert client.probe.spin(lambda: publish(left) == [])
