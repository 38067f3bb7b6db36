"""Configuration, said once: type, default, range and description of every parameter.

The fields' metadata become ROS parameter descriptors in nodes/parameters.py and the tables of
docs/parameters.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from omnibind_ros.fusion import FUSIONS
from omnibind_ros.modalities import MODALITIES


def parameter(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    live: bool = False,
) -> Any:
    """Return a dataclass field that describes a parameter.

    Args:
        default: Default value; a list is copied for each instance.
        description: One sentence, with the unit.
        low: Smallest value allowed.
        high: Largest value allowed.
        choices: Texts allowed; empty for any.
        live: True where a change counts at once, without a new configure.
    """
    metadata = {
        "description": description, "low": low, "high": high, "choices": choices, "live": live,
    }  # fmt: skip
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass
class SensorConfig:
    """Parameters of one sensor, under `sensor.NAME.` in the parameter file."""

    modality: str = parameter(
        "", "Modality of the sensor; empty: its name is one.", choices=("", *MODALITIES)
    )
    topic: str = parameter("", "Topic, relative and remappable; empty: the modality's default.")
    type: str = parameter("", "ROS message type; empty: the modality's default.")
    max_age: float = parameter(
        0.0,
        "Seconds after which a sample is stale and no evidence any more; 0: the modality's "
        "default.",
        low=0.0,
        high=3600.0,
        live=True,
    )
    rate_limit: float = parameter(
        0.0, "Encodings per second at most; 0: no limit.", low=0.0, high=1000.0, live=True
    )
    reliability: str = parameter(
        "best_effort", "QoS reliability of the subscription.", choices=("best_effort", "reliable")
    )
    depth: int = parameter(1, "QoS history depth of the subscription.", low=1, high=1000)
    stamp: str = parameter(
        "auto",
        "Where a sample's age comes from: its header, its arrival, or auto (the header where it "
        "is plausible, else the arrival, with a warning).",
        choices=("auto", "header", "arrival"),
        live=True,
    )


@dataclass
class PerceptionConfig:
    """Parameters of the perception node."""

    bundle: str = parameter(
        "household", "Name of an installed bundle, or the path of a bundle's folder."
    )
    sensors: list[str] = parameter(
        ["camera", "speech"], "Names of the sensors; each is described under sensor.NAME."
    )
    labels: list[str] = parameter(
        [], "Labels to recognise; empty: the bundle's own. ~/set_labels changes them at run time."
    )
    fusion: str = parameter("mean", "Fusion of the fresh embeddings.", choices=tuple(FUSIONS))
    workers: int = parameter(1, "Threads that decode and encode.", low=1, high=64)
    threads: int = parameter(1, "Threads inside each encoder.", low=1, high=64)
    top_k: int = parameter(
        5, "Labels in each ~/recognition, best first.", low=1, high=1000, live=True
    )
    min_similarity: float = parameter(
        -1.0,
        "Cosine similarity below which the best label is unknown; -1: as the bundle says.",
        low=-1.0,
        high=1.0,
        live=True,
    )
    status_rate: float = parameter(
        20.0, "Presence checks per second; ~/sensors is published on a change, and at 1 Hz.",
        low=1.0, high=100.0,
    )  # fmt: skip
    matched_events: bool = parameter(
        True, "Learn of publishers by matched events where ROS has them; else by polling at 2 Hz."
    )
    autostart: bool = parameter(True, "Configure and activate at start.")


class ParameterError(ValueError):
    """A parameter's value is not allowed; the text is one sentence."""


def check(config_type: type, name: str, value: Any, prefix: str = "") -> Any:
    """Check one value against its field, and return it in the field's type.

    Args:
        config_type: One of the dataclasses above.
        name: Name of the field.
        value: The value to check.
        prefix: What stands before the name in the message.

    Raises:
        ParameterError: Wrong type, out of range, or none of the choices.
    """
    spec = next(f for f in fields(config_type) if f.name == name)
    default = getattr(config_type(), name)
    meta: Mapping[str, Any] = spec.metadata
    shown = f"parameter {prefix}{name} is {str(value)[:60]!r}"
    if isinstance(default, list):
        items = list(value) if isinstance(value, (list, tuple)) else None
        if items is None or not all(isinstance(item, str) for item in items):
            raise ParameterError(f"{shown}, but must be a list of texts")
        return items
    if type(default) is float and type(value) is int:
        value = float(value)  # YAML writes 1 for 1.0
    if type(value) is not type(default):
        raise ParameterError(f"{shown}, but must be of type {type(default).__name__}")
    if meta["choices"] and value not in meta["choices"]:
        allowed = ", ".join(choice or "empty" for choice in meta["choices"])
        raise ParameterError(f"{shown}, but must be one of: {allowed}")
    if meta["low"] is not None and not meta["low"] <= value <= meta["high"]:
        raise ParameterError(f"{shown}, but must be in {meta['low']} .. {meta['high']}")
    return value
