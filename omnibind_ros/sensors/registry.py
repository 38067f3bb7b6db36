"""Which sensor types there are: those of every modality, and those of modules that a user names."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Iterator

from omnibind_ros.modalities import MODALITIES, has_part, module_name

from .base import NoOptions, SensorType

_log = logging.getLogger(__name__)


def normalise_type(name: str) -> str:
    """Return a ROS message type in its three-part form: `pkg/Name` becomes `pkg/msg/Name`."""
    package, _, message = name.partition("/")
    return name if "/" in message or not message else f"{package}/msg/{message}"


class SensorRegistry:
    """Sensor types by modality and message type. A node has one."""

    def __init__(self, types: Iterable[SensorType] = ()) -> None:
        """Create a registry.

        Args:
            types: What it holds at first.

        Raises:
            ValueError: As `register`.
        """
        self._types: dict[tuple[str, str], SensorType] = {}
        self.register(types)

    @classmethod
    def installed(cls) -> SensorRegistry:
        """Return a registry of the sensor types of every modality that is installed.

        A module that cannot be used is left out with a warning, so that the others work.
        """
        registry = cls()
        modules = [module_name("sensors", name) for name in MODALITIES if has_part("sensors", name)]
        for module in (*modules, "omnibind_ros.sensors.embedding"):
            try:
                registry.register_module(module)
            except ValueError as error:
                _log.warning("%s", error)
        return registry

    def register(self, types: Iterable[SensorType]) -> None:
        """Add sensor types; one of the same modality and message type is replaced.

        Raises:
            ValueError: A type's modality is unknown; the text is one sentence.
        """
        for kind in types:
            if kind.modality not in MODALITIES:
                raise ValueError(
                    f"the sensor type for {kind.message} has the unknown modality "
                    f"'{kind.modality}'; use one of: {', '.join(MODALITIES)}"
                )
            self._types[kind.modality, normalise_type(kind.message)] = kind

    def register_module(self, name: str) -> None:
        """Import a module and add its `SENSOR_TYPES`.

        Args:
            name: Dotted name of the module.

        Raises:
            ValueError: It cannot be imported or has no usable `SENSOR_TYPES`; the text is one
                sentence.
        """
        try:
            types = tuple(importlib.import_module(name).SENSOR_TYPES)
        except Exception as error:  # whatever a user's module does at import
            raise ValueError(
                f"sensor module '{name}' cannot be used ({type(error).__name__}: {error}); install "
                "it and let it define SENSOR_TYPES"
            ) from error
        if not all(isinstance(kind, SensorType) for kind in types):
            raise ValueError(
                f"sensor module '{name}' has SENSOR_TYPES that are no SensorType; see "
                "docs/how-to/adding_a_sensor.md"
            )
        self.register(types)

    def __iter__(self) -> Iterator[SensorType]:
        """Yield every sensor type, in the order of registration."""
        return iter(tuple(self._types.values()))

    def find(self, modality: str, message_type: str) -> SensorType:
        """Return the sensor type of a modality's message type.

        Raises:
            KeyError: There is none; the text is a sentence that names those there are.
        """
        message_type = normalise_type(message_type)
        try:
            return self._types[modality, message_type]
        except KeyError:
            known = sorted(kind for name, kind in self._types if name == modality)
            raise KeyError(
                f"no decoder turns {message_type or 'an empty type'} into modality '{modality}'; "
                + (
                    f"use one of: {', '.join(known)}"
                    if known
                    else "this modality has no sensor yet"
                )
            ) from None

    def messages_of(self, modality: str) -> frozenset[str]:
        """Return the message types that become samples of a modality, three parts each."""
        return frozenset(message for name, message in self._types if name == modality)

    def options_of(self, modality: str, message_type: str) -> type:
        """Return the dataclass of the parameters that only this sensor type has."""
        kind = self._types.get((modality, normalise_type(message_type)))
        return kind.options if kind is not None else NoOptions
