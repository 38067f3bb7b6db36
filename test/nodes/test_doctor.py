"""`omnibind doctor` beside real publishers and a real perception node."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

import rclpy
from builtin_interfaces.msg import Time
from paths import ROOT
from perception_client import image
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from omnibind_ros.runtime.middleware import VARIABLES

CAMERA = {"modality": "image"}
SENSORS = {
    "good": {**CAMERA, "topic": "/good", "max_age": 10.0},
    "gone": {**CAMERA, "topic": "/cam/gone"},
    "zipped": {**CAMERA, "topic": "/zipped"},
    "strict": {**CAMERA, "topic": "/strict", "reliability": "reliable"},
    "frozen": {**CAMERA, "topic": "/frozen", "max_age": 10.0},
    "late": {**CAMERA, "topic": "/late"},
}


class Drivers:
    """Publishes small pictures on every topic, each in its own way."""

    def __init__(self, probe):
        self.probe = probe
        self.node = rclpy.create_node("drivers", context=probe.context)
        make = self.node.create_publisher
        self.pictures = {
            name: make(Image, f"/{name}", qos_profile_sensor_data)
            for name in ("good", "strict", "frozen", "late")
        }
        self.zipped = make(CompressedImage, "/zipped", qos_profile_sensor_data)
        self.number = 0

    def publish(self):
        self.number += 1
        now = self.node.get_clock().now().nanoseconds
        changing = np.full((48, 64, 3), self.number % 251, np.uint8)
        still = np.full((48, 64, 3), 7, np.uint8)
        for name, publisher in self.pictures.items():
            taken = now - (5 * 10**9 if name == "late" else 0)
            stamp = Time(sec=taken // 10**9, nanosec=taken % 10**9)
            publisher.publish(image(still if name == "frozen" else changing, stamp))
        self.zipped.publish(CompressedImage(format="jpeg", data=b"\xff\xd8\xff\xd9"))
        self.probe.spin_for(0.1)

    def close(self):
        self.node.destroy_node()


@pytest.fixture
def drivers(probe):
    made = Drivers(probe)
    yield made
    made.close()


@pytest.fixture
def doctor(tmp_path, drivers):
    """Run the doctor while the drivers publish; returns its status, its output and its JSON."""

    def run(*arguments, seconds=10):
        file = tmp_path / "doctor.json"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "omnibind_ros.cli", "doctor"),
                *("--duration", str(seconds), "--json", str(file), *arguments),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ),
        )
        while process.poll() is None:
            drivers.publish()
        output = process.communicate()[0]
        return process.returncode, output, json.loads(file.read_text()) if file.exists() else {}

    return run


def kinds(content, sensor):
    return {finding["kind"] for finding in content["findings"] if finding["sensor"] == sensor}


def test_each_sensor_is_told_what_is_wrong_and_the_command_mends_it(
    doctor, drivers, start_node, tmp_path
):
    file = tmp_path / "sensors.yaml"
    values = {"sensors": list(SENSORS), "sensor": SENSORS}
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    node = start_node("perception_node", "--params-file", str(file))
    deadline = time.monotonic() + 60
    while "sensor 'good' is FRESH" not in node.output():
        assert time.monotonic() < deadline, node.output()
        drivers.publish()
    status, output, content = doctor()
    assert status == 1, output
    assert content["state"] == "active"
    assert kinds(content, "good") == set(), output
    assert kinds(content, "gone") == {"no_publisher"}, output
    assert kinds(content, "zipped") == {"other_type"}, output
    assert kinds(content, "strict") == {"qos"}, output
    assert kinds(content, "frozen") == {"frozen"}, output
    assert kinds(content, "late") == {"old_stamps"}, output
    assert kinds(content, "") == set(), output
    assert content["sensors"]["good"]["rate"] > 1
    assert content["sensors"]["good"]["publishers"] == ["/drivers"]
    for finding in content["findings"]:
        if finding["sensor"] in ("strict", "late", "frozen"):
            done = subprocess.run(
                ["bash", "-c", finding["command"]],
                cwd=ROOT,
                capture_output=True,
                check=False,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stderr
    status, output, content = doctor("--sensors", "good", "strict", "late", "frozen", seconds=8)
    assert status == 0, output
    assert content["findings"] == []
    assert "nothing is wrong" in output


def test_without_a_node_the_topics_are_named_as_a_file(doctor):
    status, output, content = doctor("--node", "/absent/perception", seconds=4)
    assert status == 1, output
    (finding,) = content["findings"]
    assert finding["kind"] == "no_node"
    assert finding["command"] == "omnibind run namespace:=/absent"
    assert content["sensors"] == {}


def test_a_node_that_is_not_active_is_told_the_transition(doctor, drivers, start_node):
    node = start_node("perception_node", "-p", "autostart:=false", "-r", "__node:=asleep")
    status, output, content = doctor("--node", "asleep", seconds=8)
    assert status == 1, node.output() + output
    (finding,) = [f for f in content["findings"] if f["kind"] == "not_active"]
    assert "unconfigured" in finding["text"]


def test_what_cannot_be_looked_at_has_a_status_of_its_own(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "omnibind_ros.cli", "doctor", "--json", "/gone/file.json"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "omnibind doctor: the folder /gone does not exist; create it, or name another\n"
    )


def test_a_graph_that_cannot_be_looked_at_has_it_too():
    done = subprocess.run(
        [sys.executable, "-m", "omnibind_ros.cli", "doctor", "--duration", "2"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={**os.environ, "ROS_DOMAIN_ID": "none"},
    )
    assert done.returncode == 2
    assert "ROS_DOMAIN_ID is not an integral number" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_driver_without_the_profile_is_told_the_line_for_its_shell(
    doctor, start_node, monkeypatch, tmp_path
):
    if not rclpy.get_rmw_implementation_identifier().startswith("rmw_fastrtps"):
        pytest.skip("the profile is one of Fast DDS")
    file = tmp_path / "sensors.yaml"
    values = {"sensors": ["big"], "sensor": {"big": {**CAMERA, "topic": "/big"}}}
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    start_node("perception_node", "--params-file", str(file))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    start_node(
        "picture_camera_node",
        *("-r", "__node:=big_camera", "-r", "image:=/big"),
        *("-p", "width:=1280", "-p", "height:=960", "-p", "rate:=10.0"),
    )
    _, output, content = doctor(seconds=15)
    (finding,) = [found for found in content["findings"] if found["sensor"] == "big"]
    assert finding["kind"] == "no_profile", output
    assert "node /big_camera" in finding["text"]
    assert finding["command"].startswith("export ")
    assert finding["command"].endswith("config/fastdds.xml")
