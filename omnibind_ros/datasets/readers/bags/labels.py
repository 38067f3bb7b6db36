"""The labels of a bag: labels.yaml in its folder.

The file, of which every part is optional::

    topics:                      # by modality; others are found by default topic and type
      image: /camera/image_raw
      thermal: {topic: /thermal, unit: decikelvin}  # parameters as in a node's parameter file
    labels:                      # seconds after the bag's first message
      - {start: 0.0, end: 6.5, label: mug, object: blue_mug}
    label_topic: /label          # instead of labels: std_msgs/String, each holds until the next
    period: 2.0                  # seconds a sample
    split: train                 # of the bag; without it a hash of the object decides
    licence: my own
    sensor_modules: [my_sensors] # modules with sensor types of your own

An empty string on the label topic ends a label. Without labels here and on the label topic, the
labels are what was enrolled while the bag was recorded (~/teaching).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.datasets.readers.base import ReaderError
from omnibind_ros.datasets.storage.item import SPLITS, Split
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.plain_text import clean_text
from omnibind_ros.safe_yaml import load_yaml

KEYS = frozenset(
    {
        *("topics", "labels", "label_topic", "period", "split", "licence", "author"),
        "sensor_modules",
    }
)


@dataclass(frozen=True)
class Span:
    """A period of time with a label, in seconds after the bag's first message.

    Attributes:
        start: Its beginning.
        end: Its end.
        label: The class of the object before the sensors.
        object_name: Name of the object; empty: the bag has one object of the class.
    """

    start: float
    end: float
    label: str
    object_name: str = ""


@dataclass(frozen=True)
class Topic:
    """The topic of a modality.

    Attributes:
        topic: Its name.
        parameters: The sensor's parameters, as under `sensor.NAME.` in a node's parameter file;
            lists are tuples.
    """

    topic: str
    parameters: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class BagLabels:
    """The content of labels.yaml; without a file, labels come from /label.

    Attributes:
        topics: Topics by modality.
        spans: Labels over time.
        label_topic: Topic with labels, where there are no spans.
        period: Seconds a sample; by default the window of a microphone, so that sound fits in.
        split: Split of all samples of the bag.
        licence: Licence of the recording.
        author: Author of the recording.
        sensor_modules: Modules with sensor types of the user's own.
    """

    topics: Mapping[str, Topic] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    label_topic: str = "/label"
    period: float = 2.0
    split: Split | None = None
    licence: str = "as the bag's owner says"
    author: str = ""
    sensor_modules: tuple[str, ...] = ()


def _topic(entry: Any) -> Topic:
    if isinstance(entry, str):
        return Topic(entry)
    parameters = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
    }
    return Topic(str(parameters.pop("topic")), tuple(sorted(parameters.items())))


def _span(entry: Mapping[str, Any]) -> Span:
    start, end = float(entry["start"]), float(entry["end"])
    if not isinstance(entry["label"], str) or not clean_text(entry["label"]):
        raise TypeError(f"label {entry['label']!r} is no text")
    if not 0 <= start < end:
        raise ValueError(f"a label from {start} to {end} s lasts no time")
    return Span(start, end, clean_text(entry["label"]), str(entry.get("object", "")))


def _labels(data: Mapping[str, Any]) -> BagLabels:
    unknown = set(data) - KEYS | set(data.get("topics") or {}) - set(MODALITIES)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(map(str, unknown)))}")
    chosen = {key: data[key] for key in KEYS - {"topics", "labels"} if key in data}
    chosen["sensor_modules"] = tuple(map(str, data.get("sensor_modules") or ()))
    if chosen.get("split", "train") not in SPLITS:
        raise ValueError(f"split {chosen['split']!r} is none of {', '.join(SPLITS)}")
    if not float(chosen.get("period", 2.0)) > 0:
        raise ValueError("period is not above 0 s")
    return BagLabels(
        topics={name: _topic(entry) for name, entry in (data.get("topics") or {}).items()},
        spans=tuple(_span(entry) for entry in data.get("labels") or ()),
        **chosen,
    )


def read_bag_labels(path: Path) -> BagLabels:
    """Read labels.yaml.

    Args:
        path: The file; where it is missing, the labels are those on the topic /label.

    Raises:
        ReaderError: Its content is not valid.
    """
    if not path.is_file():
        return BagLabels()
    try:
        data = load_yaml(path.read_text(encoding="utf-8")) or {}
        return _labels(data)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReaderError(f"{path} cannot be read as YAML ({error}); correct it") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReaderError(
            f"{path} does not label a bag ({error}); labels have start, end and label, topics are "
            "by modality"
        ) from error
