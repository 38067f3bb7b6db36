"""Deletes what recordings hold of a label: the messages of its enrolments, and its name."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import yaml
from rosbags.interfaces import QosDurability

from omnibind_ros.atomic_folder import replaced_folder
from omnibind_ros.datasets.readers.bags.files import is_bag, open_bag
from omnibind_ros.datasets.readers.bags.labels import read_bag_labels
from omnibind_ros.datasets.readers.bags.reader import LABELS
from omnibind_ros.datasets.readers.bags.storage.bag import Bag, Topic, uncompressed
from omnibind_ros.datasets.readers.bags.storage.metadata import METADATA, stored_as
from omnibind_ros.datasets.readers.bags.teaching import ENROLL, RENAME, TYPE, taught_spans
from omnibind_ros.plain_text import same_text

from .errors import RecordingError
from .teach import AFTER, STATIC
from .writing import BagWriter, lock_bag

NS = 1_000_000_000
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


class Deleted(NamedTuple):
    """What was deleted from a recording.

    Attributes:
        enrolments: Enrolments of the label, and its entries in labels.yaml.
        seconds: Their length together.
        messages: Messages that were deleted.
        removed: Whether nothing was left, so that the recording was removed.
    """

    enrolments: int
    seconds: float
    messages: int
    removed: bool


def recordings(root: Path) -> list[Path]:
    """Return the bags in a folder, or the folder itself if it is one."""
    if is_bag(root):
        return [root]
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if not path.name.startswith(".") and is_bag(path))


def delete_label(bag: Path, label: str) -> Deleted | None:
    """Delete the messages of a label's enrolments, and all that names the label, from a bag.

    The bag is written anew and takes the old one's place in one step, so that a killed process
    leaves one of them whole. A bag of which nothing is left is removed.

    Args:
        bag: Its folder.
        label: The label, as it was called last.

    Returns:
        What was deleted; None if the bag has nothing of the label, and is as it was.

    Raises:
        RecordingError: The bag is being recorded, or the new one cannot be written.
        SkipError: Nothing in the bag can be read.
        ReaderError: Its labels.yaml is not valid.
        BusyFolderError: Another process is changing it.
    """
    with lock_bag(bag):
        open_bag.cache_clear()
        opened, key = open_bag(bag), same_text(label)
        taught = [span for span in taught_spans(bag) if same_text(span.label) == key]
        written = [
            (opened.start_time + round(span.start * NS), opened.start_time + round(span.end * NS))
            for span in read_bag_labels(bag / LABELS).spans
            if same_text(span.label) == key
        ]
        if not taught and not written:
            return None
        spans = [*((span.start, span.end) for span in taught), *written]
        ends = [*(max(span.end, span.told) for span in taught), *(end for _, end in written)]
        periods = [
            (start, end + round(AFTER * NS)) for (start, _), end in zip(spans, ends, strict=True)
        ]
        copy = _Copy(opened, periods, key, {span.number for span in taught})
        try:
            _replace(bag, copy)
        except OSError as error:
            raise RecordingError(
                f"{bag} cannot be written anew ({error.strerror}), so nothing of it was deleted; "
                "free the disk or make the folder writable"
            ) from error
        finally:
            open_bag.cache_clear()
    seconds = sum(end - start for start, end in spans) / NS
    return Deleted(len(spans), seconds, copy.deleted, not copy.left)


class _Copy:
    """Writes a bag anew without some of its messages.

    Attributes:
        deleted: Messages that were left out so far.
        left: Messages of sensors that were written.
        start: Time of the first message that was written, ns.
        bag: The old bag.
        key: `same_text` of the label.
    """

    def __init__(
        self, bag: Bag, periods: Sequence[tuple[int, int]], key: str, enrolments: Collection[int]
    ) -> None:
        """Take what to leave out: periods of time, a label (`same_text`) and its enrolments."""
        self.bag = bag
        self.deleted = self.left = 0
        self.start: int | None = None
        self.key = key
        self._periods = periods
        self._teaching = _teaching_without(bag, key, enrolments)
        self._before = _kept_before(bag, [start for start, _ in periods])

    def write(self, folder: Path) -> None:
        """Write it to a folder, which must not exist; none is made if no message is left."""
        writer = BagWriter(folder, self.bag.plugin)
        try:
            for topic, time, raw in self.bag.messages(
                {each.topic for each in self.bag.connections}, None, None
            ):
                found = self._kept(topic, time, uncompressed(raw))
                if found is None:
                    self.deleted += 1
                    continue
                store = self.bag.definitions(topic.msgtype)
                writer.add_topic(topic.topic, topic.msgtype, self.bag.profiles(topic), store)
                writer.write(topic.topic, time, found)
                self.start = time if self.start is None else self.start
                self.left += topic.msgtype != TYPE and topic.topic != STATIC
        except BaseException:
            writer.abort()
            raise
        writer.close()

    def _kept(self, topic: Topic, time: int, raw: bytes) -> bytes | None:
        if topic.msgtype == TYPE:
            return self._teaching.get((topic.topic, time), raw)
        if topic.topic == STATIC:
            return raw
        inside = any(start <= time <= end for start, end in self._periods)
        return None if inside or (topic.topic, time) in self._before else raw


def _kept_before(bag: Bag, starts: Sequence[int]) -> set[tuple[str, int]]:
    """Return the messages that a publisher kept for an enrolment, such as a sentence: topic, time.

    Args:
        bag: The bag.
        starts: Beginnings of the enrolments, ns.
    """
    topics = {
        each.topic
        for each in bag.connections
        if each.topic != STATIC
        and each.msgtype not in (TYPE, CAMERA_INFO)
        and any(p.durability == QosDurability.TRANSIENT_LOCAL for p in bag.profiles(each))
    }
    times: dict[str, list[int]] = {}
    for topic, time, _ in bag.messages(topics, None, None):
        times.setdefault(topic.topic, []).append(time)
    return {
        (topic, max(earlier))
        for topic, of in times.items()
        for start in starts
        if (earlier := [time for time in of if time < start])
    }


def _teaching_without(
    bag: Bag, key: str, enrolments: Collection[int]
) -> dict[tuple[str, int], bytes | None]:
    """Return, by topic and time, the messages of ~/teaching to change, and None for those to omit.

    Args:
        bag: The bag.
        key: `same_text` of the label, as it was called last.
        enrolments: Numbers of its enrolments.
    """
    topics = {each.topic for each in bag.connections if each.msgtype == TYPE}
    told = [
        (topic.topic, time, bag.deserialize(raw, TYPE))
        for topic, time, raw in bag.messages(topics, None, None)
        if topic.msgtype == TYPE
    ]
    numbers = accumulate(message.action == ENROLL for _, _, message in told)
    changes: dict[tuple[str, int], bytes | None] = {}
    names = {key}  # going back in time, the names that the label had
    for (topic, time, message), number in reversed(list(zip(told, numbers, strict=True))):
        label, new_label = same_text(message.label), same_text(message.new_label)
        if message.action == ENROLL:
            omitted = number in enrolments
        else:
            omitted = bool({label, new_label} & names)
        if message.action == RENAME and new_label in names:
            names.add(label)
        if omitted:
            changes[topic, time] = None
        elif any(same_text(each) in names for each in message.labels):
            message.labels = [each for each in message.labels if same_text(each) not in names]
            changes[topic, time] = bytes(bag.definitions(TYPE).serialize_cdr(message, TYPE))
    return changes


def _replace(bag: Path, copy: _Copy) -> None:
    """Put the copy in the bag's place, with the other files of its folder."""
    with replaced_folder(bag) as stage:
        written = stage / bag.name
        copy.write(written)
        if copy.left:
            for path in [*written.iterdir()]:
                path.rename(stage / path.name)
            written.rmdir()
            for path in bag.iterdir():
                if path.name not in (METADATA, LABELS) and not stored_as(path):
                    copy_file = shutil.copytree if path.is_dir() else shutil.copy2
                    copy_file(path, stage / path.name)
            _write_labels(bag / LABELS, stage / LABELS, copy)
        else:
            shutil.rmtree(written, ignore_errors=True)
    if not copy.left:
        shutil.rmtree(bag)


def _write_labels(old: Path, new: Path, copy: _Copy) -> None:
    """Write labels.yaml without the label; its times count from the new first message."""
    if not old.is_file():
        return
    text = old.read_text(encoding="utf-8")
    content = yaml.safe_load(text) or {}
    if content.get("labels"):
        shift = ((copy.start or 0) - copy.bag.start_time) / NS
        content["labels"] = [
            {**entry, "start": max(entry["start"] - shift, 0.0), "end": entry["end"] - shift}
            for entry in content["labels"]
            if same_text(str(entry["label"])) != copy.key
        ]
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    new.write_text(text, encoding="utf-8")
