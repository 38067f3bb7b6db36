"""Parameters: the dataclasses of runtime/config.py, declared, read and kept up to date in ROS."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

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
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.config import DEFAULT_SENSORS, SensingConfig, SensorConfig, SensorSetup
from omnibind_ros.sensors import NoOptions, SensorRegistry

NodeConfig = TypeVar("NodeConfig", bound=SensingConfig)
Config = TypeVar("Config")

SENSOR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")  # a part of topics, which end at 247
SENSOR_PARAMETER = re.compile(r"sensor\.([^.]+)\.(\w+)")


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


class Parameters(Generic[NodeConfig]):
    """All parameters of a node with sensors."""

    def __init__(
        self, node: LifecycleNode, config: NodeConfig, on_change: Callable[[], None]
    ) -> None:
        """Declare the parameters.

        Args:
            node: The node; it allows undeclared parameters, so that a sensor may be described
                before it is named.
            config: The node's own parameters, with their defaults.
            on_change: Called when a parameter is about to change that counts at once: let `reload`
                be called soon, once it has changed.
        """
        self._node = node
        self._on_change = on_change
        self._declaring = False
        self._lasting: list[str] = []
        self._passing: list[str] = []
        self.config = config
        self.sensor_types = SensorRegistry.installed()
        self.sensors: dict[str, SensorSetup] = {}
        self._read(config, "")
        self._read_sensors()
        self._report_unknown_names()
        node.add_on_set_parameters_callback(self._on_set)

    def reload(self, at_run_time_only: bool = False) -> None:
        """Read everything again.

        Args:
            at_run_time_only: Leave out the parameters that take effect at the next configure.
        """
        for spec in fields(self.config):
            if spec.metadata["at_run_time"] or not at_run_time_only:
                value = self._node.get_parameter(spec.name).value
                setattr(self.config, spec.name, check(type(self.config), spec.name, value))
        self._read_sensors()

    @property
    def problems(self) -> list[str]:
        """What is wrong with the parameters, a sentence each."""
        return [*self._lasting, *self._passing]

    # Changes from within

    def set_sensor(self, name: str, values: Mapping[str, Any]) -> None:
        """Add a sensor, or give one that is there other parameters.

        Args:
            name: The sensor's name.
            values: Its parameters, without their prefix.

        Raises:
            ParameterError: A name or a value is not allowed; nothing has changed.
        """
        if not SENSOR_NAME.fullmatch(name):
            raise ParameterError(
                f"'{name[:60]}' cannot be a sensor's name; use at most 64 letters, digits and "
                "underscores"
            )
        prefix = f"sensor.{name}."
        changes = [Parameter(prefix + key, value=value) for key, value in values.items()]
        if name not in self.config.sensors:
            changes.append(Parameter("sensors", value=[*self.config.sensors, name]))
        self._set(changes)

    def remove_sensor(self, name: str) -> None:
        """Remove a sensor.

        Raises:
            ParameterError: There is none of that name.
        """
        self._check_there(name)
        self._set(
            [Parameter("sensors", Parameter.Type.STRING_ARRAY,
                       [n for n in self.config.sensors if n != name])]
        )  # fmt: skip

    def rename_sensor(self, name: str, new_name: str) -> None:
        """Rename a sensor.

        Raises:
            ParameterError: There is none of that name, or one of the new name already.
        """
        self._check_there(name)
        if new_name in self.config.sensors or not SENSOR_NAME.fullmatch(new_name):
            raise ParameterError(
                f"'{new_name[:60]}' cannot be the new name of sensor '{name}'; use one that is "
                "free, of at most 64 letters, digits and underscores"
            )
        old = self._node.get_parameters_by_prefix(f"sensor.{name}")
        values = {key: parameter.value for key, parameter in old.items()}
        values["modality"] = self.sensors[name].config.modality  # it may be in the name alone
        names = [new_name if n == name else n for n in self.config.sensors]
        self._set(
            [
                *(Parameter(f"sensor.{new_name}.{key}", value=v) for key, v in values.items()),
                Parameter("sensors", value=names),
            ]
        )

    def _check_there(self, name: str) -> None:
        if name not in self.config.sensors:
            raise ParameterError(
                f"there is no sensor '{name[:60]}' but only: {', '.join(self.config.sensors)}"
            )

    def _set(self, changes: list[Parameter]) -> None:
        result = self._node.set_parameters_atomically(changes)
        if not result.successful:
            raise ParameterError(result.reason)

    # Reading

    def _read_sensors(self) -> None:
        self._passing = []
        for module in self.config.sensor_modules:
            try:
                self.sensor_types.register_module(module)
            except ValueError as error:
                self._passing.append(str(error))
        names = self.config.sensors
        usable = [name for name in dict.fromkeys(names) if SENSOR_NAME.fullmatch(name)]
        if len(set(names)) < len(names):
            self._passing.append(
                "parameter sensors names a sensor twice; the second one is left out, "
                "give it a name of its own"
            )
        for name in set(names) - set(usable):
            self._passing.append(
                f"'{name[:60]}' in parameter sensors cannot be a sensor's name and is left out; "
                "use at most 64 letters, digits and underscores"
            )
        for name in set(self.sensors) - set(usable):
            for parameter in self._node.get_parameters_by_prefix(f"sensor.{name}"):
                self._node.undeclare_parameter(f"sensor.{name}.{parameter}")
        self.sensors = {name: self._read_sensor(name) for name in usable}

    def _read_sensor(self, name: str) -> SensorSetup:
        prefix = f"sensor.{name}."
        config = self._read(SensorConfig(modality=DEFAULT_SENSORS.get(name, "")), prefix)
        modality = MODALITIES.get(config.modality or name)
        if modality is None:
            return SensorSetup(config)
        config.modality = modality.name  # said or not: a sensor that is renamed keeps it
        options = self.sensor_types.options_of(modality.name, config.type or modality.type)
        return SensorSetup(config, self._read(options(), prefix))

    def _read(self, config: Config, prefix: str) -> Config:
        """Declare what is not declared yet, and read it all into a dataclass."""
        self._declaring = True
        try:
            for spec in fields(config):  # type: ignore[arg-type]
                default = getattr(config, spec.name)
                setattr(config, spec.name, self._read_one(type(config), spec, default, prefix))
        finally:
            self._declaring = False
        return config

    def _read_one(self, kind: type, spec: Any, default: Any, prefix: str) -> Any:
        name = prefix + spec.name
        described = _descriptor(spec, default)
        try:
            return check(kind, spec.name, self._value(name, default, described), prefix)
        except (ParameterException, ParameterError, TypeError, ValueError) as error:
            sentence = str(error) if isinstance(error, ParameterError) else (
                f"parameter {name} cannot be used ({error})"
            )  # fmt: skip
            self._problem(f"{sentence}; {default!r} is used instead")
            if not self._node.has_parameter(name):
                self._node.declare_parameter(name, default, described, ignore_override=True)
            else:
                self._node.set_parameters([Parameter(name, value=default)])
        return default

    def _value(self, name: str, default: Any, described: ParameterDescriptor) -> Any:
        if not self._node.has_parameter(name):
            return self._node.declare_parameter(name, default, described).value
        if not self._node.describe_parameter(name).description:
            # Set before its sensor was there, so that it was declared without description.
            self._node.set_descriptor(name, described)
        return self._node.get_parameter(name).value

    def _problem(self, sentence: str) -> None:
        if sentence not in self._lasting:
            self._lasting.append(sentence)

    def _report_unknown_names(self) -> None:
        # Typos in a parameter file are silent otherwise. rclpy offers the overrides to itself only.
        overrides: Mapping[str, Any] = getattr(self._node, "_parameter_overrides", {})
        for name in overrides:
            if not self._node.has_parameter(name) and not name.startswith("qos_overrides."):
                self._problem(f"{self._unknown(name)}, and is ignored")

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._node.get_parameters_by_prefix(""), 1)
        hint = f"did you mean {near[0]}?" if near else "see docs/reference/parameters.md"
        return f"parameter {name} is not known ({hint})"

    # Changes from outside

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            counts = [self._check(change) for change in changes]
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if any(counts) and not self._declaring:
            self._on_change()
        return SetParametersResult(successful=True)

    def _check(self, change: Parameter) -> bool:
        """Check a change, and return whether it counts at once."""
        name, value = change.name, change.value
        spec = {spec.name: spec for spec in fields(self.config)}.get(name)
        if spec is not None:
            check(type(self.config), name, value)
            return bool(spec.metadata["at_run_time"])
        found = SENSOR_PARAMETER.fullmatch(name)
        if found is None:
            if not self._node.has_parameter(name):
                raise ParameterError(self._unknown(name))
            return False
        if change.type_ == Parameter.Type.NOT_SET:
            return False  # it is undeclared, because its sensor is gone
        sensor, key = found[1], found[2]
        setup = self.sensors.get(sensor)
        own = type(setup.options) if setup is not None else NoOptions
        # A sensor that is not there yet, or is to change its type, may get any type's options.
        kinds = dict.fromkeys([SensorConfig, own, *(kind.options for kind in self.sensor_types)])
        refused: ParameterError | None = None
        for kind in kinds:
            if any(spec.name == key for spec in fields(kind)):
                try:
                    check(kind, key, value, f"sensor.{sensor}.")
                except ParameterError as error:  # another type's option may have another range
                    refused = refused or error
                else:
                    return True
        raise refused or ParameterError(self._unknown(name))
