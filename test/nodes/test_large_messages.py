"""Large messages of a driver that was started without the Fast DDS profile, over real DDS."""

import os
import time

import cv2
import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

from std_msgs.msg import String

from omnibind_msgs.msg import Audio, SensorStatus
from omnibind_ros.nodes.rclpy_features import UnsupportedEventTypeError
from omnibind_ros.nodes.subscriptions import SensorSubscription, message_size
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.middleware import profile_variables
from omnibind_ros.sensors import SensorRegistry

VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
WORDS = "in the shell that starts it"


@pytest.fixture
def client(start_perception, tmp_path):
    """A perception node with one camera, on /front."""
    camera = {"modality": "image", "topic": "/front", "frozen_after": 0.0, "max_age": 3.0}
    values = {"sensors": ["camera"], "sensor": {"camera": camera}}
    file = tmp_path / "camera.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    made = start_perception("--params-file", str(file), ready=False)
    made.close()
    assert made.probe.spin(lambda: made.sensor("camera").state == SensorStatus.ABSENT, 40)
    return made


@pytest.fixture
def camera(start_node, tmp_path):
    """Starts cameras in processes of their own, in a shell with the profile or without it."""
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "noise.png"), picture)

    def start(width, height, rate, profile):
        with pytest.MonkeyPatch.context() as patch:
            for variable in () if profile else VARIABLES:
                patch.delenv(variable, raising=False)
            values = {"width": width, "height": height, "rate": rate, "folder": folder}
            set_all = [text for k, v in values.items() for text in ("-p", f"{k}:={v}")]
            return start_node("picture_camera_node", "-r", "image:=/front", *set_all)

    return start


@pytest.mark.parametrize(
    ("width", "height", "rate"), [(640, 480, 30.0), (1920, 1080, 15.0), (3840, 2160, 2.0)]
)
def test_a_driver_without_the_profile_is_told(client, camera, width, height, rate):
    driver = camera(width, height, rate, profile=False)
    assert client.probe.spin(lambda: WORDS in client.sensor("camera").reason, 30), (
        client.process.output() + driver.output()
    )
    reason = client.sensor("camera").reason
    assert "of node /picture_camera on /front arrived" in reason
    assert "config/fastdds.xml'" in reason
    assert f"{profile_variables(os.environ)[0]}=/" in reason
    assert list(client.sensor("camera").issues) == [SensorStatus.NO_MATCH]
    assert client.probe.spin(lambda: client.diagnostic(WORDS), 3.0)
    client.probe.spin_for(3.0)  # the numbers change
    assert client.process.output().count(WORDS) == 1  # one line of the log

    driver.stop()
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.ABSENT)
    camera(640, 480, 10.0, profile=True)
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.FRESH)
    client.probe.spin_for(5.0)
    assert client.sensor("camera").reason == ""
    assert client.process.output().count(WORDS) == 1


@pytest.mark.parametrize(
    ("width", "height", "rate", "profile"),
    [
        (640, 480, 1.0, True),  # slow
        (640, 480, 30.0, True),
        (1920, 1080, 10.0, True),
        (160, 120, 1.0, False),  # the default holds it
        (160, 120, 100.0, False),
    ],
)
def test_a_driver_that_loses_nothing_is_not_accused(client, camera, width, height, rate, profile):
    driver = camera(width, height, rate, profile)
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.FRESH, 20), (
        client.process.output() + driver.output()
    )
    for _ in range(12):
        client.probe.spin_for(0.5)
        assert client.sensor("camera").reason == ""


def test_the_size_of_a_message_is_that_of_its_arrays_and_texts():
    assert message_size(Audio()) == 0
    sound = Audio(sample_rate=16000, channels=1)
    sound.samples = [0] * 1000  # int16
    assert message_size(sound) == 2000


class Offers:
    """Takes what a subscription gives to the engine."""

    def __init__(self):
        self.messages = []

    def set_publishers(self, name, count):
        pass

    def offer(self, name, message, *others):
        self.messages.append(message)


def test_a_middleware_that_reports_no_losses_is_subscribed_to(probe, monkeypatch):
    create, refused = probe.node.create_subscription, []

    def create_subscription(*args, event_callbacks):
        if event_callbacks.message_lost is not None:
            refused.append(args[1])
            raise UnsupportedEventTypeError("no such event")
        return create(*args, event_callbacks=event_callbacks)

    monkeypatch.setattr(probe.node, "create_subscription", create_subscription)
    kind = next(kind for kind in SensorRegistry.installed() if kind.modality == "text")
    config = SensorConfig(modality="text", topic="/spoken", type=kind.message, depth=1)
    offers, channel = Offers(), Channel("speech", config, kind, None)
    subscription = SensorSubscription(probe.node, offers, channel, True)
    talker = probe.node.create_publisher(String, "/spoken", 10)
    try:
        assert probe.spin(lambda: talker.get_subscription_count() == 1)
        talker.publish(String(data="a cup"))
        assert probe.spin(lambda: offers.messages)
        assert refused == ["/spoken"]
        assert subscription.loss(time.monotonic()) is None
    finally:
        subscription.close()
        probe.node.destroy_publisher(talker)
