"""Reads and writes the configuration of a training run as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from omnibind_ros.config import ParameterError, check
from omnibind_ros.safe_yaml import load_yaml

from .config import (
    AdaptConfig,
    ImageStudentConfig,
    LossConfig,
    ScheduleConfig,
    TrainingConfig,
    TrainingError,
)
from .students.registry import ARCHITECTURES, STUDENT_MODALITIES

SECTIONS: dict[str, type] = {
    "loss": LossConfig,
    "schedule": ScheduleConfig,
    "adapt": AdaptConfig,
    "image_student": ImageStudentConfig,
}

RENAMED = {"look": "validate_every"}
"""Older names of parameters of the schedule, which are accepted."""

T = TypeVar("T")


def parse_section(section: type[T], data: Any) -> T:
    """Return a configuration that has simple parameters only.

    Args:
        section: A dataclass whose fields `parameter` made.
        data: The content of a YAML file.

    Raises:
        ParameterError: A key is unknown, or a value is not allowed.
    """
    given = _mapping(data, "the file")
    known = [f.name for f in fields(section)]  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            raise ParameterError(f"there is no parameter {key}; use one of {', '.join(known)}")
    return section(**{key: check(section, key, value) for key, value in given.items()})


def read_config(path: Path | None) -> TrainingConfig:
    """Read a configuration; what it does not name has its default.

    Args:
        path: A YAML file; None for all defaults.

    Raises:
        TrainingError: It cannot be read, or has a key or value that cannot be.
    """
    if path is None:
        return TrainingConfig()
    try:
        return parse_config(read_yaml(path))
    except ParameterError as error:
        raise TrainingError(f"{path}: {error}") from error


def read_yaml(path: Path) -> Any:
    """Read a YAML file; an empty one holds no keys.

    Raises:
        TrainingError: It cannot be read.
    """
    try:
        return load_yaml(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} is not YAML ({type(error).__name__}); correct it") from error


def write_config(config: TrainingConfig, path: Path) -> None:
    """Write a configuration as YAML; raises OSError."""
    text = yaml.safe_dump(_plain(asdict(config)), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    """Return a value with plain dictionaries in place of other mappings."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def parse_config(data: Mapping[str, Any]) -> TrainingConfig:
    """Return the configuration that the content of a YAML file describes.

    Raises:
        ParameterError: A key is unknown, or a value is not allowed.
    """
    data = _mapping(data, "the file")
    values: dict[str, Any] = {}
    simple = {
        key: value for key, value in data.items() if key not in {*SECTIONS, "shares", "overrides"}
    }
    values.update(_fields(TrainingConfig, simple, ""))
    for name, section in SECTIONS.items():
        given = _mapping(data.get(name) or {}, name)
        values[name] = section(**_fields(section, given, f"{name}."))
    values["shares"] = _shares(_mapping(data.get("shares") or {}, "shares"))
    values["overrides"] = {
        _student(modality, "overrides"): _override(modality, given)
        for modality, given in _mapping(data.get("overrides") or {}, "overrides").items()
    }
    config = TrainingConfig(**values)
    for modality in config.modalities:
        _student(modality, "modalities")
        _check_architecture(config, modality)
    return config


def _check_architecture(config: TrainingConfig, modality: str) -> None:
    _, schedule = config.of(modality)
    name, start = schedule.architecture, schedule.start
    if name and start in ("image", "teacher") and not ARCHITECTURES[name].image_initialisation:
        raise ParameterError(
            f"a {modality} student of the architecture {name} cannot begin with the weights of the "
            f"{start}; set schedule.start to random or auto"
        )


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return a value that must be a mapping; raises ParameterError where it is none."""
    if not isinstance(value, Mapping):
        raise ParameterError(f"{where} holds {str(value)[:60]!r}, but must be `key: value` lines")
    return value


def _fields(section: type, given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    known = [f.name for f in fields(section) if f.metadata]
    if section is ScheduleConfig:
        given = _current_names(given, prefix)
    for key in given:
        if key not in known:
            others = [*known, *SECTIONS, "shares", "overrides"] if not prefix else known
            raise ParameterError(
                f"there is no parameter {prefix}{key}; use one of {', '.join(others)}"
            )
    return {key: check(section, key, value, prefix) for key, value in given.items()}


def _current_names(given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return parameters with their current names in place of older ones."""
    for old, new in RENAMED.items():
        if old in given and new in given:
            raise ParameterError(
                f"{prefix}{old} is the older name of {prefix}{new}, which is given too; remove it"
            )
    return {RENAMED.get(key, key): value for key, value in given.items()}


def _student(modality: Any, where: str) -> str:
    if modality not in STUDENT_MODALITIES:
        raise ParameterError(
            f"{where} names {str(modality)[:60]!r}, which is no student modality; use "
            f"{', '.join(STUDENT_MODALITIES)}"
        )
    return str(modality)


def _shares(given: Mapping[str, Any]) -> dict[str, float]:
    shares = {}
    for modality, percent in given.items():
        name = _student(modality, "shares")
        if not isinstance(percent, (int, float)) or not 0 < percent <= 100:
            raise ParameterError(
                f"shares.{name} is {str(percent)[:60]!r}, but must be a percentage above 0, up to "
                "100"
            )
        shares[name] = float(percent)
    return shares


def _override(modality: str, given: Any) -> dict[str, Any]:
    """Return the values that differ for a modality, checked, in one flat mapping."""
    place = f"overrides.{modality}"
    loss = {f.name for f in fields(LossConfig)}
    checked: dict[str, Any] = {}
    for key, value in _mapping(given, place).items():
        section: type = LossConfig if key in loss else ScheduleConfig
        checked.update(_fields(section, {key: value}, f"{place}."))
    return checked
