"""Makes a bundle of adapted students: what is exported, calibrated, and compared with before."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import SIMULATION, FileSpec
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.learning.adapt.samples import SensorSamples
from omnibind_ros.learning.adapt.selection import AdaptedStudent
from omnibind_ros.learning.adapt.start import features_of
from omnibind_ros.learning.af.files import TrainedFusion
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.students.distribution import FeatureDistribution
from omnibind_ros.learning.students.pair import LAST
from omnibind_ros.learning.tensors.specs import input_spec
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import LabelFile
from omnibind_ros.recognition.labels_writing import write_labels

from .bundle_files import bundle_version, copy_parts
from .export_fusion import export_fusion
from .export_student import (
    TEACHER_WEIGHTS,
    MeasuredStudent,
    export_network,
    measured_outputs,
    student_spec,
)
from .samples import MAX_CALIBRATION, MAX_HELD_OUT, ExportSamples

WRITTEN_BY = "`omnibind adapt`"


@dataclass(frozen=True)
class AdaptedSensor:
    """An adapted student and the samples that it was adapted to.

    Attributes:
        student: The student.
        samples: Of its sensor.
        bank: The labels that it learnt.
        labelled: Whether the samples have labels.
    """

    student: AdaptedStudent
    samples: SensorSamples
    bank: LabelBank
    labelled: bool


def write_adapted(
    stage: Path,
    source: Bundle,
    adapted: Mapping[str, AdaptedSensor],
    labels: LabelFile | None,
    precision: str,
    origin: str,
    progress: Callable[[str], None],
) -> Bundle:
    """Write the networks of an adapted bundle, with the fusion and the calibration of the source.

    Args:
        stage: An empty folder.
        source: The bundle that was adapted.
        adapted: The adapted sensors by modality.
        labels: The labels of the new bundle; None: those of the source.
        precision: One of `precisions.PRECISIONS`, or `AUTO`.
        origin: What the recordings are, for the manifest.
        progress: Called with the step that is next.

    Raises:
        BundleError: An export differs from its network.
        TrainingError: There are too few samples to measure what is usual.
        LabelError: The labels cannot be embedded.
        OSError: A file cannot be written.
    """
    manifest = source.manifest
    # Statistics of enrolled labels are of the source's own encoders.
    parts = [*manifest.encoders.values(), manifest.labels]
    parts += [manifest.fusion] if manifest.fusion is not None else []
    copy_parts(source, stage, parts, missing=True)
    encoders, exported = dict(manifest.encoders), {}
    with tempfile.TemporaryDirectory() as scratch:
        for modality, sensor in adapted.items():
            progress(f"export of {modality}")
            before = manifest.encoders.get(modality)
            result = export_network(
                _measured(sensor),
                _spec(before, sensor, manifest.embedding_size, origin),
                stage,
                Path(scratch),
                precision,
                _export_samples(sensor.samples),
                sensor.bank,
            )
            encoders[modality] = result.spec
            exported[modality] = {
                name: value
                for name, value in result.figures.items()
                if not name.startswith("ms") and (sensor.labelled or not name.startswith("top1"))
            }
    encoders = {name: encoders[name] for name in MODALITIES if name in encoders}
    figures = {**manifest.figures.get("export", {}), **exported}
    new = replace(
        manifest,
        version=bundle_version(encoders, manifest.fusion),
        encoders=encoders,
        matching=None,
        figures={"export": figures},
    )
    if labels is not None:
        write_labels(stage / manifest.labels.path, labels)
    write_manifest(stage, new, WRITTEN_BY)
    bundle = Bundle.load(stage)
    encoder = bundle.encoder("text")
    if isinstance(encoder, TextEncoder):
        path = stage / manifest.labels.path
        LabelBank.load(stage, path, encoder).save(stage, path, encoder)
    return bundle


def put_fusion(
    bundle: Bundle,
    name: str,
    fusion: TrainedFusion | None,
    thresholds: Mapping[str, float],
    temperature: float | None = None,
) -> Bundle:
    """Give a bundle that is being made its fusion, its thresholds and its name.

    Args:
        bundle: In the folder that `write_adapted` wrote.
        name: Of the new bundle.
        fusion: Its fusion; None: the one that it has.
        thresholds: By combination of modalities; others keep theirs.
        temperature: Without a fusion; None: the one that it has.

    Raises:
        OSError: A file cannot be written.
    """
    manifest = bundle.manifest
    spec = manifest.fusion
    calibration = replace(
        manifest.calibration,
        min_similarity={**manifest.calibration.min_similarity, **thresholds},
    )
    if fusion is not None:
        spec = export_fusion(fusion.network, bundle.root)
        calibration = replace(calibration, temperature=fusion.temperature)
    elif temperature is not None:
        calibration = replace(calibration, temperature=temperature)
    new = replace(
        manifest,
        name=name,
        version=bundle_version(manifest.encoders, spec),
        fusion=spec,
        calibration=calibration,
    )
    write_manifest(bundle.root, new, WRITTEN_BY)
    return Bundle.load(bundle.root)


def _measured(sensor: AdaptedSensor) -> MeasuredStudent:
    """Return the student with the distribution of its features on the sensor's samples.

    Raises:
        TrainingError: There are too few samples.
    """
    network, samples = sensor.student.network, sensor.samples
    held = samples.where("validation")
    held = held if len(held) else samples.where("train")
    try:
        distribution = FeatureDistribution.fit(
            features_of(network, samples.inputs[samples.where("train")])[:, -LAST:],
            features_of(network, samples.inputs[held])[:, -LAST:],
        )
    except ValueError as error:
        raise TrainingError(f"{samples.modality}: {error}; record more") from error
    return MeasuredStudent(network, distribution)


def _spec(before: FileSpec | None, sensor: AdaptedSensor, size: int, origin: str) -> FileSpec:
    """Return the entry of an adapted encoder in the manifest; of a new one without `before`."""
    modality, features = sensor.samples.modality, sensor.student.network.head.project.in_features
    outputs = measured_outputs(int(features))
    if before is None:
        spec = student_spec(modality, input_spec(modality), size, f"{origin}; {TEACHER_WEIGHTS}")
        return replace(spec, outputs=(*spec.outputs, *outputs), trained_on="recordings")
    spec = student_spec(modality, before.inputs[0], size, origin)
    kinds = [SIMULATION] if SIMULATION in before.trained_on else []
    return replace(
        spec,
        path=before.path,
        licence=before.licence,
        origin=f"{before.origin}; {origin}",
        outputs=(*spec.outputs, *outputs),
        trained_on=" and ".join([*kinds, "recordings"]),
    )


def _export_samples(samples: SensorSamples) -> ExportSamples:
    """Return inputs to measure ranges on, and others to check the export with."""
    rng = np.random.default_rng(0)
    held = samples.where("validation", "test")
    held = held if len(held) else samples.where("train")

    def draw(places: Any, most: int) -> Any:
        return np.sort(rng.permutation(places)[:most])

    calibration, checked = draw(samples.where("train"), MAX_CALIBRATION), draw(held, MAX_HELD_OUT)
    return ExportSamples(
        [samples.inputs[place][None] for place in calibration],
        [samples.inputs[place][None] for place in checked],
        samples.labels[checked],
    )
