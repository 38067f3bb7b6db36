"""What the launch files decide, without ROS: which parameters the arguments set over a file's."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.plain_text import SentenceError
from omnibind_ros.safe_yaml import load_yaml

from .config import DEFAULT_SENSORS

WILDCARDS = {"*": r"/\w+", "**": r"(?:/\w+)*"}
"""Regular expressions of the parts of a key in a parameter file that are no names."""

COMPRESSED = "sensor_msgs/msg/CompressedImage"


class LaunchError(SentenceError):
    """Nothing can be launched; the text is one sentence."""


class NotReachedError(LaunchError):
    """A parameter file has no key for a node."""


def node_sections(file: Path) -> dict[str, Mapping[str, Any]]:
    """Return the parameters of a ROS 2 parameter file by the node names that it has as keys.

    Args:
        file: The file; its keys are names such as `/**`, `perception` or `/robot/perception`, which
            may be nested.

    Returns:
        The mapping below `ros__parameters` by full name or pattern, with a first slash.

    Raises:
        LaunchError: The file is missing, or no YAML of this form.
    """
    if not file.is_file():
        raise LaunchError(f"the parameter file {file} does not exist; set config to one that does")
    try:
        content = load_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LaunchError(f"the parameter file {file} cannot be read ({error}); mend it") from error
    if not isinstance(content, Mapping):
        raise LaunchError(
            f"the parameter file {file} has no node; begin it with the line '/**:' and a line "
            "'  ros__parameters:'"
        )
    sections = dict(_sections(content, ""))
    if not sections:
        raise LaunchError(
            f"the parameter file {file} has no ros__parameters; put the parameters below the "
            "lines '/**:' and '  ros__parameters:'"
        )
    return sections


def _sections(content: Mapping[Any, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in content.items():
        if key == "ros__parameters":
            yield path or "/**", value if isinstance(value, Mapping) else {}
        elif isinstance(value, Mapping):
            yield from _sections(value, f"{path}/{str(key).strip('/')}")


def parameters_of(file: Path, node: str) -> dict[str, Any]:
    """Return the parameters that a file gives to a node, with dotted names.

    Args:
        file: A ROS 2 parameter file.
        node: Full name of the node, such as `/robot/perception`.

    Raises:
        NotReachedError: None of the file's keys is the node's name.
        LaunchError: The file cannot be used.
    """
    sections = node_sections(file)
    found = [values for key, values in sections.items() if _matches(key, node)]
    if not found:
        raise NotReachedError(
            f"no parameter of {file} reaches the node {node}, since its keys are "
            f"{', '.join(sections)}; begin the file with '/**:' or '{node}:'"
        )
    parameters: dict[str, Any] = {}
    for values in found:
        parameters.update(_flat(values, ""))
    return parameters


def _matches(key: str, node: str) -> bool:
    # As rclpy: `*` stands for one name and `**` for any number of them.
    parts = (WILDCARDS.get(part, f"/{re.escape(part)}") for part in key.split("/")[1:])
    return re.fullmatch("".join(parts), node) is not None


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def overrides(file: Path, node: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters that launch arguments set over those of a file.

    An argument that is not given leaves the file alone. An argument with the name of a modality is
    a topic: it becomes that of the file's sensor of the modality, or a sensor of its own.

    Args:
        file: The parameter file.
        node: Full name of the node.
        given: The launch arguments: `bundle`, `use_sim_time`, `autostart` and modalities; empty
            texts are not given.

    Raises:
        LaunchError: The file cannot be used, a value is not allowed, or it is not clear which of
            several sensors of a modality is meant.
    """
    in_file = parameters_of(file, node)
    found: dict[str, Any] = {}
    if given.get("bundle"):
        found["bundle"] = given["bundle"]
    for name in ("use_sim_time", "autostart"):
        if given.get(name):
            found[name] = boolean(name, given[name])
    listed = in_file.get("sensors", list(DEFAULT_SENSORS))
    if not isinstance(listed, list):
        raise LaunchError(f"sensors in {file} is {listed!r}, but must be a list of names")
    sensors = [str(name) for name in listed]
    for modality in MODALITIES:
        topic = given.get(modality, "")
        if not topic:
            continue
        names = [name for name in sensors if _modality_of(name, in_file) == modality]
        if len(names) > 1:
            raise LaunchError(
                f"{modality}:={topic} does not say which sensor is meant, as {file} has "
                f"{', '.join(names)} of modality {modality}; set the topic in the file"
            )
        name = names[0] if names else _free(modality, sensors)
        if not names:
            sensors.append(name)
            found[f"sensor.{name}.modality"] = modality
        found[f"sensor.{name}.topic"] = topic
        if topic.endswith("/compressed"):
            found[f"sensor.{name}.type"] = COMPRESSED
    if sensors != listed:
        found["sensors"] = sensors
    return found


def _modality_of(sensor: str, parameters: Mapping[str, Any]) -> str:
    default = DEFAULT_SENSORS.get(sensor, sensor)
    return str(parameters.get(f"sensor.{sensor}.modality") or default)


def _free(name: str, used: Collection[str]) -> str:
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, 999))) if n not in used)


def boolean(name: str, text: str) -> bool:
    """Return the truth of a launch argument.

    Args:
        name: Its name.
        text: Its value.

    Raises:
        LaunchError: The value is neither true nor false.
    """
    value = {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
    if value is None:
        raise LaunchError(f"{name}:={text} is neither true nor false; set one of them")
    return value


def unknown_arguments(given: Collection[str], declared: Collection[str]) -> list[str]:
    """Return a sentence for each launch argument that does not exist.

    Args:
        given: Names on the command line.
        declared: Names that exist.
    """
    problems = []
    for name in given:
        if name not in declared:
            similar = difflib.get_close_matches(name, declared, 1)
            hint = f"did you mean {similar[0]}?" if similar else f"there are: {', '.join(declared)}"
            problems.append(f"launch argument {name} does not exist and is ignored ({hint})")
    return problems
