"""Programs that start others and are killed, and those that a user has left to themselves."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from page_world import wait_for
from paths import ROOT
from processes_by_id import children, ends, running

CLI = (sys.executable, "-m", "omnibind_ros.cli")


@pytest.fixture
def start(tmp_path, ros_domain):
    """Starts a program; it is killed after the test, with what it has started."""
    started = []

    def run(*command):
        log = (tmp_path / "program.log").open("wb")
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "ROS_HOME": str(tmp_path / "ros"), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        started.append((process, log))
        return process

    yield run
    for process, log in started:
        process.kill()
        process.wait(10)
        log.close()


def started_by(process, names, log):
    """Return the children of a program once those that are named are among them."""

    def all_of_them():
        found = children(process.pid)
        lines = [Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in found]
        there = {word for line in lines for word in line}
        return found if there >= names else None

    return wait_for(all_of_them, 120.0, log.read_text)


def end_all(pids):
    for pid in filter(running, pids):
        os.kill(pid, signal.SIGKILL)


PHOTOS = {"omnibind_ros.nodes.picture_camera_node", "omnibind_ros.nodes.perception_node"}
ROOM = {"omnibind_ros.nodes.robot_simulator_node", "omnibind_ros.nodes.perception_node", "--visit"}


@pytest.mark.parametrize(
    ("scene", "names"),
    [("photos", PHOTOS), pytest.param("room", ROOM, marks=pytest.mark.faults)],
)
def test_what_a_killed_demo_has_started_ends(start, tmp_path, scene, names):
    demo = start(*CLI, "demo", "--scene", scene, "--headless", "--duration", "120", "--no-table")
    found = started_by(demo, names, tmp_path / "program.log")
    try:
        demo.kill()
        assert [pid for pid in found if not ends(pid, 20.0)] == []
    finally:
        end_all(found)


def test_a_page_that_a_user_left_to_itself_goes_on_without_its_shell(start, tmp_path):
    page = (*CLI, "view", "--no-open", "--port", "0")
    shell = start("sh", "-c", f"nohup {' '.join(page)} & wait")
    log = tmp_path / "program.log"
    line = wait_for(lambda: "is at http" in log.read_text() and log.read_text(), 60.0)
    address = line.partition("is at ")[2].split()[0]
    (found,) = children(shell.pid)
    try:
        shell.kill()
        shell.wait(10)
        assert not ends(found, 3.0)
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.status == 200
        os.kill(found, signal.SIGTERM)
        assert ends(found, 20.0)
    finally:
        end_all([found])
