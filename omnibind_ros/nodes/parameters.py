"""Parameters: the dataclasses of runtime/config.py, declared, read and kept up to date in ROS."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

from omnibind_ros.config import ParameterError, check
from omnibind_ros.runtime.config import PerceptionConfig, SensorConfig

Config = TypeVar("Config", PerceptionConfig, SensorConfig)


def _descriptor(spec: Any, default: Any) -> ParameterDescriptor:
    meta = spec.metadata
    described = ParameterDescriptor(
        name=spec.name,
        description=meta["description"],
        additional_constraints=(
            f"one of: {', '.join(c or 'empty' for c in meta['choices'])}" if meta["choices"] else ""
        ),
        # Our own check accepts 1 for 1.0 and says in a sentence what is wrong.
        dynamic_typing=True,
    )
    if meta["low"] is not None and isinstance(default, float):
        described.floating_point_range = [
            FloatingPointRange(from_value=float(meta["low"]), to_value=float(meta["high"]))
        ]
    elif meta["low"] is not None:
        described.integer_range = [
            IntegerRange(from_value=int(meta["low"]), to_value=int(meta["high"]), step=1)
        ]
    return described


class Parameters:
    """All parameters of the perception node."""

    def __init__(self, node: LifecycleNode, on_change: Callable[[], None]) -> None:
        """Declare the parameters.

        Args:
            node: The node.
            on_change: Called after a live parameter has changed.
        """
        self._node = node
        self._on_change = on_change
        self.problems: list[str] = []
        self.perception = self._declare(PerceptionConfig(), "")
        self.sensors: dict[str, SensorConfig] = {}
        self._read_sensors()
        self._report_unknown_names()
        node.add_on_set_parameters_callback(self._on_set)

    def reload(self) -> None:
        """Read everything again, as configure does."""
        for spec in fields(PerceptionConfig):
            value = self._node.get_parameter(spec.name).value
            setattr(self.perception, spec.name, check(PerceptionConfig, spec.name, value))
        self._read_sensors()

    def _read_sensors(self) -> None:
        names = self.perception.sensors
        self.sensors = {
            name: self._declare(SensorConfig(), f"sensor.{name}.") for name in dict.fromkeys(names)
        }
        twice = (
            "parameter sensors names a sensor twice; the second one is left out, "
            "give it a name of its own"
        )
        if len(self.sensors) < len(names) and twice not in self.problems:
            self.problems.append(twice)

    def _declare(self, config: Config, prefix: str) -> Config:
        for spec in fields(config):
            name, default = prefix + spec.name, getattr(config, spec.name)
            if prefix == "sensor.camera." and spec.name == "modality":
                default = "image"  # the two sensors that are there without a parameter file
            elif prefix == "sensor.speech." and spec.name == "modality":
                default = "text"
            described = _descriptor(spec, default)
            try:
                if self._node.has_parameter(name):
                    value = self._node.get_parameter(name).value
                else:
                    value = self._node.declare_parameter(name, default, described).value
                value = check(type(config), spec.name, value, prefix)
            except (ParameterException, ParameterError, TypeError, ValueError) as error:
                sentence = str(error) if isinstance(error, ParameterError) else (
                    f"parameter {name} cannot be used ({error})"
                )  # fmt: skip
                self.problems.append(f"{sentence}; {default!r} is used instead")
                value = default
                if not self._node.has_parameter(name):
                    self._node.declare_parameter(name, default, described, ignore_override=True)
                else:
                    self._node.set_parameters([Parameter(name, value=default)])
            setattr(config, spec.name, value)
        return config

    def _report_unknown_names(self) -> None:
        # Typos in a parameter file are silent otherwise. rclpy offers the overrides to itself only.
        overrides: Mapping[str, Any] = getattr(self._node, "_parameter_overrides", {})
        declared = self._node.get_parameters_by_prefix("")
        for name in overrides:
            if self._node.has_parameter(name) or name.startswith("qos_overrides."):
                continue
            near = difflib.get_close_matches(name, declared, 1)
            hint = f"did you mean {near[0]}?" if near else "see docs/parameters.md"
            self.problems.append(f"parameter {name} is not known and is ignored; {hint}")

    def _owner(self, name: str) -> tuple[PerceptionConfig | SensorConfig, str, str] | None:
        if name in {spec.name for spec in fields(PerceptionConfig)}:
            return self.perception, name, ""
        for sensor, config in self.sensors.items():
            prefix = f"sensor.{sensor}."
            if name.startswith(prefix):
                return config, name[len(prefix) :], prefix
        return None

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        accepted: list[tuple[Any, str, Any]] = []
        try:
            for change in changes:
                owner = self._owner(change.name)
                if owner is None:
                    continue
                config, field_name, prefix = owner
                accepted.append(
                    (config, field_name, check(type(config), field_name, change.value, prefix))
                )
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        live = False
        for config, field_name, value in accepted:
            spec = next(f for f in fields(config) if f.name == field_name)
            # The others are read again by the next configure.
            if spec.metadata["live"]:
                setattr(config, field_name, value)
                live = True
        if live:
            self._on_change()
        return SetParametersResult(successful=True)
