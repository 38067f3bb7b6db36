"""Declares and reads the ROS parameters that a dataclass describes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

from omnibind_ros.config import ParameterError, check

Config = TypeVar("Config")


def descriptor(spec: Any, default: Any) -> ParameterDescriptor:
    """Return the descriptor of a parameter.

    Args:
        spec: The dataclass field.
        default: The default value; its type is the parameter's.
    """
    meta = spec.metadata
    described = ParameterDescriptor(
        name=spec.name,
        description=meta["description"],
        additional_constraints=(
            f"one of: {', '.join(c or 'empty' for c in meta['choices'])}" if meta["choices"] else ""
        ),
        # `check` accepts 1 for 1.0 and gives a sentence for a value that is not allowed.
        dynamic_typing=True,
    )
    if meta["low"] is not None and isinstance(default, float):
        described.floating_point_range = [
            FloatingPointRange(from_value=float(meta["low"]), to_value=float(meta["high"]))
        ]
    elif meta["low"] is not None and not isinstance(default, list):
        described.integer_range = [
            IntegerRange(from_value=int(meta["low"]), to_value=int(meta["high"]), step=1)
        ]
    return described


class ParameterReader:
    """Declares and reads parameters of a node; a value that is not allowed gives the default.

    Attributes:
        problems: One sentence for each value that is not allowed, and each unknown name.
        declaring: Whether a parameter is being declared or reset, so that a change of it is no
            change from outside.
    """

    def __init__(self, node: Node) -> None:
        """Create a reader.

        Args:
            node: The node that has the parameters.
        """
        self._node = node
        self.problems: list[str] = []
        self.declaring = False

    def read(self, config: Config, prefix: str) -> Config:
        """Declare the parameters that are not declared yet, and read all into a dataclass.

        Args:
            config: The dataclass object, with the defaults; it gets the values.
            prefix: Prefix of the parameters' names.

        Returns:
            The same object.
        """
        self.declaring = True
        try:
            for spec in fields(config):  # type: ignore[arg-type]
                default = getattr(config, spec.name)
                setattr(config, spec.name, self._read_one(type(config), spec, default, prefix))
        finally:
            self.declaring = False
        return config

    def note_unknown_names(self) -> None:
        """Note the parameters in files and on the command line that were never declared."""
        # rclpy has no public way to the overrides.
        overrides: Mapping[str, Any] = getattr(self._node, "_parameter_overrides", {})
        for name in overrides:
            if not self._node.has_parameter(name) and not name.startswith("qos_overrides."):
                self._note(f"{self.unknown(name)}; it is ignored")

    def unknown(self, name: str) -> str:
        """Return a sentence on a parameter that does not exist, with the most similar name."""
        similar = difflib.get_close_matches(name, self._node.get_parameters_by_prefix(""), 1)
        hint = f"did you mean {similar[0]}?" if similar else "see docs/reference/parameters.md"
        return f"parameter {name} is not known ({hint})"

    def _read_one(self, config_type: type, spec: Any, default: Any, prefix: str) -> Any:
        name = prefix + spec.name
        described = descriptor(spec, default)
        try:
            return check(config_type, spec.name, self._value(name, default, described), prefix)
        except ParameterError as error:
            problem = str(error)
        except (ParameterException, TypeError, ValueError) as error:
            problem = f"parameter {name} cannot be used ({error})"
        self._note(f"{problem}; {default!r} is used instead")
        if not self._node.has_parameter(name):
            self._node.declare_parameter(name, default, described, ignore_override=True)
        else:
            self._node.set_parameters([Parameter(name, value=default)])
        return default

    def _value(self, name: str, default: Any, described: ParameterDescriptor) -> Any:
        if not self._node.has_parameter(name):
            return self._node.declare_parameter(name, default, described).value
        if not self._node.describe_parameter(name).description:
            # It was set before its sensor was added, so it has no description yet.
            self._node.set_descriptor(name, described)
        return self._node.get_parameter(name).value

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)
