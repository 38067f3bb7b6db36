"""Nodes of one name, a clock that stands still, zero stamps, parameter files of other nodes."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from perception_client import image, photograph
from rosgraph_msgs.msg import Clock

from omnibind_msgs.msg import SensorStatus
from omnibind_ros.runtime.parameter_files import why_unreached

WAITING = ("-p", "autostart:=false")
"""The node loads nothing; it looks at its surroundings in every state."""


def now_told(client, words):
    """Return whether the newest diagnostics of the node say something."""
    heard = client.probe.arrivals["/diagnostics"]
    return bool(heard) and any(words in pair.value for pair in heard[-1][1].status[0].values)


def test_two_nodes_of_one_name_are_told(start_perception):
    client = start_perception(*WAITING, ready=False)
    context = client.probe.context
    nodes = [rclpy.create_node(name, context=context) for name in ("perception", "cam", "cam")]
    for name in ("/perception, this one and another", "/cam"):
        words = f"2 nodes have the name {name}"
        assert client.probe.spin(lambda words=words: now_told(client, words), 60)
        assert client.process.output().count(words) == 1
    for node in nodes:
        node.destroy_node()
    assert client.probe.spin(lambda: not now_told(client, "nodes have the name"))


def test_simulated_time_without_a_clock_is_told(start_perception):
    client = start_perception("-p", "use_sim_time:=true", ready=False)
    words = "use_sim_time is true but nothing arrives on /clock"
    assert client.probe.spin(lambda: client.diagnostic(words), 40), client.process.output()
    assert client.diagnostic(words).level == DiagnosticStatus.WARN
    assert client.process.output().count(words) == 1

    client.publish_image(
        photograph("coffee"),
        lambda: SensorStatus.CLOCK_OFFSET in client.sensor("camera").issues,
        seconds=30,
    )
    reason = client.sensor("camera").reason
    assert "the node's clock stands at 0" in reason
    assert "set use_sim_time," not in reason

    clock = client.probe.node.create_publisher(Clock, "/clock", 10)
    seconds = iter(range(100, 10_000))

    def cured():
        clock.publish(Clock(clock=Time(sec=next(seconds))))
        client.probe.spin_for(0.1)
        return not now_told(client, words)

    assert client.probe.spin(cured)
    client.probe.node.destroy_publisher(clock)
    stopped = "simulated time stands still"
    assert client.probe.spin(lambda: now_told(client, stopped))


def test_zero_stamps_are_told_once(start_perception):
    client = start_perception()
    words = "header.stamp is zero"
    heard = client.probe.arrivals["/diagnostics"]
    pixels = photograph("coffee").copy()
    for count in range(60):
        pixels.flat[count] ^= 1
        client.camera.publish(image(pixels, Time()))
        client.probe.spin_for(0.1)
    assert client.process.output().count(words) == 1
    assert client.sensor("camera").state == SensorStatus.FRESH
    assert list(client.sensor("camera").issues) == [SensorStatus.CLOCK_OFFSET]
    (status,) = [s for s in heard[-1][1].status if s.name == "perception: camera"]
    assert words in status.message
    assert status.level == DiagnosticStatus.WARN


FILE = "{key}:\n  ros__parameters:\n    autostart: false\n    top_k: 4\n"
UNREACHED = "no parameter of "


@pytest.mark.parametrize("key", ["perception_node", "/robot/perception"])
def test_a_parameter_file_of_another_node_is_told(start_perception, tmp_path, key):
    file = tmp_path / "mine.yaml"
    file.write_text(FILE.format(key=key))
    client = start_perception("--params-file", str(file), *WAITING, ready=False)
    words = f"{file} reaches the node /perception, since its keys are /{key.strip('/')}"
    assert client.probe.spin(lambda: now_told(client, words), 60), client.process.output()
    assert client.process.output().count(words) == 1


def test_a_driver_tells_it_too(start_node, probe, tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((60, 80), 128, np.uint8))
    file = tmp_path / "mine.yaml"
    file.write_text("camera:\n  ros__parameters:\n    rate: 5.0\n")
    node = start_node(
        "picture_camera_node", "--params-file", str(file), "-p", f"folder:={tmp_path}"
    )
    words = f"{file} reaches the node /picture_camera, since its keys are /camera;"
    assert probe.spin(lambda: words in node.output(), 60), node.output()


def test_a_remapped_node_gets_its_file(start_perception, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(FILE.format(key="/robot/eyes"))
    remapped = ("-r", "__node:=eyes", "-r", "__ns:=/robot")
    client = start_perception("--params-file", str(file), *remapped, ready=False)
    assert client.probe.spin(lambda: client.diagnostic("the node is not configured"), 60)
    client.probe.spin_for(2.0)
    assert UNREACHED not in client.process.output()  # and autostart is that of the file
    assert not now_told(client, UNREACHED)


KEYS = [
    "/**",
    "'**'",
    "/*",
    "'*'",
    "perception",
    "/perception",
    "robot/perception",
    "/robot/**",
    "/**/perception",
    "/*/perception",
    "/robot/*",
    "/*/*",
    "/**/robot/**",
    "/robot/**/perception",
    "/robot/*/perception",
    "/**/*",
    "/**/**",
    "eyes",
    "/perception2",
    "/robot",
]
NAMES = (("perception", ""), ("perception", "/robot"), ("perception", "/a/b"), ("eyes", "/robot"))


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_told_that_rclpy_does_not_take(ros_domain, tmp_path, key):
    file = tmp_path / "keys.yaml"
    file.write_text(FILE.format(key=key))
    arguments = ["node", "--ros-args", "--params-file", str(file)]
    context = rclpy.Context()
    rclpy.init(context=context, args=arguments)
    try:
        for name, namespace in NAMES:
            node = rclpy.create_node(
                name, namespace=namespace or None, context=context, enable_rosout=False
            )
            reached = "top_k" in node._parameter_overrides
            told = why_unreached(arguments, node.get_fully_qualified_name())
            node.destroy_node()
            assert bool(told) != reached, (name, namespace)
    finally:
        rclpy.shutdown(context=context)
