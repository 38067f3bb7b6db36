"""Sensors: one module a modality, from ROS messages to samples.

A new sensor type is one module with `SENSOR_TYPES`, and its name in `MODULES`; a module outside
this package is named in the parameter `sensor_modules` (docs/how-to/adding_a_sensor.md).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from omnibind_ros.modalities import MODALITIES

from .base import Chunk, NoOptions, NotReadyError, RejectedSampleError, Sample, SensorType

__all__ = [
    "Chunk",
    "NoOptions",
    "NotReadyError",
    "RejectedSampleError",
    "Sample",
    "SensorType",
    "find_sensor_type",
    "normalise_type",
    "options_of",
    "register",
    "register_module",
    "sensor_types",
]

MODULES = ("image", "text", "touch", "thermal", "event", "points", "audio", "embedding")

_types: dict[tuple[str, str], SensorType] = {}


def normalise_type(name: str) -> str:
    """Return a ROS message type in its three-part form: `pkg/Name` becomes `pkg/msg/Name`."""
    package, _, message = name.partition("/")
    return name if "/" in message or not message else f"{package}/msg/{message}"


def register(types: Iterable[SensorType]) -> None:
    """Make sensor types known; one that is there already is replaced.

    Raises:
        ValueError: A type's modality is unknown; the text is one sentence.
    """
    for kind in types:
        if kind.modality not in MODALITIES:
            raise ValueError(
                f"the sensor type for {kind.message} has the unknown modality '{kind.modality}'; "
                f"use one of: {', '.join(MODALITIES)}"
            )
        _types[kind.modality, normalise_type(kind.message)] = kind


def register_module(name: str) -> None:
    """Import a module and register its `SENSOR_TYPES`.

    Args:
        name: Dotted name of the module.

    Raises:
        ValueError: It cannot be imported or has no usable `SENSOR_TYPES`; the text is one sentence.
    """
    try:
        types = tuple(importlib.import_module(name).SENSOR_TYPES)
    except Exception as error:  # whatever a user's module does at import
        raise ValueError(
            f"sensor module '{name}' cannot be used ({type(error).__name__}: {error}); install it "
            "and let it define SENSOR_TYPES"
        ) from error
    if not all(isinstance(kind, SensorType) for kind in types):
        raise ValueError(
            f"sensor module '{name}' has SENSOR_TYPES that are no SensorType; see "
            "docs/how-to/adding_a_sensor.md"
        )
    register(types)


def sensor_types() -> tuple[SensorType, ...]:
    """Return every registered sensor type, in the order of registration."""
    return tuple(_types.values())


def options_of(modality: str, message_type: str) -> type:
    """Return the dataclass of the parameters that only this sensor type has."""
    kind = _types.get((modality, normalise_type(message_type)))
    return kind.options if kind is not None else NoOptions


def find_sensor_type(modality: str, message_type: str) -> SensorType:
    """Return the sensor type of a modality's message type.

    Raises:
        KeyError: There is none; the text is a sentence that names those there are.
    """
    message_type = normalise_type(message_type)
    try:
        return _types[modality, message_type]
    except KeyError:
        known = sorted(kind for name, kind in _types if name == modality)
        raise KeyError(
            f"no decoder turns {message_type or 'an empty type'} into modality '{modality}'; "
            + (f"use one of: {', '.join(known)}" if known else "this modality has no sensor yet")
        ) from None


for _module in MODULES:
    register_module(f"{__name__}.{_module}")
