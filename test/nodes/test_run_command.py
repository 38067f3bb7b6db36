"""`omnibind run`: the perception node with the arguments of the launch file."""

import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

from paths import ROOT
from perception_client import LATCHED
from processes_by_id import ends

from omnibind_msgs.msg import SensorStatus, SensorStatusArray
from omnibind_ros.runtime.middleware import VARIABLES

OTHER = """#!/bin/sh
echo $$ > "$PID_FILE"
exec sleep 600
"""


@pytest.fixture
def run(tmp_path, ros_domain):
    """Start `omnibind run`; the processes are ended after the test."""
    started = []

    def start(*arguments, **environment):
        log = (tmp_path / "run.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "omnibind_ros.cli", "run", *arguments],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "ROS_HOME": str(tmp_path / "home"), **environment},
        )
        started.append((process, log))
        return process

    yield start
    for process, log in started:
        process.kill()
        process.wait(10)
        log.close()


def output(tmp_path):
    return (tmp_path / "run.log").read_text(errors="replace")


def wait_for_sensors(probe, name, tmp_path):
    probe.subscribe(SensorStatusArray, f"{name}/sensors", LATCHED)
    assert probe.spin(lambda: probe.arrivals[f"{name}/sensors"], 60), output(tmp_path)
    return {sensor.name: sensor for sensor in probe.arrivals[f"{name}/sensors"][-1][1].sensors}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_arguments_reach_the_node_and_signals_end_it(probe, run, tmp_path, monkeypatch, number):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    robot = f"robot_{number.value}"
    config = tmp_path / "sensors.yaml"
    config.write_text(
        f"/{robot}/perception:\n  ros__parameters:\n    sensors: [eye]\n"
        "    sensor:\n      eye: {modality: image, topic: /nowhere}\n"
    )
    process = run(
        *(f"config:={config}", f"namespace:={robot}", "image:=/camera/image_raw"),
        *("--ros-args", "-p", "top_k:=3"),
    )
    sensors = wait_for_sensors(probe, f"/{robot}/perception", tmp_path)
    assert sensors["eye"].topic == "/camera/image_raw"
    assert sensors["eye"].state == SensorStatus.ABSENT
    process.send_signal(number)
    assert process.wait(15) == 0, output(tmp_path)
    assert "Traceback" not in output(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_other_programs_end_with_the_node(probe, run, tmp_path, number):
    rviz, pid_file = tmp_path / "rviz2", tmp_path / "pid"
    rviz.write_text(OTHER)
    rviz.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    namespace = f"shown_{number.value}"
    process = run("rviz:=true", f"namespace:={namespace}", PATH=path, PID_FILE=str(pid_file))
    wait_for_sensors(probe, f"/{namespace}/perception", tmp_path)
    child = int(pid_file.read_text())
    process.send_signal(number)
    status = process.wait(15)
    assert status == (0 if number == signal.SIGTERM else -number), output(tmp_path)
    assert ends(child)


def test_what_cannot_be_run_is_one_sentence_and_ends(run, tmp_path):
    process = run("config:=/gone.yaml")
    assert process.wait(30) == 1
    assert output(tmp_path) == (
        "omnibind run: the parameter file /gone.yaml does not exist; set config to one that does\n"
    )
