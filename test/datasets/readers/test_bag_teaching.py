"""Labels from ~/teaching in a bag: times by another clock, deleted and renamed labels."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from robot_bags import SECOND, START, write_bag
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from omnibind_msgs.msg import Teaching
from omnibind_ros.cli import main
from omnibind_ros.datasets.readers.bags.reader import BAG
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.skip_log import SkipLog


def stamp(seconds):
    return Time(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))


def taught(seconds, action, offset=0.0, start=0.0, end=0.0, **fields):
    """Return a message that arrives at a second of the bag, from a node whose clock is ahead."""
    message = Teaching(header=Header(stamp=stamp(seconds + offset)), action=action, **fields)
    if action == Teaching.ENROLL:
        message.start, message.end = stamp(start + offset), stamp(end + offset)
    return START + round(seconds * SECOND), "/robot/perception/teaching", message


def pictures(length):
    for tenth in range(length * 10):
        data = np.full((8, 8, 3), tenth % 256, np.uint8).tobytes()
        message = Image(height=8, width=8, encoding="rgb8", step=24, data=data)
        yield START + tenth * SECOND // 10, "/image", message


def read(folder, told, labels="", extra=()):
    recorded = sorted([*pictures(20), *told, *extra], key=lambda each: each[0])
    log = SkipLog()
    bag = write_bag(folder / "bag", recorded, labels=labels)
    return list(BAG.read(bag, log)), log


def test_each_enrolment_is_an_object_unless_it_is_named(tmp_path):
    found, log = read(
        tmp_path,
        [
            taught(6.0, Teaching.ENROLL, 1000.0, 2.0, 6.0, label="cup"),
            taught(9.0, Teaching.ENROLL, 1000.0, 7.0, 9.0, label="mug"),
            taught(12.0, Teaching.ENROLL, 1000.0, 10.0, 12.0, label="cup"),
            taught(15.0, Teaching.ENROLL, 1000.0, 13.0, 15.0, label="cup", object="red cup"),
            taught(17.0, Teaching.ENROLL, 1000.0, 16.0, 17.0, label="wrong"),
            taught(18.0, Teaching.DELETE, label="Wrong"),
            taught(18.5, Teaching.RENAME, label="MUG", new_label="big mug"),
            taught(19.0, Teaching.SET_LABELS, labels=["door"]),
        ],
    )
    times = [(item.label, (item.meta["time_ns"] - START) / SECOND) for item in found]
    assert times == [("cup", 2.0), ("cup", 4.0), ("big mug", 7.0), ("cup", 10.0), ("cup", 13.0)]
    objects = [item.object_id for item in found]
    assert objects[0] == objects[1] == "bag/bag-cup-1"
    assert objects[2:] == ["bag/bag-big mug-2", "bag/bag-cup-3", "bag/red cup"]
    assert len(log) == 0, log.to_dict()


@pytest.mark.parametrize("where", ["file", "topic"])
def test_labels_of_the_user_come_first(tmp_path, where):
    told = [taught(6.0, Teaching.ENROLL, 0.0, 2.0, 6.0, label="cup")]
    if where == "file":
        found, _ = read(tmp_path, told, labels="labels: [{start: 1, end: 3, label: door}]\n")
    else:
        extra = [(START + SECOND, "/label", String(data="door"))]
        found, _ = read(tmp_path, told, extra=extra)
    assert {item.label for item in found} == {"door"}


def test_an_enrolment_that_began_before_the_bag_is_cut(tmp_path):
    found, _ = read(
        tmp_path,
        [
            taught(2.0, Teaching.ENROLL, 0.0, -3.0 + 4, 2.0, label="cup"),
            taught(3.0, Teaching.ENROLL, 10.0, -7.0, 2.0, label="mug"),
        ],
    )
    assert [(item.label, (item.meta["time_ns"] - START) / SECOND) for item in found] == [
        ("cup", 1.0),
        ("mug", 0.0),
    ]


def test_a_recording_of_enrolments_is_combined_without_further_files(tmp_path):
    told = [
        taught(6.0, Teaching.ENROLL, 0.0, 2.0, 6.0, label="cup"),
        taught(12.0, Teaching.ENROLL, 0.0, 8.0, 12.0, label="red cup", object="mine"),
    ]
    recorded = sorted([*pictures(14), *told], key=lambda each: each[0])
    bag = write_bag(tmp_path / "bag", recorded, labels="")
    (bag / "labels.yaml").unlink()
    arguments = ["--out", str(tmp_path / "set"), "--min-modalities", "1"]
    assert main(["dataset", "combine", f"bag:{bag}", *arguments]) == 0
    dataset = Dataset.open(tmp_path / "set")
    assert sorted(dataset.column("label")) == ["cup", "cup", "red cup", "red cup"]
