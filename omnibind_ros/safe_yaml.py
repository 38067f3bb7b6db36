"""YAML from outside: nothing in it is run, and whatever is wrong with it is a YAMLError."""

from __future__ import annotations

from typing import Any

import yaml

MAX_NODES = 2_000_000
"""Values of a document, each alias counted as what it stands for."""

MAX_DEPTH = 100
"""Lists and mappings inside one another; PyYAML's time for each is proportional to its depth."""

# A tenth of the time of PyYAML's loader in Python, which takes its place where it was built without
# libyaml.
Loader: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(text: str | bytes) -> Any:
    """Return what a YAML document says, as `yaml.safe_load` does.

    PyYAML's time grows with the square of the depth, and it raises RecursionError at some hundreds
    and ValueError for a date that does not exist; a few lines of aliases can stand for billions of
    values.

    Args:
        text: The document.

    Raises:
        yaml.YAMLError: It is no YAML, nested too deeply, or too large.
    """
    try:
        _check_depth(text)
        value = yaml.load(text, Loader)  # noqa: S506 (a safe loader)
        _count(value, {}, set())
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    except (ValueError, OverflowError, TypeError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        raise yaml.YAMLError(f"it has a value that is none: {error}") from error
    return value


def _check_depth(text: str | bytes) -> None:
    """Raise YAMLError where a document is nested too deeply, before values are made of it."""
    depth = 0
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise yaml.YAMLError(f"it is nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _count(value: Any, counted: dict[int, int], above: set[int]) -> int:
    """Return how many values a value stands for."""
    if not isinstance(value, (dict, list, tuple, set)):
        return 1
    key = id(value)
    if key in counted:
        return counted[key]
    if key in above:
        raise yaml.YAMLError("it contains itself")
    above.add(key)
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    total = 1 + sum(_count(part, counted, above) for part in parts)
    above.discard(key)
    if total > MAX_NODES:
        raise yaml.YAMLError(f"it stands for more than {MAX_NODES} values")
    counted[key] = total
    return total
