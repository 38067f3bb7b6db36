"""The seven modalities, said once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Modality:
    """What every room needs to know of a modality.

    Attributes:
        name: One of the keys of `MODALITIES`.
        teacher: True for the data-rich modalities whose encoders teach the others.
        topic: Default topic, relative and remappable.
        type: Default ROS message type.
        max_age: Default age in seconds after which a sample is no evidence any more.
    """

    name: str
    teacher: bool
    topic: str
    type: str
    max_age: float


MODALITIES: dict[str, Modality] = {
    modality.name: modality
    for modality in (
        Modality("image", True, "image", "sensor_msgs/msg/Image", 0.5),
        Modality("text", True, "text", "std_msgs/msg/String", 3.0),
        Modality("touch", False, "touch", "sensor_msgs/msg/Image", 0.5),
        Modality("thermal", False, "thermal", "sensor_msgs/msg/Image", 0.5),
        Modality("event", False, "event", "omnibind_msgs/msg/Events", 0.5),
        Modality("points", False, "points", "sensor_msgs/msg/PointCloud2", 0.5),
        Modality("audio", False, "audio", "omnibind_msgs/msg/Audio", 1.0),
    )
}


def combination_name(names: Collection[str]) -> str:
    """Return names of modalities, joined with '+' in the order of `MODALITIES`."""
    return "+".join(name for name in MODALITIES if name in names)


def all_combinations(modalities: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield every combination of at least one modality, small ones first, each in order."""
    for size in range(1, len(modalities) + 1):
        yield from combinations(modalities, size)
