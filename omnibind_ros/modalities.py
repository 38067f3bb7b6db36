"""The only list of modalities, and where the parts of a modality are.

A modality has a number, a role, a default topic, message type and age: an entry of `MODALITIES`.
All else that one modality needs (its sensor types, encoder, codec, student, simulation) is a module
of the room that needs it, named after the modality: `part("encoders", "thermal")` is
`omnibind_ros.encoders.thermal`. The `__init__.py` of each room documents which names such a module
has. No room has a list of modalities of its own.

Another package adds a modality by an entry point of the group `omnibind_ros.modalities`, whose name
is the modality's and whose value is a Python package. That package holds `MODALITY`, and a module
named after each room that the modality takes part in: `part("encoders", "imu")` is then
`omnibind_imu.encoders`, and `part("learning.students", "imu")` is `omnibind_imu.students`
(docs/how-to/adding_a_modality.md).
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from types import ModuleType

GROUP = "omnibind_ros.modalities"
"""Entry points by which other packages add modalities."""

RESERVED = 64
"""Numbers below this one are those of this package; modalities of other packages start here."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Modality:
    """What every room needs to know of a modality.

    Attributes:
        name: One of the keys of `MODALITIES`.
        number: Its row in the tables of fusion.onnx; fixed for ever.
        teacher: True for the data-rich modalities, whose encoders are teachers of the others.
        topic: Default topic, relative and remappable.
        type: Default ROS message type.
        max_age: Default age in seconds from which a sample is no longer used.
    """

    name: str
    number: int
    teacher: bool
    topic: str
    type: str
    max_age: float


OWN = (
    Modality("image", 0, True, "image", "sensor_msgs/msg/Image", 0.5),
    Modality("text", 1, True, "text", "std_msgs/msg/String", 3.0),
    Modality("touch", 2, False, "touch", "sensor_msgs/msg/Image", 0.5),
    Modality("thermal", 3, False, "thermal", "sensor_msgs/msg/Image", 0.5),
    Modality("event", 4, False, "event", "omnibind_msgs/msg/Events", 0.5),
    Modality("points", 5, False, "points", "sensor_msgs/msg/PointCloud2", 0.5),
    Modality("audio", 6, False, "audio", "omnibind_msgs/msg/Audio", 1.0),
)
"""The modalities of this package."""


def _packages() -> dict[str, str]:
    """Return the entry points of `GROUP`, name to package, sorted by name.

    Importing and using `importlib.metadata` takes a tenth of a second, so it is only used where the
    file of an installed distribution contains the group's name.
    """
    wanted = f"[{GROUP}]"
    for folder in dict.fromkeys(sys.path):
        for file in Path(folder or ".").glob("*.*-info/entry_points.txt"):
            if wanted in file.read_text(encoding="utf-8"):
                from importlib.metadata import entry_points  # noqa: PLC0415 - slow, see above

                return {entry.name: entry.value for entry in sorted(entry_points(group=GROUP))}
    return {}


def _load(name: str, package: str, others: Collection[Modality]) -> Modality:
    """Return the modality that a package registers.

    Raises:
        ValueError: Its package has none, or its name or number is in use.
    """
    modality = importlib.import_module(package).MODALITY
    if not isinstance(modality, Modality) or modality.name != name:
        raise ValueError(f"its MODALITY is no Modality named '{name}'")
    if any(name == other.name for other in others):
        raise ValueError("its name is in use")
    if modality.number < RESERVED or any(modality.number == other.number for other in others):
        raise ValueError(f"its number {modality.number} is in use, or below {RESERVED}")
    return modality


def _external() -> dict[str, tuple[Modality, str]]:
    """Return the modalities of other packages by name, each with its package.

    One that cannot be used is left out with a warning, so that the others work.
    """
    external: dict[str, tuple[Modality, str]] = {}
    for name, package in _packages().items():
        try:
            modality = _load(name, package, [*OWN, *(other for other, _ in external.values())])
        except Exception as error:  # noqa: BLE001 - another package's import may raise anything
            kind = type(error).__name__
            _log.warning("the modality '%s' of %s is left out (%s: %s)", name, package, kind, error)
        else:
            external[name] = (modality, package)
    return external


_EXTERNAL = _external()

MODALITIES: dict[str, Modality] = {
    modality.name: modality
    for modality in sorted(
        [*OWN, *(modality for modality, _ in _EXTERNAL.values())], key=lambda m: m.number
    )
}
"""All modalities by name, in the order of their numbers."""

TEACHERS = tuple(name for name, modality in MODALITIES.items() if modality.teacher)
STUDENTS = tuple(name for name, modality in MODALITIES.items() if not modality.teacher)

TABLE_SIZE = 1 + max(modality.number for modality in MODALITIES.values())
"""Rows of a table that is indexed by the modalities' numbers."""


def module_name(room: str, modality: str) -> str:
    """Return the name of the module that a room has for a modality.

    Args:
        room: Dotted name of the room below `omnibind_ros`, such as `encoders` or
            `learning.students`.
        modality: A key of `MODALITIES`.

    Raises:
        KeyError: There is no such modality; the text is a sentence.
    """
    if modality in _EXTERNAL:
        return f"{_EXTERNAL[modality][1]}.{room.rpartition('.')[2]}"
    if modality not in MODALITIES:
        raise KeyError(f"there is no modality '{modality}'; use one of: {', '.join(MODALITIES)}")
    return f"omnibind_ros.{room}.{modality}"


def part(room: str, modality: str) -> ModuleType:
    """Import and return the module that a room has for a modality.

    Args:
        room: Dotted name of the room below `omnibind_ros`.
        modality: A key of `MODALITIES`.

    Raises:
        KeyError: There is no such modality; the text is a sentence.
        ImportError: The modality takes no part in that room, or its module cannot be imported.
    """
    return importlib.import_module(module_name(room, modality))


def has_part(room: str, modality: str) -> bool:
    """Return whether a modality takes part in a room.

    Args:
        room: Dotted name of the room below `omnibind_ros`.
        modality: A key of `MODALITIES`.

    Raises:
        KeyError: There is no such modality; the text is a sentence.
    """
    return importlib.util.find_spec(module_name(room, modality)) is not None


def combination_name(names: Collection[str]) -> str:
    """Return names of modalities, joined with '+' in the order of `MODALITIES`."""
    return "+".join(name for name in MODALITIES if name in names)


def all_combinations(modalities: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield every combination of at least one modality, small ones first, each in order."""
    for size in range(1, len(modalities) + 1):
        yield from combinations(modalities, size)
