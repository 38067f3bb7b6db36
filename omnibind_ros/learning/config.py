"""The configuration of a training run, as dataclasses; config_file.py reads it from YAML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from omnibind_ros.config import parameter

from .students.registry import ARCHITECTURES, STUDENT_MODALITIES, image_initialisation

ORIGINS = ("all", "simulated", "recorded")


class TrainingError(ValueError):
    """A training run that cannot start or go on; the text is one sentence."""


@dataclass(frozen=True)
class LossConfig:
    """The objective: our CAD with the weight of each of its terms, the paper's, or a plain one."""

    objective: str = parameter(
        "cad",
        "What students are trained on: our losses of CAD, the three of the paper, or a plain one",
        choices=("cad", "omnibind", "cross_entropy", "infonce", "regression"),
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
    architecture: str = parameter(
        "", "Network of a student; empty: its modality's own", choices=("", *ARCHITECTURES)
    )
    balance: float = parameter(
        0.5, "0: each sample is seen alike often, 1: each class is", low=0, high=1
    )
    same_class: float = parameter(
        0.0,
        "Probability that a sample's paired image is another object's of its class",
        low=0,
        high=1,
    )
    recorded: float = parameter(
        0.0,
        "Share of an epoch's samples that are recordings, where there are any; 0: as they come",
        low=0,
        high=0.95,
    )
    start: str = parameter(
        "auto",
        "Weights that students begin with: the image student's (where a modality shows objects), "
        "those of the image teacher's first layers, or random ones; auto: image under cad, teacher "
        "under any other objective",
        choices=("auto", "image", "teacher", "random"),
    )
    near: float = parameter(
        0.0,
        "Weight of the squared distance of the first layers' weights to those that they begin with "
        "(L2-SP, arXiv 1802.01483); 0: they are free",
        low=0,
        high=1000,
    )
    student: str = parameter(
        "",
        "File of a trained student (students/MODALITY.pt) to begin with instead; set it under "
        "`overrides`, for one student",
    )
    augment: bool = parameter(True, "Whether the inputs are varied in training")
    validate_every: int = parameter(1, "Epochs from one validation to the next", low=1, high=10_000)
    mirror: float = parameter(
        0.5, "Probability that a varied input is mirrored; 0 for what is written", low=0, high=1
    )


@dataclass(frozen=True)
class AdaptConfig:
    """Stage zero: the image teacher's projection learns from images first."""

    epochs: int = parameter(60, "Passes over the images; 0: the teacher stays", low=0, high=10_000)
    batch_size: int = parameter(256, "Images of a step", low=2, high=65_536)
    learning_rate: float = parameter(1e-3, "Learning rate of AdamW", low=1e-7, high=1)
    weight_decay: float = parameter(
        0.1, "Weight decay of AdamW, towards the teacher as it was", low=0, high=100
    )
    keep: float = parameter(
        4.0,
        "Weight of keeping the embeddings of the classes that the teacher was trained on",
        low=0,
        high=100,
    )
    tau: float = parameter(0.05, "Temperature of the classes", low=0.001, high=1)
    shipped: float = parameter(
        1.0,
        "Share of what was learnt that the exported image encoder has (WiSE-FT, arXiv 2109.01903); "
        "students learn from all of it",
        low=0,
        high=1,
    )
    folds: int = parameter(
        1,
        "Parts of the training objects; with two or more, a training image's embedding for "
        "students is that of a projection fitted to the other parts",
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
    labels: str = parameter(
        "classes",
        "What students learn: the dataset's classes, or the name or folder of a bundle, whose "
        "labels.yaml has finer names for its objects",
    )
    seed: int = parameter(0, "Seed of all random generators", low=0, high=2**31)
    modalities: list[str] = parameter(list(STUDENT_MODALITIES), "Students to train")
    left_out: list[str] = parameter([], "Classes that training does not see, to be unknown later")
    origins: str = parameter(
        "all",
        "Samples for training and for the choice of the best epoch; tests use all samples",
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

    def initialisation(self, modality: str) -> str:
        """Return which weights a student begins with: image, teacher or random."""
        loss, schedule = self.of(modality)
        if schedule.architecture and not ARCHITECTURES[schedule.architecture].image_initialisation:
            return "random"
        start = schedule.start
        if start == "auto":
            start = "image" if loss.objective == "cad" else "teacher"
        if start == "image" and (
            schedule.student or not image_initialisation(modality, schedule.architecture)
        ):
            start = "teacher"
        return start

    def pretrained(self, modality: str) -> bool:
        """Return whether a student's weights derive from the image teacher's, directly or not."""
        return self.initialisation(modality) != "random"

    def key(self, modality: str) -> str:
        """Return a hash of everything that a trained student depends on but the dataset."""
        loss, schedule = self.of(modality)
        # Fields that were renamed or added later keep the hash of older runs.
        hashed = asdict(schedule)
        hashed["look"] = hashed.pop("validate_every")
        if not schedule.architecture:
            del hashed["architecture"]
        if not schedule.near:
            del hashed["near"]
        adapt = asdict(self.adapt)
        del adapt["shipped"]  # students do not depend on it
        parts = {
            "modality": modality,
            "teacher": self.teacher,
            "seed": self.seed,
            "left_out": sorted(self.left_out),
            "share": self.shares.get(modality, 100.0),
            "loss": asdict(loss),
            "schedule": hashed,
            "adapt": adapt,
            "image_student": asdict(self.image_student),
            "origins": self.origins,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
