"""~/enroll while a pad's picture at rest is doubtful: over DDS, with drawn parts."""

import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

from paths import ROOT
from std_msgs.msg import String

from omnibind_msgs.srv import Enroll, ListLabels

PROGRAM = ROOT / "docs" / "examples" / "parts_camera_and_pad.py"


@pytest.fixture
def touched_at_start(ros_domain):
    """A camera and a pad that is touched when the node starts."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), "washer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    process.stdin.write("washer 3\n")
    process.stdin.flush()
    yield process
    process.kill()
    process.communicate()


def test_what_a_doubtful_pad_shows_is_not_learned_and_the_answer_says_so(
    probe, touched_at_start, start_perception, tmp_path
):
    client = start_perception(
        *("-p", "sensors:=['camera', 'pad']", "-p", f"enrolled:={tmp_path / 'kept'}"),
        *("-p", "sensor.camera.modality:=image", "-p", "sensor.camera.topic:=/image_raw"),
        *("-p", "sensor.pad.modality:=touch", "-p", "sensor.pad.topic:=/digit/image_raw"),
        ready=False,
    )
    assert probe.spin(lambda: "has been taken" in client.process.output(), 60)
    part = probe.node.create_publisher(String, "/part", 10)
    assert probe.spin(lambda: part.get_subscription_count() > 0)
    service = probe.node.create_client(Enroll, "/perception/enroll")
    assert probe.spin(service.service_is_ready, 20)

    def doubted():
        return "may have been touched" in client.sensor("pad").reason

    for shown in ("washer 3", "free", "nut", "free", "gear", "free"):
        part.publish(String(data=shown))
        probe.spin(doubted, 4.0)
    assert doubted(), client.sensor("pad")
    part.publish(String(data="clip"))
    probe.spin_for(1.0)
    future = service.call_async(Enroll.Request(label="clip", duration=1.0))
    assert probe.spin(future.done, 30)
    answer = future.result()
    assert answer.success
    assert "; but nothing can be learned of pad, as the pad may have been touched" in answer.message
    assert "restart the node while nothing touches the pad" in answer.message
    listed = probe.call(
        ListLabels, "/perception/list_labels", ListLabels.Request(enrolled_only=True)
    )
    assert [info.name for info in listed.labels] == ["clip"]
    probe.node.destroy_client(service)
    probe.node.destroy_publisher(part)
