"""Enrolled labels over real DDS: kept through a killed node, listed, renamed and deleted."""

import time

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from perception_client import image, photograph
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from omnibind_msgs.msg import SensorStatus
from omnibind_msgs.srv import DeleteLabel, Enroll, ListLabels, RenameLabel, SetLabels
from omnibind_ros.recognition.enrolled_folder import EnrolledFolder


def enroll(client, label, name="coffee", duration=2.0):
    """Enroll a label while a photograph is shown, and return the answer."""
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    future = service.call_async(Enroll.Request(label=label, duration=duration))
    client.publish_image(photograph(name), future.done)
    client.probe.node.destroy_client(service)
    return future.result()


def call(client, kind, **fields):
    names = {DeleteLabel: "delete_label", ListLabels: "list_labels", RenameLabel: "rename_label"}
    return client.probe.call(kind, f"/perception/{names[kind]}", kind.Request(**fields))


def listed(client):
    answer = call(client, ListLabels, enrolled_only=True)
    assert answer.success, answer.message
    return {info.name: (info.texts, info.views, info.unused_views) for info in answer.labels}


def test_a_label_is_recognised_after_the_node_was_killed(start_perception, tmp_path):
    client = start_perception()
    answer = enroll(client, " My \t mug ")
    folder = tmp_path / "ros_home" / "omnibind_ros" / "enrolled" / "perception"
    assert answer.success, answer.message
    assert answer.message.endswith(f"is kept in {folder}")
    client.process.kill()
    client.probe.spin_for(1.0)
    again = start_perception()
    again.publish_image(photograph("coffee"), lambda: again.recognises("My mug"))
    assert listed(again) == {"My mug": (0, 1, 0)}


def test_what_camera_and_pad_have_learned_each_of_them_recognises(start_perception, tmp_path):
    args = ("-p", f"enrolled:={tmp_path / 'kept'}", "-p", "sensors:=['image', 'text', 'touch']")
    free = np.full((240, 320, 3), 120, np.uint8)
    pressed = cv2.resize(photograph("coffee"), (320, 240))

    rng = np.random.default_rng(0)

    def noisy(rgb):
        return rgb ^ rng.integers(0, 2, rgb.shape, np.uint8)  # equal pictures are frozen

    def start():
        client = start_perception(*args)
        pad = client.probe.node.create_publisher(Image, "touch", qos_profile_sensor_data)

        def feel(rgb, until):
            deadline = time.monotonic() + 20
            while not until():
                assert time.monotonic() < deadline, client.process.output()
                pad.publish(image(noisy(rgb), client.now()))
                client.probe.spin(until, 0.05)

        feel(free, lambda: client.sensor("touch").state == SensorStatus.FRESH)
        return client, feel

    def show_both(client, feel, until):
        def camera_too():
            client.camera.publish(image(noisy(photograph("coffee")), client.now()))
            return until()

        feel(pressed, camera_too)

    client, feel = start()
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    show_both(
        client,
        feel,
        lambda: set(client.messages()[-1:] and client.messages()[-1].sensors) >= {"image", "touch"},
    )
    future = service.call_async(Enroll.Request(label="my mug", duration=2.0))
    show_both(client, feel, future.done)
    client.probe.node.destroy_client(service)
    assert future.result().success, future.result().message
    for again in (False, True):
        if again:
            assert client.process.stop() == 0
            client.probe.spin_for(1.0)
            client, feel = start()
        client.probe.spin_for(2.5)  # both are stale
        client.publish_image(
            photograph("coffee"),
            lambda c=client: c.recognises("my mug") and list(c.messages()[-1].sensors) == ["image"],
        )
        client.probe.spin_for(2.5)
        # A pad alone cannot tell a thing from all others for sure, but it is among the first.
        feel(
            pressed,
            lambda c=client: (
                list(c.messages()[-1].sensors) == ["touch"] and "my mug" in c.messages()[-1].labels
            ),
        )
        assert listed(client) == {"my mug": (0, 1, 0)}


