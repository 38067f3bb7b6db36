"""ROS 2 bags of one's own robot, read by the rosbags library without ROS.

Layout: the folder is one bag (metadata.yaml beside .db3 or .mcap files), or it has several. The
labels are in labels.yaml in the bag's folder, as `labels.py` describes, or on a topic of
std_msgs/String.

A labelled period of time is divided into samples of `period` seconds. A picture or point cloud is
the last one of the sample's time, events are those of its last 50 ms, sound is all of it. For touch
the first picture of the bag is the reference: nothing may touch the pad when you start to record.
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

from . import bag_modalities, bag_module
from .base import NS, MessageSource
from .files import messages, open_bag
from .labels import BagLabels, Span, Topic, read_bag_labels

LABELS = "labels.yaml"
METADATA = "metadata.yaml"


def load_messages(bag: Path, modality: str, topic: Topic, start: int, stop: int) -> Any:
    """Read one modality of one sample.

    Args:
        bag: The bag's folder.
        modality: One of `bag_modalities`.
        topic: Its topic.
        start: Beginning of the sample's time, ns.
        stop: End of the sample's time, ns.

    Returns:
        The data, as datasets hold it.

    Raises:
        SkipError: There is no message in this time, or it cannot be used.
    """
    name = f"{bag.name}{topic.topic}"
    decoded = [decode() for _, _, decode in messages(bag, {topic.topic}, start, stop)]
    if not decoded:
        raise SkipError(name, f"there is no message of {modality} in the sample's time")
    source = MessageSource(name, topic, partial(_first_message, bag, topic.topic))
    return bag_module(modality).load(decoded, source)


@lru_cache(maxsize=8)
def _first_message(bag: Path, topic: str) -> Any:
    _, _, decode = next(messages(bag, {topic}))
    return decode()


def _topics(bag: Path, labels: BagLabels, log: SkipLog) -> dict[str, Topic]:
    """Return the topics of the bag: those named in labels.yaml, else those of default name."""
    there = {connection.topic: connection.msgtype for connection in open_bag(bag).connections}
    topics: dict[str, Topic] = {}
    for name in bag_modalities():
        topic = labels.topics.get(name, Topic(f"/{MODALITIES[name].topic}"))
        kind = there.get(topic.topic)
        if kind in bag_module(name).TYPES:
            topics[name] = topic
        elif name in labels.topics:
            why = "is not in the bag" if kind is None else f"is of type {kind}"
            log.add(f"{bag.name}{topic.topic}", f"the topic named for {name} {why}")
    return topics


def _spans(bag: Path, labels: BagLabels) -> list[Span]:
    if labels.spans:
        return list(labels.spans)
    begin, end = open_bag(bag).start_time, open_bag(bag).end_time
    changes = [
        ((time - begin) / NS, str(decode().data).strip())
        for _, time, decode in messages(bag, {labels.label_topic})
    ]
    return [
        Span(start, stop, label)
        for (start, label), (stop, _) in pairwise([*changes, ((end - begin) / NS, "")])
        if label and stop > start
    ]


def _samples(bag: Path, span: Span, period: float) -> Iterator[tuple[int, int]]:
    """Divide a span into samples of equal length, at least `period`; yield begin and end in ns."""
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
    return {name: np.array(values, np.int64) for name, values in times.items()}


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
                window = getattr(bag_module(modality), "WINDOW_NS", stop - start)
                begin = max(start, stop - window)
                inside = (begin <= times[modality]) & (times[modality] < stop)
                if inside.any():
                    load = partial(load_messages, bag, modality, topic, begin, stop)
                    modalities[modality] = load
            if not modalities:
                log.add(bag.name, "no sensor has a message in the sample's time")
                continue
            yield reader.item(
                f"{name}/{start}",
                span.label,
                modalities,
                split=labels.split,
                object_name=span.object_name or f"{name}-{span.label}",
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
    modalities=bag_modalities(),
    layout=f"a bag with {METADATA} and {LABELS}, or folders of such bags",
    licence="as the bag's owner says",
    author="",
    scan=_scan,
)
