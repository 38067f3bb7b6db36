"""Sensors: one module a modality, from ROS messages to samples.

The module of a modality, `sensors/MODALITY.py`, has

- `SENSOR_TYPES`: an iterable of `SensorType`, one for each message type that it decodes.

A sensor type of your own is a module with `SENSOR_TYPES` that the parameter `sensor_modules` names
(docs/how-to/adding_a_sensor.md).
"""

from __future__ import annotations

from .base import (
    GUESSES,
    Chunk,
    Doubt,
    Doubtful,
    Issue,
    NoEvidenceError,
    NoOptions,
    NotReadyError,
    RejectedSampleError,
    Sample,
    SensorType,
)
from .registry import SensorRegistry, normalise_type

__all__ = [
    "GUESSES",
    "Chunk",
    "Doubt",
    "Doubtful",
    "Issue",
    "NoEvidenceError",
    "NoOptions",
    "NotReadyError",
    "RejectedSampleError",
    "Sample",
    "SensorRegistry",
    "SensorType",
    "normalise_type",
]
