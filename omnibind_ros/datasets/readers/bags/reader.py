"""ROS 2 bags of one's own robot, read by the rosbags library without ROS.

Layout: the folder is one bag, or it has several. The labels are in labels.yaml in the bag's folder,
as `labels.py` describes, or on a topic of std_msgs/String, or else what a perception node was
taught meanwhile (`teaching.py`).

A labelled period of time is divided into samples of `period` seconds. In each, every sensor is
observed when the last of its messages arrives that a node would use (`observing.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.base import Load, Reader, ReaderError, folders
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.plain_text import clean_text

from .files import bag_problems, is_bag, messages, open_bag
from .labels import BagLabels, Span, read_bag_labels
from .observing import Moment, find_moments, load_sample
from .sensors import BagSensor, bag_modalities, find_sensors
from .teaching import teaching_labels

LABELS = "labels.yaml"

NS = 1_000_000_000


def labelled_spans(bag: Path, labels: BagLabels) -> list[Span]:
    """Return the periods of time of a bag that have a label."""
    if labels.spans:
        return list(labels.spans)
    begin, end = open_bag(bag).start_time, open_bag(bag).end_time
    changes = [
        ((time - begin) / NS, clean_text(str(decode().data)))
        for _, time, decode in messages(bag, {labels.label_topic})
    ]
    spans = [
        Span(start, stop, label)
        for (start, label), (stop, _) in pairwise([*changes, ((end - begin) / NS, "")])
        if label and stop > start
    ]
    return spans or teaching_labels(bag)


def _samples(bag: Path, span: Span, period: float) -> Iterator[tuple[int, int]]:
    """Divide a span into samples of equal length, at least `period`; yield begin and end in ns."""
    count = max(int((span.end - span.start) / period + 1e-6), 1)
    edges = np.linspace(span.start, span.end, count + 1)
    begin = open_bag(bag).start_time
    yield from pairwise(begin + round(edge * NS) for edge in edges)


SpansOf = Callable[[Path, BagLabels], list[Span]]
"""Returns the periods of time of a bag's samples, each with its label."""


def _bag_items(
    reader: Reader, bag: Path, name: str, log: SkipLog, spans_of: SpansOf
) -> Iterator[Item]:
    labels = read_bag_labels(bag / LABELS)
    there = {connection.topic: connection.msgtype for connection in open_bag(bag).connections}
    sensors, left_out = find_sensors(bag, there, labels)
    for topic, reason in left_out:
        log.add(f"{bag.name}{topic}", reason)
    spans = spans_of(bag, labels)
    if not sensors:
        names = ", ".join(sorted(there)) or "no topic"
        log.add(bag.name, f"no topic is that of a sensor; name them in {LABELS}: it has {names}")
        return
    if not spans:
        log.add(
            bag.name,
            f"the bag has neither labels in {LABELS} nor on {labels.label_topic}, and nothing was "
            "enrolled in it",
        )
        return
    samples = [(span, *times) for span in spans for times in _samples(bag, span, labels.period)]
    times = [(start, stop) for _, start, stop in samples]
    moments: dict[BagSensor, list[Moment | None]] = {
        sensor: find_moments(sensor, messages(bag, {sensor.topic}), times, log)
        for sensor in sensors
    }
    for index, (span, start, _) in enumerate(samples):
        modalities: dict[str, Load] = {}
        for sensor, found in moments.items():
            moment = found[index]
            if moment is not None:
                modalities[sensor.modality] = partial(load_sample, sensor, moment)
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


def bags_in(root: Path) -> list[Path]:
    """Return the bags of a folder: itself, if it is one, or those in it."""
    return [root] if is_bag(root) else [folder for folder in folders(root) if is_bag(folder)]


def scan_bags(
    reader: Reader, root: Path, log: SkipLog, spans_of: SpansOf = labelled_spans
) -> Iterator[Item]:
    """List the items of the bags in a folder; see `Reader.scan`."""
    for bag in bags_in(root):
        try:
            yield from _bag_items(reader, bag, bag.name, log, spans_of)
            for problem in bag_problems(bag):  # known in full once the messages were read
                log.add(bag.name, problem)
        except SkipError as error:
            log.add(error.what, error.reason)
        except ReaderError as error:
            log.add(bag.name, str(error))


BAG = Reader(
    name="bag",
    title="ROS 2 bag",
    modalities=bag_modalities(),
    layout=f"a bag (.db3 or .mcap files) with {LABELS}, or folders of such bags",
    licence="as the bag's owner says",
    author="",
    scan=scan_bags,
)
