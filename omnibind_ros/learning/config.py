"""The configuration of a training run: dataclasses, read from YAML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from omnibind_ros.config import ParameterError, check, parameter
from omnibind_ros.modalities import MODALITIES

ORIGINS = ("all", "simulated", "recorded")

STUDENT_MODALITIES = tuple(name for name, m in MODALITIES.items() if not m.teacher)

LIKE_IMAGES = ("thermal", "event", "points", "audio")
"""Modalities whose students may begin as the image student: on a tenth of the household data it is
worth 10 points of validation samples to thermal, 13 to events, and 3 to sound, whose spectrogram is
a picture with edges too. A pad feels a patch of a surface: touch is better (by 2) without."""

T = TypeVar("T")


class TrainingError(ValueError):
    """A training run that cannot start or go on; the text is one sentence."""


@dataclass(frozen=True)
class LossConfig:
    """The objective: CAD with the weight of each of its terms, or a plain one."""

    objective: str = parameter(
        "cad",
        "What students are trained on",
        choices=("cad", "cross_entropy", "infonce", "regression"),
    )
    align_image: float = parameter(1.0, "Weight of the pull to the paired image", low=0, high=100)
    align_text: float = parameter(0.5, "Weight of the pull to the class's name", low=0, high=100)
    contrast: float = parameter(1.0, "Weight of the contrast among classes", low=0, high=100)
    distil: float = parameter(1.0, "Weight of the alignment distillation", low=0, high=100)
    relation: float = parameter(0.5, "Weight of the batch's relations", low=0, high=100)
    tau: float = parameter(0.05, "Temperature of the contrast", low=0.001, high=1)
    tau_teacher: float = parameter(0.05, "Temperature of the teacher", low=0.001, high=1)
    tau_student: float = parameter(0.05, "Temperature of the student", low=0.001, high=1)
    tau_relation: float = parameter(0.1, "Temperature of the relations", low=0.001, high=1)
    smoothing: float = parameter(0.0, "Label smoothing of the contrast", low=0, high=0.5)
    categories: float = parameter(
        1.0,
        "Weight of the contrast among the names that recordings have in the set they come from; "
        "of cad and cross_entropy",
        low=0,
        high=100,
    )


@dataclass(frozen=True)
class ScheduleConfig:
    """How long, and in what steps."""

    epochs: int = parameter(40, "Passes over the training samples", low=1, high=10_000)
    batch_size: int = parameter(64, "Samples of a step on each device", low=2, high=65_536)
    learning_rate: float = parameter(2e-3, "Highest learning rate of AdamW", low=1e-7, high=1)
    weight_decay: float = parameter(0.05, "Weight decay of AdamW", low=0, high=10)
    warmup: float = parameter(0.05, "Share of the steps in which the rate rises", low=0, high=0.9)
    clip: float = parameter(5.0, "Largest norm of the gradients", low=0.001, high=1e6)
    dropout: float = parameter(0.2, "Share of features dropped in training", low=0, high=0.9)
    balance: float = parameter(
        0.5, "0: each sample is seen alike often, 1: each class is", low=0, high=1
    )
    same_class: float = parameter(
        0.0, "Chance that a sample's paired image is another object's of its class", low=0, high=1
    )
    recorded: float = parameter(
        0.0,
        "Share of an epoch's samples that are recordings, where there are any; 0: as they come",
        low=0,
        high=0.95,
    )
    start: str = parameter(
        "auto",
        "Weights that students of pictures begin with: the image student's (where pictures show "
        "whole things), those of the image teacher's first layers, or random ones; auto: image "
        "under cad, teacher under a plain objective",
        choices=("auto", "image", "teacher", "random"),
    )
    student: str = parameter(
        "",
        "File of a trained student (students/MODALITY.pt) to begin with instead; set it under "
        "`overrides`, for one student",
    )
    augment: bool = parameter(True, "Whether the inputs are varied in training")
    look: int = parameter(
        1, "Epochs from one look at validation objects to the next", low=1, high=10_000
    )
    mirror: float = parameter(
        0.5, "Chance that a varied input is mirrored; 0 for what is written", low=0, high=1
    )


@dataclass(frozen=True)
class AdaptConfig:
    """Stage zero: the image teacher's projection learns from images first."""

    epochs: int = parameter(60, "Passes over the images; 0: the teacher stays", low=0, high=10_000)
    batch_size: int = parameter(256, "Images of a step", low=2, high=65_536)
    learning_rate: float = parameter(1e-3, "Learning rate of AdamW", low=1e-7, high=1)
    weight_decay: float = parameter(0.1, "Pull of the projection to its start", low=0, high=100)
    keep: float = parameter(
        4.0, "Weight of staying as it was on what is no image of the set", low=0, high=100
    )
    tau: float = parameter(0.05, "Temperature of the classes", low=0.001, high=1)
    folds: int = parameter(
        1,
        "Parts of the training objects; with two or more, students learn from a training image "
        "what a projection says of it that was fitted to the other parts",
        low=1,
        high=100,
    )


