"""Evaluates a bundle with its own encoders, fusion and calibration, as a robot runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.building.parallel import Workers
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.evaluation import JsonObject
from omnibind_ros.evaluation.study.results import read_study
from omnibind_ros.fusion import make_fusion
from omnibind_ros.fusion.base import Fusion
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.corruptions import Members
from omnibind_ros.learning.af.encoding import Encoded, encode_dataset
from omnibind_ros.learning.af.held_out import usable_splits
from omnibind_ros.learning.af.training import LEAST_OBJECTS
from omnibind_ros.learning.tensors.sample_labels import SHIPPED, sample_labels
from omnibind_ros.modalities import MODALITIES, STUDENTS

from .fusion import Fuse, MeasurementConfig, Progress, measure_fusion, no_stage_progress
from .recordings import bundle_encoders, measure_recordings

_NAMES = {modality.number: name for name, modality in MODALITIES.items()}


def evaluate_bundle(
    name: str,
    data: Path,
    cache: Path,
    config: FusionConfig,
    unknown: Sequence[str] | None = None,
    study: Path | None = None,
    workers: Workers = 1,
    progress: Progress = no_stage_progress,
    labels: str = SHIPPED,
) -> dict[str, Any]:
    """Evaluate a bundle on a dataset.

    Args:
        name: The bundle's folder or name.
        data: The dataset's folder.
        cache: Where embeddings are kept.
        config: How the bundle's fusion was trained; the learned baselines are trained alike.
        unknown: Classes that training has not seen; None for the manifest's figure `left_out`.
        study: Folder of the study's results, for the figures of students and scale.
        workers: Processes, or an executor, that encode.
        progress: Called after each step.
        labels: The labels that compete: the bundle's or the dataset's classes (`sample_labels`).

    Returns:
        The figures of `measure_fusion`; where the bundle was trained on all classes, `unknown` is
        that of a run of the study, whose name is under `run`. Beside them bundle, data, fusion,
        fitted_on (the splits that baselines are fitted on), calibrated_on (those that the bundle
        was calibrated on, without validation objects; else empty), labels (`which`, their `number`,
        and those `added` to the bundle's for this dataset), students, scale, reality; and
        `recordings`: the figures of `measure_recordings` with the top-1 on simulated test samples.

    Raises:
        BundleError: The bundle cannot be used.
        DatasetError: The dataset cannot be read.
        TrainingError: They have too few modalities or classes in common.
    """
    bundle = Bundle.load(resolve_bundle(name))
    dataset = Dataset.open(data)
    columns = [dataset.column(each).astype(np.str_) for each in ("split", "object_id", "label")]
    # Test objects are measured on, so that nothing may be fitted on them.
    found = usable_splits(*columns, first=config.splits, least=LEAST_OBJECTS, without=("test",))
    fallback = bool(found) and list(found) != list(config.splits)
    config = replace(config, splits=list(found)) if fallback else config
    splits = tuple(dict.fromkeys((*config.splits, "test")))
    encoded = encode_dataset(
        bundle, data, cache, splits, workers, lambda *done: progress("embeddings", *done), labels
    )
    left_out = bundle.manifest.figures.get("left_out", ()) if unknown is None else unknown
    fusion, warning = make_fusion("adaptive", bundle)
    measurement = MeasurementConfig(
        bundle.manifest.calibration,
        tuple(left_out),
        config,
        config.seed,
        encoded_faults=encoded.faults,
    )
    figures = measure_fusion(encoded.data, fuse_at_run_time(fusion), measurement, progress)
    text = cast("TextEncoder", bundle.encoder("text"))  # `encode_dataset` has checked it
    real = measure_recordings(
        dataset,
        bundle_encoders(bundle, [m for m in encoded.data.modalities if m in STUDENTS]),
        text,
        left_out,
        sample_labels=sample_labels(dataset, bundle, text, labels),
    )
    for modality, recordings in real.items():
        recordings["simulated"] = _simulated(encoded, modality, left_out)
    empty: dict[str, Any] = {
        "students": {},
        "scale": {},
        "reality": {},
        "unknown": {},
        "student_gains": {},
    }
    summary = read_study(study) if study is not None else empty
    unknown_run = summary.pop("unknown")
    if figures["auroc_unknown"] is None and unknown_run:
        # The bundle was trained on all classes: the figures of a run of the study that was not.
        figures |= {"auroc_unknown": unknown_run["auroc"], "unknown": unknown_run}
    return {
        "bundle": bundle.manifest.model,
        "data": data.resolve().name,
        "fitted_on": list(config.splits),
        "calibrated_on": calibrated_on(bundle),
        "fusion": warning or "adaptive",
        "labels": {
            "which": labels,
            "number": len(encoded.data.bank.labels),
            "added": list(encoded.added),
        },
        **figures,
        "recordings": real,
        **summary,
    }


def calibrated_on(bundle: Bundle) -> list[str]:
    """Return the splits that a bundle was calibrated on without validation objects; else none."""
    figures = bundle.manifest.figures
    splits = {s for name in ("labels", "fusion") for s in figures.get(name, {}).get("splits", ())}
    return sorted(splits) if splits - {"validation"} else []


def _simulated(encoded: Encoded, modality: str, left_out: Sequence[str]) -> float | None:
    """Return the top-1 of a modality's encoder on simulated test samples, in percent."""
    m = encoded.data.modalities.index(modality)
    chosen = (
        encoded.data.present[:, m] & ~encoded.is_recorded[:, m] & (encoded.data.splits == "test")
    )
    known, _ = encoded.data.samples(chosen).without_classes(left_out)
    if not len(known):
        return None
    answers = known.bank.similarities(known.values[:, m]).argmax(1)
    return float(100 * known.is_right(answers).mean())


def main_figures(figures: JsonObject) -> dict[str, Any]:
    """Return the figures of an evaluation that are kept in a bundle's manifest; accuracies in %."""
    everything = figures["combinations"]["+".join(figures["modalities"])]
    auroc = figures["auroc_unknown"]
    return {
        **{name: figures[name] for name in ("data", "classes", "objects", "samples")},
        "labels": figures["labels"]["number"],
        "alone": {name: round(of["encoder"], 1) for name, of in figures["singles"].items()},
        "all": {
            name: round(everything[name], 1) for name in ("af", "exact", "mean", "best_single")
        },
        "gain_over_mean": {
            name: round(of["gain_over_mean"], 2) for name, of in figures["summary"].items()
        },
        "gain_over_best_learned": {
            name: {
                "baseline": of["baseline"],
                "gain": round(of["gain"], 2),
                "interval": [round(end, 2) for end in of["interval"]],
            }
            for name, of in figures.get("best_learned", {}).items()
        },
        "real": {
            name: round(of.get("own_names", of["competing"])["top1"], 1)
            for name, of in figures.get("recordings", {}).items()
            if "top1" in of
        },
        "ece": round(figures["ece"], 1),
        "known": {name: round(share, 1) for name, share in figures["known"].items()},
        "auroc_unknown": None if auroc is None else round(auroc, 3),
    }


def fuse_at_run_time(fusion: Fusion) -> Fuse:
    """Return a function that fuses as at run time: one set at a time by the bundle's network."""

    def fuse(members: Members) -> tuple[Floats, Floats]:
        fused = np.zeros((len(members.values), members.values.shape[2]), np.float32)
        weights = np.zeros(members.present.shape, np.float32)
        for row, present in enumerate(members.present):
            names = [_NAMES[number] for number in members.modality[row, present].tolist()]
            result = fusion.fuse(
                members.values[row, present],
                names,
                members.age[row, present],
                members.quality[row, present],
                members.entropy[row, present],
            )
            fused[row], weights[row, present] = result.values, result.weights
        return fused, weights

    return fuse
