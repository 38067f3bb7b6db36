"""The labels.yaml of a recording: which topic each sensor has, with its parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import yaml

from omnibind_ros.config import ParameterError, check
from omnibind_ros.datasets.readers.bags.sensors import NOT_OFFLINE, bag_modalities
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.sensors import SensorRegistry

NOT_OF_A_BAG = NOT_OFFLINE | {"topic", "type"}
"""Parameters that are not written: they mean nothing in a bag, or are said otherwise."""


@dataclass(frozen=True)
class RecordedSensor:
    """A sensor of the node that is recorded.

    Attributes:
        name: Its name.
        modality: A key of `MODALITIES`.
        topic: Its topic, resolved.
        parameters: Its parameters, as the node has them.
    """

    name: str
    modality: str
    topic: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def labels_file(
    sensors: Sequence[RecordedSensor], types: Mapping[str, str], modules: Sequence[str] = ()
) -> tuple[str, list[str]]:
    """Return the text of labels.yaml for a recording, and a sentence for each sensor left out.

    Args:
        sensors: The node's sensors, in its order.
        types: Message types by topic.
        modules: The node's modules with sensor types.

    Returns:
        The text has no labels: they are those on ~/teaching, or the user adds them.
    """
    registry = registry_of(modules)
    topics: dict[str, Any] = {}
    left_out: list[str] = []
    for sensor in sensors:
        kind = types.get(sensor.topic)
        if kind is None:
            continue
        if sensor.modality not in bag_modalities() or not _readable(registry, sensor, kind):
            left_out.append(
                f"{sensor.topic} is recorded, but datasets cannot hold {kind} of {sensor.modality}"
            )
        elif sensor.modality in topics:
            left_out.append(
                f"{sensor.topic} is recorded, but a dataset has one sensor of {sensor.modality}: "
                f"{topics[sensor.modality]['topic']}; labels.yaml chooses"
            )
        else:
            parameters = changed_parameters(registry, sensor, kind)
            topics[sensor.modality] = {"topic": sensor.topic, **parameters}
    content: dict[str, Any] = {"topics": topics}
    if modules:
        content["sensor_modules"] = list(modules)
    comments = [
        "# Written by omnibind bag record; docs/how-to/own_data.md describes it.",
        *left_out,
    ]
    head = "\n# ".join(comments)
    return f"{head}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}", left_out


def registry_of(modules: Collection[str]) -> SensorRegistry:
    """Return the installed sensor types and those of modules that are installed here."""
    registry = SensorRegistry.installed()
    for module in modules:
        try:
            registry.register_module(module)
        except ValueError:
            continue  # the node has it on another computer; its topics are recorded all the same
    return registry


def is_stateful(registry: SensorRegistry, modality: str, kind: str) -> bool:
    """Return whether a sensor's samples depend on messages before their own."""
    try:
        return registry.find(modality, kind).stateful
    except KeyError:
        return False


def _readable(registry: SensorRegistry, sensor: RecordedSensor, kind: str) -> bool:
    try:
        return not registry.find(sensor.modality, kind).encoded
    except KeyError:
        return False


def changed_parameters(
    registry: SensorRegistry, sensor: RecordedSensor, kind: str
) -> dict[str, Any]:
    """Return the parameters of a sensor that count in a bag and are not the defaults.

    Args:
        registry: The sensor types.
        sensor: The sensor.
        kind: Message type of its topic.
    """
    found: dict[str, Any] = {}
    for owner in (SensorConfig, registry.options_of(sensor.modality, kind)):
        defaults = owner()
        for spec in fields(owner):
            if spec.name in NOT_OF_A_BAG or spec.name not in sensor.parameters:
                continue
            value = sensor.parameters[spec.name]
            value = list(value) if not isinstance(value, (str, int, float, bool)) else value
            try:
                value = check(owner, spec.name, value)
            except ParameterError:
                continue  # the node does not use it either, and says so
            if value != getattr(defaults, spec.name):
                found[spec.name] = value
    return found