@dataclass(frozen=True)
class ImageStudentConfig:
    """The image student: the small network of other students learns from all images first."""

    epochs: int = parameter(6, "Passes over the images", low=1, high=10_000)
    batch_size: int = parameter(64, "Images of a step", low=2, high=65_536)
    learning_rate: float = parameter(1e-3, "Highest learning rate of AdamW", low=1e-7, high=1)
    weight_decay: float = parameter(0.05, "Weight decay of AdamW", low=0, high=10)


@dataclass(frozen=True)
class TrainingConfig:
    """A training run. `overrides` holds, by modality, fields of loss and schedule that differ."""

    teacher: str = parameter("teacher", "Bundle, or OpenCLIP or Hugging Face model")
    seed: int = parameter(0, "Decides all chance", low=0, high=2**31)
    modalities: list[str] = parameter(list(STUDENT_MODALITIES), "Students to train")
    left_out: list[str] = parameter([], "Classes that training does not see, to be unknown later")
    origins: str = parameter(
        "all",
        "Samples that students are trained and chosen on; tested are all",
        choices=ORIGINS,
    )
    precision: str = parameter(
        "auto",
        "Numbers to compute in; auto: bf16-mixed on a GPU that has it, 16-mixed on others, 32-true",
        choices=("auto", "32-true", "16-mixed", "bf16-mixed"),
    )
    accelerator: str = parameter("auto", "Fabric's accelerator: auto, cpu, gpu ...")
    devices: int = parameter(1, "Devices on each host", low=1, high=1024)
    nodes: int = parameter(1, "Hosts", low=1, high=1024)
    loss: LossConfig = field(default_factory=LossConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    adapt: AdaptConfig = field(default_factory=AdaptConfig)
    image_student: ImageStudentConfig = field(default_factory=ImageStudentConfig)
    shares: Mapping[str, float] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, modality: str) -> tuple[LossConfig, ScheduleConfig]:
        """Return the objective and the schedule of a student, its overrides applied."""
        given = self.overrides.get(modality, {})
        parts = []
        for section in (self.loss, self.schedule):
            names = {f.name for f in fields(section)}
            parts.append(replace(section, **{k: v for k, v in given.items() if k in names}))
        return parts[0], parts[1]  # type: ignore[return-value]

    def start(self, modality: str) -> str:
        """Return what a student of pictures begins with: image, teacher or random."""
        loss, schedule = self.of(modality)
        start = schedule.start
        if start == "auto":
            start = "image" if loss.objective == "cad" else "teacher"
        fits = modality in LIKE_IMAGES and not schedule.student
        return "teacher" if start == "image" and not fits else start

    def taught(self, modality: str) -> bool:
        """Return whether a student's weights come from the image teacher's, at once or not."""
        return self.start(modality) != "random"

    def key(self, modality: str) -> str:
        """Return a hash of all that decides what becomes of a student."""
        loss, schedule = self.of(modality)
        parts = {
            "modality": modality,
            "teacher": self.teacher,
            "seed": self.seed,
            "left_out": sorted(self.left_out),
            "share": self.shares.get(modality, 100.0),
            "loss": asdict(loss),
            "schedule": asdict(schedule),
            "adapt": asdict(self.adapt),
            "image_student": asdict(self.image_student),
            "origins": self.origins,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write it as YAML; raises OSError."""
        text = yaml.safe_dump(_plain(asdict(self)), sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")


def parse_section(section: type[T], data: Any) -> T:
    """Make a configuration of simple parameters of what a YAML file holds.

    Args:
        section: A dataclass whose fields `parameter` made.
        data: What the file holds.

    Raises:
        ParameterError: A key is unknown, or a value is not allowed.
    """
    given = _mapping(data, "the file")
    known = [f.name for f in fields(section)]  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            raise ParameterError(f"there is no parameter {key}; use one of {', '.join(known)}")
    return section(**{key: check(section, key, value) for key, value in given.items()})


SECTIONS: dict[str, type] = {
    "loss": LossConfig,
    "schedule": ScheduleConfig,
    "adapt": AdaptConfig,
    "image_student": ImageStudentConfig,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


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
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} is not YAML ({type(error).__name__}); correct it") from error


def parse_config(data: Mapping[str, Any]) -> TrainingConfig:
    """Make a configuration of what a YAML file holds.

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
    return config


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return a value that must be a mapping; raises ParameterError where it is none."""
    if not isinstance(value, Mapping):
        raise ParameterError(f"{where} holds {str(value)[:60]!r}, but must be `key: value` lines")
    return value


def _fields(section: type, given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    known = [f.name for f in fields(section) if f.metadata]
    for key in given:
        if key not in known:
            others = [*known, *SECTIONS, "shares", "overrides"] if not prefix else known
            raise ParameterError(
                f"there is no parameter {prefix}{key}; use one of {', '.join(others)}"
            )
    return {key: check(section, key, value, prefix) for key, value in given.items()}


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
    """Return the values that differ for a modality, checked; they keep their flat names."""
    place = f"overrides.{modality}"
    loss = {f.name for f in fields(LossConfig)}
    checked: dict[str, Any] = {}
    for key, value in _mapping(given, place).items():
        section: type = LossConfig if key in loss else ScheduleConfig
        checked.update(_fields(section, {key: value}, f"{place}."))
    return checked
