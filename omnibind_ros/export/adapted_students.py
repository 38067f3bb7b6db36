"""Adapts each student that the recordings have samples for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.learning.adapt.samples import Ints, SensorSamples
from omnibind_ros.learning.adapt.selection import (
    Situation,
    adapt_with_labels,
    adapt_without_labels,
)
from omnibind_ros.learning.adapt.teaching import ImageTeacher, Teaching
from omnibind_ros.learning.af.files import TrainedFusion
from omnibind_ros.learning.progress import NamedProgress
from omnibind_ros.learning.released import find_checkpoint
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank

from .adaptation_request import AdaptationError, AdaptationRequest
from .adapted_bundle import AdaptedSensor

LEAST = 10
"""Training samples of a sensor from which it is adapted."""


def image_teacher(bundle: Bundle, trained: TrainedFusion | None) -> ImageTeacher:
    """Return how sure a bundle's images are: by its fusion and its thresholds."""
    calibration = bundle.manifest.calibration
    temperature = calibration.temperature
    if trained is not None:
        trust = trained.network.evidence.trust[MODALITIES["image"].number].item()
        temperature = trained.temperature / float(np.exp(trust))
    return ImageTeacher(temperature, calibration.min_similarity.get("image", 0.0))


def no_encoder(bundle: Bundle) -> str:
    """Return why a sensor that a bundle has no encoder of is not adapted without labels."""
    return (
        f"{bundle.manifest.model} has no encoder of it, and without labels none can be begun; give "
        "labels, or take one from another bundle of the same space with `omnibind bundle merge`"
    )


def adapt_students(
    request: AdaptationRequest,
    cache: TensorCache,
    bank: LabelBank,
    numbers: Ints,
    teacher: ImageTeacher,
    notes: list[str],
    progress: NamedProgress,
    *,
    labelled: bool,
) -> dict[str, AdaptedSensor]:
    """Adapt each student that the recordings have samples for.

    Args:
        request: What is adapted.
        cache: The recordings' tensors.
        bank: The labels.
        numbers: int64 [n], the label of each sample of the dataset; -1 for none.
        teacher: How sure images are.
        notes: Which sensors are left alone, and why, is added.
        progress: Called after each epoch.
        labelled: Whether samples have labels.

    Returns:
        By modality, at least one.

    Raises:
        AdaptationError: No sensor can be adapted, or one that is asked for cannot.
        TrainingError: The weights of one are missing or damaged, or its samples teach nothing.
        OSError: A checkpoint cannot be written.
    """
    chosen: dict[str, tuple[SensorSamples, Path | None]] = {}
    for modality in dict.fromkeys(request.modalities or STUDENT_MODALITIES):
        samples = SensorSamples.of(cache, modality, numbers)
        why = _left_alone(request, cache, samples, bank, teacher, labelled=labelled)
        if why and request.modalities:
            raise AdaptationError(
                f"{modality} cannot be adapted: {why}; leave it out of --modalities to adapt the "
                "others"
            )
        if not why:
            there = modality in request.bundle.manifest.encoders
            chosen[modality] = (
                samples,
                find_checkpoint(request.bundle, modality, request.checkpoints) if there else None,
            )
        elif len(samples):
            notes.append(f"{modality} is left as it was: {why}.")
    adapted: dict[str, AdaptedSensor] = {}
    folder = request.work / "training"
    folder.mkdir(parents=True, exist_ok=True)
    for modality, (samples, checkpoint) in chosen.items():
        situation = Situation(
            samples=samples,
            bank=bank,
            spec=cache.inputs.specs[modality],
            size=cache.embedding_size,
            checkpoint=checkpoint,
            teacher=teacher,
            plan=request.plan,
            folder=folder,
            key=_key(cache, bank, teacher, checkpoint, labelled=labelled),
            report=progress,
        )
        student = (adapt_with_labels if labelled else adapt_without_labels)(situation)
        if student.depth == "none" and student.start == "bundle":
            told = "tells the labels" if labelled else "agrees with the images"
            notes.append(
                f"{modality} is left as it was: nothing that was tried {told} of the part that is "
                "held back better than the bundle as it is."
            )
            continue
        adapted[modality] = AdaptedSensor(student, samples, bank, labelled)
    if not adapted:
        raise AdaptationError("no sensor was adapted: " + (" ".join(notes) or _no_sensor(cache)))
    return adapted


def _key(
    cache: TensorCache,
    bank: LabelBank,
    teacher: ImageTeacher,
    checkpoint: Path | None,
    *,
    labelled: bool,
) -> str:
    """Return a hash of all that a training follows from, but its plan."""
    began = file_sha256(checkpoint) if checkpoint is not None else ""
    parts = [cache.key, *bank.labels, str(teacher), began, str(labelled)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _no_sensor(cache: TensorCache) -> str:
    """Return what the recordings have where no sensor has a usable sample."""
    there = [name for name, rows in cache.index.rows.items() if len(rows)]
    return (
        f"the recordings have {', '.join(there) or 'no usable sample'}, and sensors that can be "
        f"adapted are {', '.join(STUDENT_MODALITIES)}; name the topics in labels.yaml, or the "
        "modality of files in folder.yaml"
    )


def _left_alone(
    request: AdaptationRequest,
    cache: TensorCache,
    samples: SensorSamples,
    bank: LabelBank,
    teacher: ImageTeacher,
    *,
    labelled: bool,
) -> str:
    """Return why a sensor is not adapted; '' if it is."""
    if samples.modality not in request.bundle.manifest.encoders:
        if not labelled:
            return no_encoder(request.bundle)
        if not request.modalities and set(STUDENT_MODALITIES) & set(
            request.bundle.manifest.encoders
        ):
            return f"{request.bundle.manifest.model} has no encoder of it; --modalities begins one"
    training = samples.where("train")
    if not len(samples):
        there = ", ".join(name for name, rows in cache.index.rows.items() if len(rows))
        return f"the recordings have no usable sample of it (they have {there or 'none'})"
    if len(training) < LEAST:
        return f"{len(training)} training samples are too few, {LEAST} are needed"
    return "" if labelled else _not_taught(cache, samples, bank, teacher)


def _not_taught(
    cache: TensorCache, samples: SensorSamples, bank: LabelBank, teacher: ImageTeacher
) -> str:
    """Return why no camera can teach a sensor; '' if one can."""
    if not len(cache.index.rows["image"]):
        return (
            "the recordings have neither labels nor a camera, so that nothing says what it senses; "
            "write labels.yaml, or record a camera that sees the same"
        )
    if not (samples.image_quality > 0).any():
        return (
            "there are no labels, and the camera has no picture of the same time as any of its "
            "samples; record both at once"
        )
    weight = Teaching.of(samples, bank, teacher).image_weight
    count = int((weight[samples.where("train")] > 0).sum())
    if count < LEAST:
        return (
            f"there are no labels, and only {count} of its training samples have a usable picture "
            f"of the same time, {LEAST} are needed"
        )
    return ""
