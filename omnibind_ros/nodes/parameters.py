"""The parameters of a node with sensors: declared, read and updated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

from omnibind_ros.config import ParameterError, check
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.build import check_roi, fill_in_defaults
from omnibind_ros.runtime.config import DEFAULT_SENSORS, SensingConfig, SensorConfig, SensorSetup
from omnibind_ros.runtime.sensor_names import check_name, usable_names
from omnibind_ros.sensors import NoOptions, SensorRegistry

from .parameter_reader import ParameterReader

NodeConfig = TypeVar("NodeConfig", bound=SensingConfig)

SENSOR_PARAMETER = re.compile(r"sensor\.([^.]+)\.(\w+)")


class Parameters(Generic[NodeConfig]):
    """All parameters of a node with sensors.

    Attributes:
        config: The node's own parameters.
        sensors: The parameters of each sensor, by name, in order.
        sensor_types: The sensor types that a sensor may have.
        configured: Whether the node is configured: then parameters that count only at configure are
            refused.
    """

    def __init__(
        self, node: LifecycleNode, config: NodeConfig, on_change: Callable[[], None]
    ) -> None:
        """Declare the parameters.

        Args:
            node: The node; it allows undeclared parameters, so that a sensor's parameters may be
                set before its name is in `sensors`.
            config: The node's own parameters, with their defaults.
            on_change: Called when a parameter is about to change that takes effect at once; it
                must arrange that `reload` is called soon after the change.
        """
        self._node = node
        self._on_change = on_change
        self._reader = ParameterReader(node)
        self._sensor_problems: list[str] = []
        self.config = config
        self.sensor_types = SensorRegistry.installed()
        self.sensors: dict[str, SensorSetup] = {}
        self.configured = False
        self._reader.read(config, "")
        self._read_sensors()
        self._reader.note_unknown_names()
        node.add_on_set_parameters_callback(self._on_set)

    def reload(self, at_run_time_only: bool = False) -> None:
        """Read all parameters again.

        Args:
            at_run_time_only: Leave out the node's parameters that take effect at the next
                configure.
        """
        for spec in fields(self.config):
            if spec.metadata["at_run_time"] or not at_run_time_only:
                value = self._node.get_parameter(spec.name).value
                setattr(self.config, spec.name, check(type(self.config), spec.name, value))
        self._read_sensors()

    @property
    def problems(self) -> list[str]:
        """What is wrong with the parameters, one sentence each."""
        return [*self._reader.problems, *self._sensor_problems]

    def sensor_names(self) -> Sequence[str]:
        """Return the value of the parameter `sensors`, which `config` has after `reload` alone."""
        value = self._node.get_parameter("sensors").value
        return list(check(type(self.config), "sensors", value))

    # Changes by the node itself

    def set_sensor(self, name: str, values: Mapping[str, Any]) -> None:
        """Add a sensor, or change one.

        Args:
            name: The sensor's name.
            values: Its parameters, without their prefix.

        Raises:
            ParameterError: A name or a value is not allowed; nothing has changed.
        """
        check_name(name)
        self._check_modality_and_type(name, values)
        prefix = f"sensor.{name}."
        changes = [Parameter(prefix + key, value=value) for key, value in values.items()]
        names = self.sensor_names()
        if name not in names:
            changes.append(_sensors_parameter([*names, name]))
        self._set(changes)

    def sensor_values(self, name: str) -> Mapping[str, Any] | None:
        """Return the values of a sensor's parameters, without their prefix; None without it."""
        if name not in self.sensor_names():
            return None
        found = self._node.get_parameters_by_prefix(f"sensor.{name}")
        return {key: parameter.value for key, parameter in found.items()}

    def remove_sensor(self, name: str) -> None:
        """Remove a sensor.

        Raises:
            ParameterError: There is no sensor of that name.
        """
        self._check_exists(name)
        names = self.sensor_names()
        self._set([_sensors_parameter([other for other in names if other != name])])

    def rename_sensor(self, name: str, new_name: str) -> None:
        """Rename a sensor.

        Raises:
            ParameterError: There is no sensor of that name, or one of the new name already.
        """
        self._check_exists(name)
        if new_name in self.sensor_names():
            raise ParameterError(
                f"'{new_name[:60]}' cannot be the new name of sensor '{name}', as another sensor "
                "has it; use a name that is free"
            )
        check_name(new_name)
        old = self._node.get_parameters_by_prefix(f"sensor.{name}")
        values = {key: parameter.value for key, parameter in old.items()}
        if name in self.sensors:
            values["modality"] = self.sensors[name].config.modality  # the name alone may tell it
        prefix = f"sensor.{new_name}."
        names = [new_name if other == name else other for other in self.sensor_names()]
        changes = [Parameter(prefix + key, value=value) for key, value in values.items()]
        self._set([*changes, _sensors_parameter(names)])

    def _check_modality_and_type(self, name: str, values: Mapping[str, Any]) -> None:
        """Raise ParameterError if a sensor with these values could never work."""
        given = {**(self.sensor_values(name) or {}), **values}
        config = SensorConfig()
        for key in ("modality", "type"):
            if key in given:
                setattr(config, key, check(SensorConfig, key, given[key], f"sensor.{name}."))
        config.modality = config.modality or DEFAULT_SENSORS.get(name, "")
        try:
            config = fill_in_defaults(name, config)
            self.sensor_types.find(config.modality, config.type)
        except (ValueError, KeyError) as error:
            raise ParameterError(str(error.args[0])) from error

    def _check_exists(self, name: str) -> None:
        names = self.sensor_names()
        if name not in names:
            raise ParameterError(
                f"there is no sensor '{name[:60]}'; the sensors are: {', '.join(names)}"
            )

    def _set(self, changes: list[Parameter]) -> None:
        result = self._node.set_parameters_atomically(changes)
        if not result.successful:
            raise ParameterError(result.reason)

    # Reading

    def _read_sensors(self) -> None:
        names, self._sensor_problems = usable_names(self.config.sensors)
        for module in self.config.sensor_modules:
            try:
                self.sensor_types.register_module(module)
            except ValueError as error:
                self._sensor_problems.append(str(error))
        for name in set(self.sensors) - set(names):
            for parameter in self._node.get_parameters_by_prefix(f"sensor.{name}"):
                self._node.undeclare_parameter(f"sensor.{name}.{parameter}")
        self.sensors = {name: self._read_sensor(name) for name in names}

    def _read_sensor(self, name: str) -> SensorSetup:
        prefix = f"sensor.{name}."
        config = self._reader.read(SensorConfig(modality=DEFAULT_SENSORS.get(name, "")), prefix)
        modality = MODALITIES.get(config.modality or name)
        if modality is None:
            return SensorSetup(config)
        config.modality = modality.name  # so that a sensor keeps it when it is renamed
        options = self.sensor_types.options_of(modality.name, config.type or modality.type)
        return SensorSetup(config, self._reader.read(options(), prefix))

    # Changes from outside

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            at_once = [self._check(change) for change in changes]
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if any(at_once) and not self._reader.declaring:
            self._on_change()
        return SetParametersResult(successful=True)

    def _check(self, change: Parameter) -> bool:
        """Check a change, and return whether it takes effect at once."""
        name, value = change.name, change.value
        spec = {spec.name: spec for spec in fields(self.config)}.get(name)
        if spec is not None:
            value = check(type(self.config), name, value)
            if not spec.metadata["at_run_time"]:
                self._check_configurable(spec, value)
            return bool(spec.metadata["at_run_time"])
        parts = SENSOR_PARAMETER.fullmatch(name)
        if parts is None:
            if not self._node.has_parameter(name):
                raise ParameterError(self._reader.unknown(name))
            return False
        if change.type_ == Parameter.Type.NOT_SET:
            return False  # it is undeclared, because its sensor was removed
        self._check_sensor_parameter(parts[1], parts[2], value)
        return True

    def _check_configurable(self, spec: Any, value: Any) -> None:
        """Raise ParameterError if a change would have no effect before the next configure."""
        if (
            not self.configured
            or self._reader.declaring
            or value == getattr(self.config, spec.name)
        ):
            return
        instead = f"{spec.metadata['instead']}, or " if spec.metadata["instead"] else ""
        raise ParameterError(
            f"parameter {spec.name} counts only when the node is configured, so nothing was "
            f"changed; {instead}clean the node up, set the parameter, and configure it again"
        )

    def _check_sensor_parameter(self, sensor: str, key: str, value: Any) -> None:
        setup = self.sensors.get(sensor)
        own = type(setup.options) if setup is not None else NoOptions
        # A sensor that is to be added, or to change its type, may have the options of any type.
        kinds = dict.fromkeys([SensorConfig, own, *(kind.options for kind in self.sensor_types)])
        refused: ParameterError | None = None
        for kind in kinds:
            if any(spec.name == key for spec in fields(kind)):
                try:
                    check(kind, key, value, f"sensor.{sensor}.")
                except ParameterError as error:  # another type's option may have another range
                    refused = refused or error
                else:
                    self._check_roi(setup, key, value)
                    return
        raise refused or ParameterError(self._reader.unknown(f"sensor.{sensor}.{key}"))

    def _check_roi(self, setup: SensorSetup | None, key: str, value: Any) -> None:
        """Raise ParameterError for a region of interest of a sensor that has no pictures."""
        if key == "roi" and setup is not None and setup.config.modality:
            try:
                check_roi(setup.config.modality, value)
            except ValueError as error:
                raise ParameterError(str(error)) from error


def _sensors_parameter(names: Sequence[str]) -> Parameter:
    # The type must be given, as it cannot be told from an empty list.
    return Parameter("sensors", Parameter.Type.STRING_ARRAY, list(names))
