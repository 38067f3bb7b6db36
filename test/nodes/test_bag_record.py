"""`omnibind bag record` over DDS with the real perception node: whole, equal, labels as taught."""

import os
import resource
import signal
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

import yaml
from perception_client import image, photograph
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from omnibind_msgs.msg import Teaching
from omnibind_msgs.srv import DeleteLabel, Enroll, RenameLabel, SetLabels
from omnibind_ros.cli import main
from omnibind_ros.datasets.readers.bags.files import bag_problems, messages
from omnibind_ros.datasets.readers.bags.reader import BAG
from omnibind_ros.datasets.storage.skip_log import SkipLog

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # the wheels lack it; the recorder goes by the topics' names
    TFMessage = String

RELIABLE = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Recording:
    """The command in a process of its own."""

    def __init__(self, folder, log, *arguments, file_size=None):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

        self.folder, self.log = folder, log
        out = ("--out", str(folder)) if folder else ()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "omnibind_ros.cli", "bag", "record", *out, *arguments],
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "ROS_HOME": str(log.parent / "ros_home")},
            preexec_fn=limit if file_size else None,  # noqa: PLW1509 - no thread holds a lock
        )

    def says(self, *words):
        return all(word in self.output() for word in words)

    def output(self):
        return self.log.read_text(errors="replace")

    def end(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def record(ros_domain, tmp_path):
    started = []

    def start(*arguments, folder=tmp_path / "bag", **more):
        made = Recording(folder, tmp_path / f"record-{len(started)}.log", *arguments, **more)
        started.append(made)
        return made

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait(10)


@pytest.fixture
def publisher(probe):
    made = []

    def make(kind, topic, qos=RELIABLE):
        made.append(probe.node.create_publisher(kind, topic, qos))
        return made[-1]

    yield make
    for one in made:
        probe.node.destroy_publisher(one)


def recorded(folder):
    """Return topic -> (time, bytes) of all messages, by the rosbags library alone."""
    found = {}
    with AnyReader([folder]) as reader:
        for connection, time, raw in reader.messages():
            found.setdefault(connection.topic, []).append((time, bytes(raw)))
    return found


def items(folder):
    log = SkipLog()
    return list(BAG.read(folder, log)), log


def show(client, picture, seconds):
    end = client.now().sec + client.now().nanosec * 1e-9 + seconds

    def over():
        return client.now().sec + client.now().nanosec * 1e-9 >= end

    client.publish_image(picture, over, seconds=seconds + 10)


def enroll(client, label, picture, duration=1.0, **more):
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    show(client, picture, 0.6)
    future = service.call_async(Enroll.Request(label=label, duration=duration, **more))
    client.publish_image(picture, future.done)
    client.probe.node.destroy_client(service)
    assert future.result().success, future.result().message


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_bag_is_read_back_whole_and_equal(probe, start_perception, record, publisher, storage):
    client = start_perception("-p", "sensor.camera.max_age:=0.7")
    camera = publisher(Image, "/image")
    info = publisher(CameraInfo, "/camera_info")
    static, moving = publisher(TFMessage, "/tf_static", LATCHED), publisher(TFMessage, "/tf")
    static.publish(TFMessage())
    recording = record("--storage", storage)
    topics = ("/image", "/camera_info", "/tf", "/tf_static", "/text", "/perception/teaching")
    assert probe.spin(lambda: recording.says(*(f"records {t} (" for t in topics)), 30), (
        recording.output()
    )
    subscribed = [camera.get_subscription_count, info.get_subscription_count]
    assert probe.spin(
        lambda: all(count() for count in subscribed) and camera.get_subscription_count() == 2, 20
    )
    sent = {"/image": [], "/camera_info": [], "/tf": []}
    picture = photograph("coffee")[:120, :160]
    for number in range(40):
        pixels = picture.copy()
        pixels[0, 0] = number
        for one, topic, message in (
            (camera, "/image", image(pixels, client.now())),
            (info, "/camera_info", CameraInfo(height=number)),
            (moving, "/tf", TFMessage()),
        ):
            one.publish(message)
            sent[topic].append(message)
        probe.spin_for(0.03)
    probe.spin_for(1.0)
    assert recording.end() == 0, recording.output()
    found = recorded(recording.folder)
    for topic, wanted in sent.items():
        # Serialized messages differ in the bytes that fill gaps between fields.
        kind = type(wanted[0])
        assert [deserialize_message(raw, kind) for _, raw in found[topic]] == wanted, topic
    assert [deserialize_message(raw, TFMessage) for _, raw in found["/tf_static"]] == [TFMessage()]
    times = [time for time, _ in found["/image"]]
    assert times == sorted(times)
    assert 40 * 0.03 <= (times[-1] - times[0]) / 1e9 + 0.03 < 6.0
    list(messages(recording.folder, ["/image"]))
    assert bag_problems(recording.folder) == []
    written = yaml.safe_load((recording.folder / "labels.yaml").read_text())
    assert written["topics"]["image"] == {"topic": "/image", "max_age": 0.7}
    assert (recording.folder / f"bag.{'mcap' if storage == 'mcap' else 'db3'}").is_file()


def test_teaching_keeps_what_was_shown_with_its_label(
    probe, start_perception, record, publisher, tmp_path
):
    client = start_perception()
    publisher(String, "/text")
    recording = record("--teach")
    assert probe.spin(lambda: recording.says("records /image", "teaching ("), 30)
    show(client, photograph("chelsea"), 2.0)
    enroll(client, "blue cup", photograph("coffee"), duration=2.0, object="cup one")
    assert probe.spin(lambda: recording.says("keeps 'blue cup'"), 10)
    show(client, photograph("chelsea"), 3.0)
    enroll(client, "grey cat", photograph("chelsea"), duration=1.0)
    enroll(client, "a mistake", photograph("coffee"), duration=0.5)
    show(client, photograph("coffee"), 1.5)
    answers = [
        probe.call(
            RenameLabel,
            "/perception/rename_label",
            RenameLabel.Request(label="grey cat", new_label="Chelsea"),
        ),
        probe.call(DeleteLabel, "/perception/delete_label", DeleteLabel.Request(label="A Mistake")),
        probe.call(SetLabels, "/perception/set_labels", SetLabels.Request(labels=["door", "cup"])),
    ]
    assert all(answer.success for answer in answers), answers
    probe.spin_for(1.0)
    assert recording.end() == 0, recording.output()
    told = [decode() for _, _, decode in messages(recording.folder, ["/perception/teaching"])]
    assert [one.action for one in told] == [
        *[Teaching.ENROLL] * 3,
        Teaching.RENAME,
        Teaching.DELETE,
        Teaching.SET_LABELS,
    ]
    assert told[0].sensors == ["camera"]
    assert set(told[-1].labels) >= {"door", "cup", "blue cup", "Chelsea"}
    found = recorded(recording.folder)
    start = told[0].start.sec + told[0].start.nanosec * 1e-9
    times = [time / 1e9 for time, _ in found["/image"]]
    assert times[0] >= start - 0.05
    first = [time for time in times if time < start + 4.0]
    assert first[-1] - first[0] == pytest.approx(3.0, abs=0.5)
    made, log = items(recording.folder)
    assert len(log) == 0, log.to_dict()
    assert {(item.label, item.object_id) for item in made} == {
        ("blue cup", "bag/cup one"),
        ("Chelsea", "bag/bag-Chelsea-2"),
    }
    arguments = ["labels", "delete", "blue cup", "--recordings", str(recording.folder)]
    assert main([*arguments, "--folder", str(tmp_path / "none")]) == 0
    made, log = items(recording.folder)
    assert {item.label for item in made} == {"Chelsea"}
    later = told[0].end.sec + told[0].end.nanosec * 1e-9 + 1.0
    assert all(time / 1e9 > later for time, _ in recorded(recording.folder)["/image"])


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_what_a_killed_recorder_has_written_is_read(probe, record, publisher, storage):
    talker = publisher(String, "/words")
    recording = record("--topics", "words", "--storage", storage)
    assert probe.spin(lambda: recording.says("records /words ("), 30), recording.output()
    assert probe.spin(talker.get_subscription_count)
    for number in range(50):
        talker.publish(String(data=f"word {number}"))
        probe.spin_for(0.1)
    recording.end(signal.SIGKILL)
    words = [decode().data for _, _, decode in messages(recording.folder, ["/words"])]
    assert words == [f"word {number}" for number in range(len(words))]
    assert 25 <= len(words) <= 50
    assert any("metadata.yaml is missing" in each for each in bag_problems(recording.folder))


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_full_disk_ends_the_recording_with_a_sentence(probe, record, publisher, storage):
    camera = publisher(Image, "/eye")
    recording = record("--topics", "/eye", "--storage", storage, file_size=3 << 20)
    assert probe.spin(lambda: recording.says("records /eye ("), 30), recording.output()
    assert probe.spin(camera.get_subscription_count)
    picture = photograph("coffee")
    for number in range(60):
        camera.publish(image(picture, probe.node.get_clock().now().to_msg()))
        # What is a second old is safe.
        probe.spin_for(0.05 if number else 2.5)
        if recording.process.poll() is not None:
            break
    assert recording.process.wait(20) == 1
    assert f"the bag {recording.folder} cannot be written any more (" in recording.output()
    assert "free the disk" in recording.output()
    assert "Traceback" not in recording.output()
    whole = [decode() for _, _, decode in messages(recording.folder, ["/eye"])]
    assert all(bytes(each.data) == picture.tobytes() for each in whole)
    assert len(whole) >= 1


def test_what_cannot_be_recorded_is_said_in_one_sentence(record, probe, start_perception, tmp_path):
    nobody = record("--node", "/nobody")
    (tmp_path / "there").mkdir()
    there = record("--topics", "/words", folder=tmp_path / "there")
    silent = record("--topics", "/words", "--duration", "1", folder=tmp_path / "silent")
    assert nobody.process.wait(40) == there.process.wait(40) == silent.process.wait(40) == 1
    assert "omnibind bag: nothing arrived on /nobody/sensors within 10 s" in nobody.output()
    assert "name the topics to record with --topics" in nobody.output()
    assert not nobody.folder.exists()
    assert f"omnibind bag: {there.folder} exists already; name another folder" in there.output()
    assert "/words had no publisher" in silent.output()
    assert "nothing was recorded, so no bag is left" in silent.output()
    assert not silent.folder.exists()
    client = start_perception("-p", "sensors:=['']", ready=False)
    assert probe.spin(lambda: client.messages("sensors"), 60), client.process.output()
    bare = record("--teach", folder=tmp_path / "bare")
    assert bare.process.wait(40) == 1
    assert "the node /perception has no sensors" in bare.output()
    for one in (nobody, there, silent, bare):
        assert "Traceback" not in one.output()