def test_labels_are_listed_renamed_and_deleted(start_perception, tmp_path):
    client = start_perception("-p", f"enrolled:={tmp_path / 'kept'}")
    for label in ("my mug", "cup"):
        assert enroll(client, label).success
    texts = call(client, ListLabels).labels
    assert len(texts) > 60
    assert listed(client)["my mug"] == (0, 1, 0)
    assert listed(client)["cup"][1:] == (1, 0)
    answer = call(client, RenameLabel, label="MY MUG", new_label="Anna's mug")
    assert answer.success, answer.message
    client.publish_image(photograph("coffee"), lambda: "Anna's mug" in client.messages()[-1].labels)
    answer = call(client, DeleteLabel, label="cup")
    assert answer.success, answer.message
    # a result made before the deletion may still arrive after the answer
    client.publish_image(photograph("coffee"), lambda: "cup" not in client.messages()[-1].labels)
    before = len(client.messages())
    client.publish_image(
        photograph("coffee"),
        lambda: len(client.messages()) >= before + 3 and client.recognises("Anna's mug"),
    )
    assert all("cup" not in message.labels for message in client.messages()[before:])
    for kind, fields, words in (
        (DeleteLabel, {"label": "cup"}, "there is no label 'cup'"),
        (RenameLabel, {"label": "nothing", "new_label": "thing"}, "there is no label 'nothing'"),
        (RenameLabel, {"label": "anna's mug", "new_label": "cat"}, "'cat' is there already"),
        (RenameLabel, {"label": "anna's mug", "new_label": "\x07"}, "is empty"),
    ):
        answer = call(client, kind, **fields)
        assert not answer.success
        assert words in answer.message
    answer = client.probe.call(
        SetLabels, "/perception/set_labels", SetLabels.Request(labels=["cup", "animal"])
    )
    assert answer.success
    assert {info.name for info in call(client, ListLabels).labels} == {
        *("cup", "animal", "Anna's mug")
    }
    assert list(listed(client)) == ["Anna's mug"]
    # As `omnibind labels delete` does it, in another process.
    EnrolledFolder(tmp_path / "kept").delete("Anna's mug")
    answer = client.probe.call(
        SetLabels, "/perception/set_labels", SetLabels.Request(labels=["cup", "animal"])
    )
    assert answer.message.startswith("2 labels are in use")


@pytest.mark.parametrize("label", ["", "\x00\x1b", "\u200b \n", "x" * 201])
def test_what_cannot_be_a_label_is_refused_before_the_time_is_spent(start_perception, label):
    client = start_perception()
    start = time.monotonic()
    answer = client.probe.call(
        Enroll, "/perception/enroll", Enroll.Request(label=label, duration=30.0)
    )
    assert not answer.success
    assert "label" in answer.message
    assert time.monotonic() - start < 10


def test_a_home_that_cannot_be_written_is_one_warning(start_perception, tmp_path):
    (tmp_path / "file").write_text("")
    client = start_perception("-p", f"enrolled:={tmp_path / 'file' / 'labels'}")
    warnings = [line for line in client.process.output().splitlines() if "[WARN]" in line]
    assert len(warnings) == 1
    assert "of enrolled labels cannot be written (Not a directory); make it" in warnings[0]
    assert "what is enrolled from now on is lost when the node ends" in warnings[0]
    assert client.probe.spin(lambda: client.diagnostic("of enrolled labels cannot be written"))
    answer = enroll(client, "my mug")
    assert answer.success
    assert "is lost when the node ends: the folder" in answer.message
    client.publish_image(photograph("coffee"), lambda: client.recognises("my mug"))


def test_without_a_folder_a_label_stays_through_cleanup_and_no_file_is_written(
    start_perception, tmp_path
):
    client = start_perception("-p", "enrolled:=''")
    assert "is lost when the node ends" in enroll(client, "my mug").message
    for transition in (
        *(Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP),
        *(Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE),
    ):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert client.probe.call(ChangeState, "/perception/change_state", request).success
    client.publish_image(photograph("coffee"), lambda: client.recognises("my mug"))
    assert not list(tmp_path.rglob("*.npz"))


def test_labels_of_another_encoder_and_damaged_files_are_told_and_kept(
    start_perception, tmp_path, bundle_copy
):
    folder = tmp_path / "kept"
    client = start_perception("-p", f"enrolled:={folder}")
    assert enroll(client, "my mug").success
    assert client.process.stop() == 0
    client.probe.spin_for(1.0)
    (folder / "damaged.npz").write_bytes(b"text")
    before = {path.name: path.read_bytes() for path in folder.glob("*.npz")}
    other = start_perception("-p", f"enrolled:={folder}", "-p", f"bundle:={bundle_copy}")
    said = [line for line in other.process.output().splitlines() if "[WARN]" in line]
    assert sum("'my mug' by image with other encoders" in line for line in said) == 1
    assert sum("damaged.npz is not used" in line for line in said) == 1
    assert listed(other) == {"my mug": (0, 0, 1)}
    other.publish_image(photograph("coffee"), lambda: other.recognises("cup"))
    assert {path.name: path.read_bytes() for path in folder.glob("*.npz")} == before
