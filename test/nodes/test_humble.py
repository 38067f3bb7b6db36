"""The fallbacks for ROS 2 Humble: nodes and commands without what its rclpy lacks.

test/support/humble_like takes it away; docs/reference/distributions.md lists it.
"""

import json
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

from paths import ROOT
from perception_client import LATCHED, photograph
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from omnibind_msgs.msg import SensorStatus
from omnibind_ros.datasets.readers.bags.files import messages

HUMBLE_LIKE = ROOT / "test" / "support" / "humble_like"
ABSENT, FRESH = SensorStatus.ABSENT, SensorStatus.FRESH


@pytest.fixture
def humble(monkeypatch):
    """Processes that are started have the rclpy of Humble, as far as it can be had here."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HUMBLE_LIKE), os.environ["PYTHONPATH"]]))


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


def test_what_humble_lacks_is_gone_and_noticed(humble):
    done = run(
        "import os\n"
        "from omnibind_ros.nodes import rclpy_features as rclpy\n"
        "print(rclpy.HAS_MATCHED_EVENTS, rclpy.PASSES_MESSAGE_INFO, os.environ['ROS_DISTRO'])\n"
        "import rclpy.event_handler"
    )
    assert done.stdout.split() == ["False", "False", "humble"]
    assert "ModuleNotFoundError" in done.stderr


def test_later_distributions_have_it():
    done = run(
        "from omnibind_ros.nodes import rclpy_features as rclpy\n"
        "print(rclpy.HAS_MATCHED_EVENTS, rclpy.PASSES_MESSAGE_INFO)"
    )
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_perception_recognises_and_notices_publishers_that_come_and_go(humble, start_perception):
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    # ~/sensors comes once a second: the state may be told after the first result.
    client.publish_image(photograph("coffee"), lambda: client.sensor("camera").state == FRESH)
    client.publish_text("a tabby cat", lambda: client.recognises("cat"))
    client.publish_text("a tabby cat", lambda: client.sensor("speech").state == FRESH)
    client.probe.node.destroy_publisher(client.text)
    assert client.probe.spin(lambda: client.sensor("speech").state == ABSENT, 30)
    client.text = client.probe.node.create_publisher(String, "text", 10)
    client.publish_text("a tabby cat", lambda: client.sensor("speech").state == FRESH)
    assert "Traceback" not in client.process.output()
    assert "a callback failed" not in client.process.output()


def test_texts_that_were_kept_for_the_node_arrive(humble, probe, start_perception):
    # Without the time of publication, none of them is taken for another one.
    qos = QoSProfile(depth=2, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    kept = probe.node.create_publisher(String, "kept", qos)
    kept.publish(String(data="a cup of coffee"))
    kept.publish(String(data="a tabby cat"))
    args = ("-p", "sensors:=['speech']", "-p", "sensor.speech.topic:=kept")
    client = start_perception(*args, ready=False)
    assert probe.spin(lambda: client.recognises("cat"), 40), client.process.output()
    probe.node.destroy_publisher(kept)


def test_a_bag_is_recorded(humble, probe, tmp_path):
    publisher = probe.node.create_publisher(String, "text", LATCHED)
    publisher.publish(String(data="a cup"))
    bag = tmp_path / "bag"
    command = [sys.executable, "-m", "omnibind_ros.cli", "bag", "record", "--out", str(bag)]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [*command, "--topics", "/text"], stdout=log, stderr=subprocess.STDOUT
    )
    try:
        assert probe.spin(lambda: publisher.get_subscription_count() > 0, 40)
        probe.spin_for(2.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, (tmp_path / "log").read_text()
    finally:
        if process.poll() is None:
            process.kill()
        log.close()
        probe.node.destroy_publisher(publisher)
    assert len(list(messages(bag, ["/text"]))) == 1


def test_doctor_measures_the_traffic(humble, start_perception, tmp_path):
    client = start_perception()
    figures = tmp_path / "doctor.json"
    command = [sys.executable, "-m", "omnibind_ros.cli", "doctor", "--duration", "8"]
    log = (tmp_path / "doctor").open("wb")
    process = subprocess.Popen([*command, "--json", figures], stdout=log, stderr=subprocess.STDOUT)
    try:
        client.publish_image(photograph("coffee"), lambda: process.poll() is not None, 60)
    finally:
        if process.poll() is None:
            process.kill()
        log.close()
    told = (tmp_path / "doctor").read_text()
    assert "Traceback" not in told
    assert json.loads(figures.read_text())["sensors"]["camera"]["rate"] > 1, told
