"""The sensors of a replay: those of a parameter file, or those that a bag tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from omnibind_ros.bags.errors import ReplayError
from omnibind_ros.config import check
from omnibind_ros.datasets.readers.bags.files import open_bag
from omnibind_ros.datasets.readers.bags.labels import BagLabels, read_bag_labels
from omnibind_ros.datasets.readers.bags.reader import LABELS
from omnibind_ros.datasets.readers.bags.sensors import find_sensors, sensor_types
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.build import fill_in_defaults
from omnibind_ros.runtime.config import DEFAULT_SENSORS, PerceptionConfig, SensorConfig, SensorSetup
from omnibind_ros.runtime.launch_plan import parameters_of
from omnibind_ros.runtime.sensor_names import usable_names

NODE = "/perception"
"""The node whose parameters are taken from a parameter file."""


@dataclass(frozen=True)
class ReplayedSensor:
    """A sensor of a replay. It can be pickled.

    Attributes:
        name: Its name.
        bag: The bag with its messages.
        setup: Its parameters; topic and type are those in the bag.
        modules: Modules with sensor types of the user's own.
    """

    name: str
    bag: Path
    setup: SensorSetup
    modules: tuple[str, ...] = ()

    @property
    def modality(self) -> str:
        """Its modality."""
        return self.setup.config.modality

    @property
    def topic(self) -> str:
        """Its topic in the bag."""
        return self.setup.config.topic


@dataclass(frozen=True)
class Recording:
    """A bag with its sensors.

    Attributes:
        bag: Its folder.
        start_ns: Time of its first message, nanoseconds since the epoch.
        end_ns: Time of its last message.
        labels: What its labels.yaml says.
        sensors: Its sensors by name, in order.
        notes: What was left out, one sentence each.
    """

    bag: Path
    start_ns: int
    end_ns: int
    labels: BagLabels
    sensors: dict[str, ReplayedSensor]
    notes: tuple[str, ...] = ()


def read_parameters(file: Path | None) -> tuple[PerceptionConfig, dict[str, Any]]:
    """Return the parameters of the node, and all that a parameter file gives it.

    Args:
        file: A ROS 2 parameter file; None for the defaults.

    Raises:
        ValueError: The file cannot be used, or a value is not allowed; the text is one sentence.
    """
    config = PerceptionConfig()
    values = parameters_of(file, NODE) if file is not None else {}
    for spec in fields(config):
        if spec.name in values:
            value = check(PerceptionConfig, spec.name, values[spec.name])
            setattr(config, spec.name, value)
    return config, values


def read_recording(bag: Path, parameters: Mapping[str, Any]) -> Recording:
    """Find the sensors of a bag.

    Args:
        bag: Its folder.
        parameters: All parameters of a file; without `sensors` in it, the bag tells its sensors.

    Raises:
        ReplayError: None of its topics is that of a sensor; the text is one sentence.
        SkipError: Nothing in it can be read.
        ValueError: A parameter is not allowed; the text is one sentence.
    """
    opened = open_bag(bag)
    labels = read_bag_labels(bag / LABELS)
    there = {each.topic: each.msgtype for each in opened.connections}
    if "sensors" in parameters:
        modules = tuple(parameters.get("sensor_modules") or labels.sensor_modules)
        sensors, notes = _of_file(bag, there, parameters, modules)
    else:
        found, left_out = find_sensors(bag, there, labels)
        notes = [f"{topic} is left out: {reason}" for topic, reason in left_out]
        sensors = {
            each.modality: ReplayedSensor(each.modality, bag, each.setup(), each.modules)
            for each in found
        }
    if not sensors:
        topics = ", ".join(sorted(there)[:20]) or "no topic"
        raise ReplayError(
            f"no topic of {bag} is that of a sensor; name them in {bag / LABELS} "
            f"(docs/how-to/own_data.md) or give a parameter file with --params; it has: {topics}"
        )
    return Recording(bag, opened.start_time, opened.end_time, labels, sensors, tuple(notes))


def _of_file(
    bag: Path, there: Mapping[str, str], parameters: Mapping[str, Any], modules: tuple[str, ...]
) -> tuple[dict[str, ReplayedSensor], list[str]]:
    sensors: dict[str, ReplayedSensor] = {}
    names, notes = usable_names(check(PerceptionConfig, "sensors", parameters["sensors"]))
    for name in names:
        prefix = f"sensor.{name}."
        given = {
            key.removeprefix(prefix): value
            for key, value in parameters.items()
            if key.startswith(prefix)
        }
        config = SensorConfig(modality=DEFAULT_SENSORS.get(name, ""))
        _set(config, given, prefix)
        if not config.enabled:
            notes.append(f"{name} is left out: {prefix}enabled is false")
            continue
        topic = _topic(name, config, there)
        if topic not in there:
            notes.append(f"{name} is left out: the bag has no topic {topic}")
            continue
        config.topic, config.type = topic, there[topic]
        config = fill_in_defaults(name, config)
        try:
            kind = sensor_types(modules).find(config.modality, config.type)
        except KeyError as error:
            notes.append(f"{name} is left out: {error.args[0]}")
            continue
        options = kind.options()
        _set(options, given, prefix)
        sensors[name] = ReplayedSensor(name, bag, SensorSetup(config, options), modules)
    return sensors, notes


def _set(owner: Any, given: Mapping[str, Any], prefix: str) -> None:
    for spec in fields(owner):
        if spec.name in given:
            setattr(owner, spec.name, check(type(owner), spec.name, given[spec.name], prefix))


def _topic(name: str, config: SensorConfig, there: Mapping[str, str]) -> str:
    """Return a sensor's topic in the bag: as it is named, or that of the compressed pictures."""
    modality = MODALITIES.get(config.modality or name)
    named = config.topic or (modality.topic if modality is not None else name)
    topic = named if named.startswith("/") else f"/{named}"
    compressed = f"{topic}/compressed"
    return compressed if topic not in there and compressed in there else topic
