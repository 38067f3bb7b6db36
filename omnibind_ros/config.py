"""Parameters as dataclass fields: type, default, range and description in one place.

The fields' metadata become ROS parameter descriptors in nodes/parameters.py and the tables of
docs/reference/parameters.md.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from typing import Any


def parameter(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    at_run_time: bool = False,
    item: type = str,
    instead: str = "",
    test: Callable[[Any], object] | None = None,
) -> Any:
    """Return a dataclass field that describes a parameter.

    Args:
        default: Default value; a list is copied for each instance.
        description: One sentence, with the unit.
        low: Smallest value allowed; of a list, smallest item.
        high: Largest value allowed; of a list, largest item.
        choices: Texts allowed; empty for any.
        at_run_time: Whether a change takes effect at once, without a new configure.
        instead: What has the same effect at run time, a clause; empty if nothing has.
        item: Type of a list's items, str, int or float.
        test: Raises ValueError, with one sentence, for a value that is not allowed; None for none.
    """
    metadata = {
        "description": description,
        "low": low,
        "high": high,
        "choices": choices,
        "at_run_time": at_run_time,
        "instead": instead,
        "item": item,
        "test": test,
    }
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


class ParameterError(ValueError):
    """A parameter's value is not allowed; the text is one sentence."""


def check(config_type: type, name: str, value: Any, prefix: str = "") -> Any:
    """Check one value against its field, and return it in the field's type.

    Args:
        config_type: A dataclass whose fields `parameter` made.
        name: Name of the field.
        value: The value to check.
        prefix: Text before the name in the message.

    Raises:
        ParameterError: Wrong type, out of range, or none of the choices.
    """
    spec = next(f for f in fields(config_type) if f.name == name)
    default = getattr(config_type(), name)
    meta: Mapping[str, Any] = spec.metadata
    shown = f"parameter {prefix}{name} is {str(value)[:60]!r}"
    if isinstance(default, list):
        value = () if value is None else value  # an empty list in a ROS 2 parameter file
        items = list(value) if isinstance(value, (list, tuple, array)) else None
        item_type = meta["item"]
        if items is not None and item_type is float:  # YAML writes 1 for 1.0
            items = [float(item) if type(item) is int else item for item in items]
        if items is None or not all(type(item) is item_type for item in items):
            raise ParameterError(f"{shown}, but must be a list of {_ITEMS[item_type]}")
        if meta["low"] is not None and not all(meta["low"] <= i <= meta["high"] for i in items):
            raise ParameterError(f"{shown}, but each must be in {meta['low']} .. {meta['high']}")
        return _tested(meta, items, prefix + name)
    if type(default) is float and type(value) is int:
        value = float(value)  # YAML writes 1 for 1.0
    if type(value) is not type(default):
        raise ParameterError(f"{shown}, but must be of type {type(default).__name__}")
    if meta["choices"] and value not in meta["choices"]:
        allowed = ", ".join(choice or "empty" for choice in meta["choices"])
        raise ParameterError(f"{shown}, but must be one of: {allowed}")
    if meta["low"] is not None and not meta["low"] <= value <= meta["high"]:
        raise ParameterError(f"{shown}, but must be in {meta['low']} .. {meta['high']}")
    return _tested(meta, value, prefix + name)


_ITEMS = {str: "texts", int: "whole numbers", float: "numbers"}


def _tested(meta: Mapping[str, Any], value: Any, name: str) -> Any:
    """Return a value that has passed its parameter's own test."""
    if meta["test"] is not None:
        try:
            meta["test"](value)
        except ValueError as error:
            raise ParameterError(f"parameter {name}: {error}") from error
    return value
