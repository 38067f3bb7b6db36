"""ROS 2 bags of one's own robot, read by the rosbags library without ROS.

Layout: the folder is one bag (metadata.yaml beside .db3 or .mcap files), or holds several. What was
before the sensors is said in labels.yaml in the bag's folder, as `labels.py` describes, or by a
topic of std_msgs/String.

A labelled stretch of time is cut into samples of `period` seconds. A picture or point cloud is the
last one of the sample's time, events are those of its last 50 ms, sound is all of it. For touch the
first picture of the bag is the reference: keep the pad free when you start to record.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.base import Load, Reader, ReaderError, folders
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.modalities import MODALITIES

from .files import messages, open_bag
from .labels import BagLabels, Span, Topic, read_bag_labels
from .messages import NS, to_events, to_image, to_points, to_sound, to_thermal

LABELS = "labels.yaml"
METADATA = "metadata.yaml"
EVENT_NS = 50_000_000
"""Length of a window of events."""

TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("image", "touch"), ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
    ),
    "thermal": ("sensor_msgs/msg/Image",),
    "event": ("omnibind_msgs/msg/Events",),
    "points": ("sensor_msgs/msg/PointCloud2",),
    "audio": ("omnibind_msgs/msg/Audio",),
    "text": ("std_msgs/msg/String",),
}
"""By modality, the types of messages that are understood."""


def load_messages(bag: Path, modality: str, topic: Topic, start: int, stop: int) -> Any:
    """Read one modality of one sample.

    Args:
        bag: The bag's folder.
        modality: One of `TYPES`.
        topic: Where it comes from.
        start: Time of the sample's begin, ns.
        stop: Of its end.

    Returns:
        As items hold the modality.

    Raises:
        SkipError: There is no message in this time, or it cannot be used.
    """
    what = f"{bag.name}{topic.topic}"
    msgs = [decode() for _, _, decode in messages(bag, {topic.topic}, start, stop)]
    if not msgs:
        raise SkipError(what, f"there is no message of {modality} in the sample's time")
    last = msgs[-1]
    match modality:
        case "image":
            return to_image(last, what)
        case "touch":
            return np.stack([to_image(last, what), _reference(bag, topic.topic)])
        case "thermal":
            return to_thermal(last, what, topic.scale, topic.offset)
        case "points":
            return to_points(last, what)
        case "event":
            return to_events(msgs, what)
        case "audio":
            return to_sound(msgs, what)
        case _:
            return [msg.data for msg in msgs]


@lru_cache(maxsize=8)
def _reference(bag: Path, topic: str) -> Any:
    _, _, decode = next(messages(bag, {topic}))
    return to_image(decode(), f"{bag.name}{topic}")


def _topics(bag: Path, labels: BagLabels, log: SkipLog) -> dict[str, Topic]:
    """Return the topics that are there: those named, else those with the default topic and type."""
    there = {connection.topic: connection.msgtype for connection in open_bag(bag).connections}
    found: dict[str, Topic] = {}
    for name, modality in MODALITIES.items():
        topic = labels.topics.get(name, Topic(f"/{modality.topic}"))
        kind = there.get(topic.topic)
        if kind in TYPES[name]:
            found[name] = topic
        elif name in labels.topics:
            why = "is not in the bag" if kind is None else f"is of type {kind}"
            log.add(f"{bag.name}{topic.topic}", f"the topic named for {name} {why}")
    return found


def _spans(bag: Path, labels: BagLabels) -> list[Span]:
    if labels.spans:
        return list(labels.spans)
    begin, end = open_bag(bag).start_time, open_bag(bag).end_time
    said = [
        ((time - begin) / NS, str(decode().data).strip())
        for _, time, decode in messages(bag, {labels.label_topic})
    ]
    return [
        Span(start, stop, label)
        for (start, label), (stop, _) in pairwise([*said, ((end - begin) / NS, "")])
        if label and stop > start
    ]


def _samples(bag: Path, span: Span, period: float) -> Iterator[tuple[int, int]]:
    """Cut a span into samples, and yield begin and end in ns; what is left over is shared out."""
    count = max(int((span.end - span.start) / period + 1e-6), 1)
    edges = np.linspace(span.start, span.end, count + 1)
    begin = open_bag(bag).start_time
    yield from pairwise(begin + round(edge * NS) for edge in edges)


def _times(bag: Path, topics: dict[str, Topic]) -> dict[str, npt.NDArray[np.int64]]:
    """Return when each modality's messages were recorded, in ns, in one pass over the bag."""
    names = {topic.topic: name for name, topic in topics.items()}
    times: dict[str, list[int]] = {name: [] for name in topics}
    for topic, time, _ in messages(bag, names):
        times[names[topic]].append(time)
    return {name: np.array(found, np.int64) for name, found in times.items()}


def _bag_items(reader: Reader, bag: Path, name: str, log: SkipLog) -> Iterator[Item]:
    labels = read_bag_labels(bag / LABELS)
    topics = _topics(bag, labels, log)
    spans = _spans(bag, labels)
    if not topics:
        log.add(bag.name, "the bag has no topic of any modality")
        return
    if not spans:
        log.add(bag.name, f"the bag has neither {LABELS} nor labels on {labels.label_topic}")
        return
    times = _times(bag, topics)
    for span in spans:
        for start, stop in _samples(bag, span, labels.period):
            modalities: dict[str, Load] = {}
            for modality, topic in topics.items():
                begin = max(start, stop - EVENT_NS) if modality == "event" else start
                inside = (begin <= times[modality]) & (times[modality] < stop)
                if inside.any():
                    load = partial(load_messages, bag, modality, topic, begin, stop)
                    modalities[modality] = load
            if not modalities:
                log.add(bag.name, "no sensor says anything in the sample's time")
                continue
            yield reader.item(
                f"{name}/{start}",
                span.label,
                modalities,
                split=labels.split,
                thing=span.thing or f"{name}-{span.label}",
                licence=labels.licence,
                author=labels.author,
                meta={"bag": name, "time_ns": start},
            )


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    if (root / METADATA).is_file():
        bags = [root]
    else:
        bags = [folder for folder in folders(root) if (folder / METADATA).is_file()]
    for bag in bags:
        try:
            yield from _bag_items(reader, bag, bag.name, log)
        except SkipError as error:
            log.add(error.what, error.reason)
        except ReaderError as error:
            log.add(bag.name, str(error))


BAG = Reader(
    name="bag",
    title="ROS 2 bag",
    modalities=tuple(TYPES),
    layout=f"a bag with {METADATA} and {LABELS}, or folders of such",
    licence="as the bag's owner says",
    author="",
    scan=_scan,
)
