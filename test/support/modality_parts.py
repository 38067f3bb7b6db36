"""Walks all rooms and says which part of a modality is missing."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from omnibind_ros.modalities import MODALITIES, has_part, module_name, part


@dataclass(frozen=True)
class Room:
    """A room that has a module for each modality.

    Attributes:
        name: Dotted, below `omnibind_ros`.
        teacher: Names that the module of a teacher modality has; None: it has no module.
        student: Names that the module of a student modality has.
    """

    name: str
    teacher: tuple[str, ...] | None
    student: tuple[str, ...]

    def names(self, modality: str) -> tuple[str, ...] | None:
        """Return the names that the module of a modality has; None: it has no module."""
        return self.teacher if MODALITIES[modality].teacher else self.student


_SAMPLES = ("SUFFIX", "CONTENT", "encode", "decode", "to_observation", "picture", "noise")

ROOMS = (
    Room("sensors", ("SENSOR_TYPES",), ("SENSOR_TYPES",)),
    Room("encoders", ("make_encoder",), ("INPUT", "prepare")),
    Room("datasets.samples", _SAMPLES, _SAMPLES),
    Room("simulation", ("simulate",), ("simulate",)),
    Room("learning.students", None, ("build", "augment", "IMAGE_INITIALISATION")),
)


def missing_parts(modality: str, rooms: Iterable[Room] = ROOMS) -> Iterator[str]:
    """Yield a sentence for each part of a modality that is missing in a room."""
    for room in rooms:
        names = room.names(modality)
        if names is None:
            continue
        module = module_name(room.name, modality)
        if not has_part(room.name, modality):
            yield f"modality '{modality}' has no module {module} for the room {room.name}"
            continue
        try:
            there = vars(part(room.name, modality))
        except ImportError as error:
            yield f"the part of modality '{modality}' in {room.name} cannot be imported: {error}"
            continue
        for name in names:
            if name not in there:
                yield f"{module}, modality '{modality}' in the room {room.name}, has no {name}"


def undocumented_names() -> Iterator[str]:
    """Yield a sentence for each name that the `__init__.py` of its room does not describe."""
    for room in ROOMS:
        text = importlib.import_module(f"omnibind_ros.{room.name}").__doc__ or ""
        for name in dict.fromkeys((*(room.teacher or ()), *room.student)):
            if name not in text:
                yield f"omnibind_ros/{room.name} does not describe {name}"
