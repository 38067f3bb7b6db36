"""Which topics are sensors: decided by their type and by words in their name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from omnibind_ros.config import ParameterError
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import SensorRegistry, SensorType

from .reporter import Reporter

NO_SENSORS = frozenset(
    (
        *("annotated", "annotation", "bbox", "box", "class", "classification", "confidence"),
        *("costmap", "debug", "detection", "disparity", "embedding", "heatmap", "keypoint"),
        *("label", "map", "mask", "octomap", "overlay", "recognition", "result", "rviz"),
        *("segmentation", "semantic", "tts", "visualisation", "visualization", "viz"),
    )
)
"""Words in the names of topics that have a sensor's type and are results of software."""

PICTURES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
NO_PICTURES = frozenset({"depth"})
"""The same for pictures alone: a depth camera's cloud is a sensor, its depth picture is none."""

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word in a topic's name."""

REMOVE_AFTER = 60.0
"""Seconds without a publisher after which a discovered sensor is removed."""


class SensorParameters(Protocol):
    """The parameters that discovery changes.

    Attributes:
        sensor_types: The sensor types that a topic may have.
    """

    sensor_types: SensorRegistry

    def sensor_names(self) -> Sequence[str]:
        """Return the names of all sensors."""
        ...

    def set_sensor(self, name: str, values: Mapping[str, Any]) -> None:
        """Add a sensor.

        Raises:
            ParameterError: A name or a value is not allowed.
        """
        ...

    def remove_sensor(self, name: str) -> None:
        """Remove a sensor.

        Raises:
            ParameterError: There is no sensor of that name.
        """
        ...


class Discovery:
    """Adds a sensor for each topic of a sensor, and removes it when the topic has no publisher."""

    def __init__(
        self,
        parameters: SensorParameters,
        reporter: Reporter,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create it; `update` adds and removes sensors.

        Args:
            parameters: Get the sensors.
            reporter: Takes messages to the user.
            monotonic: A clock that never jumps, seconds.
        """
        self._parameters = parameters
        self._reporter = reporter
        self._monotonic = monotonic
        self._discovered: dict[str, tuple[str, float]] = {}
        """By sensor: its topic, and when it last had a publisher (monotonic, s)."""

    def update(self, published: Mapping[str, Sequence[str]], subscribed: Collection[str]) -> None:
        """Add and remove sensors.

        Args:
            published: The types of each topic that has a publisher, without the node's own.
            subscribed: The topics of the present sensors.
        """
        now = self._monotonic()
        # Also topics whose encoder is being loaded, or that could not be subscribed to.
        used = {*subscribed, *(topic for topic, _ in self._discovered.values())}
        for topic, types in published.items():
            # A compressed image beside the raw image adds nothing, whichever is there first.
            raw, compressed = topic.rpartition("/")[0], f"{topic}/compressed"
            if topic not in used and raw not in {*used, *published} and compressed not in used:
                self._add(topic, types, now)
        for name, (topic, when) in list(self._discovered.items()):
            if topic in published:
                self._discovered[name] = (topic, now)
            elif now - when > REMOVE_AFTER or name not in self._parameters.sensor_names():
                self._remove(name, topic)

    def _add(self, topic: str, types: Iterable[str], now: float) -> None:
        for message in types:
            kind = match(topic, message, self._parameters.sensor_types)
            if kind is None:
                continue
            name = sensor_name(topic, self._parameters.sensor_names())
            values = {"modality": kind.modality, "topic": topic, "type": message}
            try:
                self._parameters.set_sensor(name, values)
            except ParameterError as error:
                self._reporter.warning(f"no sensor was added for topic {topic}: {error}")
                return
            self._discovered[name] = (topic, now)
            self._reporter.info(f"sensor '{name}' ({kind.modality}) was added for topic {topic}")
            return

    def _remove(self, name: str, topic: str) -> None:
        del self._discovered[name]
        if name in self._parameters.sensor_names():
            self._parameters.remove_sensor(name)
            self._reporter.info(f"sensor '{name}' was removed: topic {topic} has no publisher")


def match(topic: str, message: str, kinds: Iterable[SensorType]) -> SensorType | None:
    """Return the sensor type of a topic; None if its name does not tell.

    A thermal camera and a tactile pad send images too, and `/thermal/image_raw` has the words of
    both. The words of the data-poor modalities are more specific, so they take precedence.

    Args:
        topic: Full name.
        message: Type, three parts.
        kinds: The sensor types to choose from.
    """
    if is_result(topic, message):
        return None
    words = topic_words(topic)
    matches = [
        kind
        for kind in kinds
        if kind.message == message and ("" in kind.discover or words.intersection(kind.discover))
    ]
    return min(matches, key=lambda kind: MODALITIES[kind.modality].teacher, default=None)


def is_result(topic: str, message: str) -> bool:
    """Return whether a topic's name says that it holds results of software, not a sensor's data.

    Args:
        topic: Full name.
        message: Type, three parts.
    """
    words = topic_words(topic)
    return bool(words & NO_SENSORS or (message in PICTURES and words & NO_PICTURES))


def topic_words(topic: str) -> set[str]:
    """Return the words of a topic's name in lower case, plurals also without their s.

    Words end at '/', '_', digits and before a capital letter: `/leftCamera2/RGBImages` has left,
    camera, rgb, images and image.
    """
    words = {word.lower() for word in WORD.findall(topic)}
    return words | {word[:-1] for word in words if word.endswith("s")}


def sensor_name(topic: str, used: Collection[str]) -> str:
    """Return a sensor name for a topic: `/front/image` becomes `front_image`.

    Args:
        topic: Full name.
        used: Names that are not free.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", topic).strip("_")[-48:].strip("_") or "sensor"
    if not name[0].isalpha():
        name = f"sensor_{name}"
    number = 2
    unique = name
    while unique in used:
        unique = f"{name}_{number}"
        number += 1
    return unique
