"""The programs of docs/examples: their help, and what they show over DDS."""

import runpy
import subprocess
import sys
import threading
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from paths import ROOT
from perception_client import photograph
from std_msgs.msg import Bool, String

from omnibind_msgs.msg import SensorStatus
from omnibind_msgs.srv import Enroll

EXAMPLES = ROOT / "docs" / "examples"
PROGRAMS = [path for path in sorted(EXAMPLES.rglob("*.py")) if "__main__" in path.read_text()]


def run(program, *words, timeout=60):
    return subprocess.run(
        [sys.executable, str(EXAMPLES / program), *words],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_each_program_has_help_and_ends(program):
    done = run(program, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {program.name}")
    wrong = run(program, "--no-such-option")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


@pytest.fixture
def started(probe):
    """Starts programs that run until the test has ended."""
    made = []

    def start(program, *words):
        process = subprocess.Popen(
            [sys.executable, "-u", str(EXAMPLES / program), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        made.append(process)
        return process

    yield start
    for process in made:
        process.kill()
        process.communicate()


def test_without_a_node_look_says_so_in_a_sentence(ros_domain):
    done = run("look.py", "sensors", "--timeout", "0.5")
    assert done.returncode == 1
    assert done.stderr.startswith("look.py: no node publishes /perception/sensors; start")
    assert done.stderr.count("\n") == 1


def test_look_shows_sensors_labels_overlay_and_markers(start_perception, tmp_path):
    client = start_perception()
    done = run("look.py", "overlay", "--timeout", "8")
    assert "nothing came on /perception/overlay within 8 s" in done.stderr
    out = tmp_path / "seen.png"
    shown = {}
    for what in ("sensors", "recognition", "overlay", "markers"):
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / "look.py"), what, "--out", str(out)],
            stdout=subprocess.PIPE,
            text=True,
        )
        client.publish_image(
            photograph("coffee"), lambda process=process: process.poll() is not None, 60
        )
        shown[what], _ = process.communicate()
        assert process.returncode == 0
    assert "camera (image, /image): FRESH" in shown["sensors"]
    assert "speech (text, /text): STALE" in shown["sensors"]
    assert "cup" in shown["recognition"]
    assert "weight 1.00 camera" in shown["recognition"]
    assert cv2.imread(str(out)).shape == (480, 640, 3)
    assert "in the frame 'eye'" in shown["markers"]


def test_print_labels_takes_arguments_of_ros(start_perception, started):
    client = start_perception()
    printer = started(
        "print_labels.py", "--node", "/perception", "--ros-args", "-r", "__node:=listener"
    )
    lines = []

    def printed():
        return any("cup" in line for line in lines)

    def read():
        lines.extend(iter(printer.stdout.readline, ""))

    threading.Thread(target=read, daemon=True).start()
    client.publish_image(photograph("coffee"), printed, 30)
    assert any("[listener]" in line for line in lines)


def test_drawn_parts_are_enrolled_and_recognised(probe, start_perception, started, tmp_path):
    parts = started("parts_camera_and_pad.py")
    client = start_perception(
        *("-p", "sensors:=['camera', 'pad']", "-p", f"enrolled:={tmp_path / 'kept'}"),
        *("-p", "sensor.camera.modality:=image", "-p", "sensor.camera.topic:=/image_raw"),
        *("-p", "sensor.pad.modality:=touch", "-p", "sensor.pad.topic:=/digit/image_raw"),
        ready=False,
    )
    taken = "pad: the picture of the free pad has been taken"
    assert probe.spin(lambda: taken in client.process.output(), 60), client.process.output()
    part = probe.node.create_publisher(String, "/part", 10)
    assert probe.spin(lambda: part.get_subscription_count() > 0)
    service = probe.node.create_client(Enroll, "/perception/enroll")
    assert probe.spin(service.service_is_ready, 20)
    for number, name in enumerate(("washer", "nut")):
        if number:
            part.publish(String(data=name))
        else:  # as typed by the user
            parts.stdin.write("washer\n")
            parts.stdin.flush()
        probe.spin_for(1.0)
        future = service.call_async(Enroll.Request(label=name, duration=2.0))
        assert probe.spin(future.done, 30)
        assert future.result().success, future.result().message
    probe.node.destroy_client(service)
    for name in ("washer", "nut"):
        part.publish(String(data=f"{name} 100"))
        assert probe.spin(lambda name=name: client.recognises(name), 20), client.messages()[-1]
    assert set(client.messages()[-1].sensors) == {"camera", "pad"}
    for sensor in ("camera", "pad"):  # neither is frozen
        assert client.sensor(sensor).state == SensorStatus.FRESH
        assert not len(client.sensor(sensor).issues)
    assert client.process.output().count(taken) == 1
    probe.node.destroy_publisher(part)


def test_a_part_changes_the_pictures_and_its_views_differ():
    parts = SimpleNamespace(**runpy.run_path(str(EXAMPLES / "parts_camera_and_pad.py")))
    for draw, noise in ((parts.camera_picture, 3), (parts.pad_picture, 1)):
        free = draw(parts.FREE, 0, np.random.default_rng(0))
        again = draw(parts.FREE, 1, np.random.default_rng(1))
        assert free.shape == (240, 320, 3)
        assert free.astype(int).std() > 0
        assert np.abs(free.astype(int) - again).mean() < 2 * noise
        shown = {
            (part, view): draw(part, view, np.random.default_rng(2)).astype(int)
            for part in parts.PARTS
            for view in (0, 1)
        }
        for part in parts.PARTS:
            assert np.abs(shown[part, 0] - shown[part, 1]).max() > 40
            assert np.abs(shown[part, 0] - free).max() > 40


def test_stop_unless_ready_says_stop_until_the_node_is_ready_and_when_it_is_gone(
    probe, start_perception, started
):
    probe.subscribe(Bool, "/stop")
    started("stop_unless_ready.py")

    def stops():
        heard = [msg.data for _, msg in probe.arrivals["/stop"]]
        return heard[-1] if heard else None

    assert probe.spin(lambda: stops() is True)
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: stops() is False, 30)
    assert probe.spin(lambda: stops() is True, 5.0)  # the camera has stopped
    client.publish_image(photograph("coffee"), lambda: stops() is False)
    client.process.kill()
    assert probe.spin(lambda: stops() is True, 5.0)
