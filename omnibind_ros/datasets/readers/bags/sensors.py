"""The sensors of a bag: topics with the parameters that a node's sensor has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from omnibind_ros.config import ParameterError, check
from omnibind_ros.datasets.readers.base import ReaderError
from omnibind_ros.datasets.samples import stored_modalities
from omnibind_ros.modalities import MODALITIES, has_part
from omnibind_ros.runtime.build import fill_in_defaults
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig, SensorSetup
from omnibind_ros.sensors import SensorRegistry, SensorType

from .labels import BagLabels

NOT_OFFLINE = frozenset({"modality", "reliability", "depth", "rate_limit"})
"""Parameters of a sensor that mean nothing in a bag."""


@cache
def bag_modalities() -> tuple[str, ...]:
    """Return the modalities that are read from bags, in the order of `MODALITIES`."""
    return tuple(name for name in stored_modalities() if has_part("sensors", name))


@cache
def sensor_types(modules: tuple[str, ...]) -> SensorRegistry:
    """Return the installed sensor types and those of a user's modules.

    Args:
        modules: Dotted names, as in the node's parameter `sensor_modules`.

    Raises:
        ReaderError: A module cannot be used.
    """
    registry = SensorRegistry.installed()
    try:
        for module in modules:
            registry.register_module(module)
    except ValueError as error:
        raise ReaderError(str(error)) from error
    return registry


@dataclass(frozen=True)
class BagSensor:
    """One sensor of a bag. It can be pickled and hashed, and makes its `Channel` anywhere.

    Attributes:
        bag: The bag's folder.
        modality: A key of `MODALITIES`.
        topic: Its topic.
        type: The topic's message type, three parts.
        parameters: Parameters as in a node's parameter file, without `sensor.NAME.`; lists are
            tuples.
        modules: Modules with sensor types of the user's own.
    """

    bag: Path
    modality: str
    topic: str
    type: str
    parameters: tuple[tuple[str, Any], ...] = ()
    modules: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Bag and topic, for messages."""
        return f"{self.bag.name}{self.topic}"

    @property
    def kind(self) -> SensorType:
        """How its messages become samples.

        Raises:
            KeyError: There is no sensor type for its message type; the text is a sentence.
        """
        return sensor_types(self.modules).find(self.modality, self.type)

    def options(self) -> Any:
        """Return the parameters that only its sensor type has; raises as `channel`."""
        return self.channel().options

    def setup(self) -> SensorSetup:
        """Return its parameters, as a node has them.

        Raises:
            KeyError: There is no sensor type for its message type; the text is a sentence.
            ValueError: A parameter is not known or not allowed; the text is a sentence.
        """
        config = SensorConfig(modality=self.modality, topic=self.topic, type=self.type)
        options = self.kind.options()
        for name, value in self.parameters:
            owner = next((o for o in (config, options) if hasattr(o, name)), None)
            if owner is None or name in NOT_OFFLINE:
                known = [f.name for o in (config, options) for f in fields(o)]
                raise ParameterError(
                    f"topic {self.topic} has the parameter {name}, which {self.modality} from "
                    f"{self.type} does not have; use one of: "
                    f"{', '.join(sorted(set(known) - NOT_OFFLINE))}"
                )
            setattr(owner, name, check(type(owner), name, value, f"{self.topic}: "))
        return SensorSetup(fill_in_defaults(self.modality, config), options)

    def channel(self) -> Channel:
        """Return a new channel, as a node has it; raises as `setup`."""
        setup = self.setup()
        return Channel(self.modality, setup.config, self.kind, None, options=setup.options)


def find_sensors(
    bag: Path, there: Mapping[str, str], labels: BagLabels
) -> tuple[list[BagSensor], list[tuple[str, str]]]:
    """Find the sensors of a bag: the topics that labels.yaml names, else those of default name.

    A picture's default topic may also have image_transport's name for compressed pictures.

    Args:
        bag: The bag's folder.
        there: Message types by topic.
        labels: What the user has written about the bag.

    Returns:
        The sensors, and what cannot be used: topic and reason.

    Raises:
        ReaderError: A parameter or module in labels.yaml cannot be used.
    """
    sensors: list[BagSensor] = []
    left_out: list[tuple[str, str]] = []
    for modality in bag_modalities():
        default = f"/{MODALITIES[modality].topic}"
        named = labels.topics.get(modality)
        names = (named.topic,) if named else (default, f"{default}/compressed")
        topic = next((name for name in names if name in there), "")
        if not topic:
            if named:
                why = f"the topic named for {modality} is not in the bag"
                left_out.append((named.topic, f"{why}; it has: {_listed(there)}"))
            continue
        parameters = named.parameters if named else ()
        sensor = BagSensor(bag, modality, topic, there[topic], parameters, labels.sensor_modules)
        try:
            sensor.channel()
        except KeyError as error:
            left_out.append((topic, str(error.args[0])))
        except ValueError as error:
            raise ReaderError(f"{bag.name}: {error}") from error
        else:
            sensors.append(sensor)
    return sensors, left_out


def _listed(there: Mapping[str, str]) -> str:
    return ", ".join(f"{topic} ({kind})" for topic, kind in sorted(there.items())[:20]) or "nothing"
