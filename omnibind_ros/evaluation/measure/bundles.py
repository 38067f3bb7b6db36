"""Evaluates a bundle as the robot runs it: its own encoders, its own fusion, its calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.dataset import Dataset
from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.evaluation.study.results import read_study
from omnibind_ros.fusion import make_fusion
from omnibind_ros.fusion.base import Fusion
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.corruptions import Members
from omnibind_ros.learning.af.embeddings import similarities
from omnibind_ros.learning.af.encoding import Encoded, encode_dataset
from omnibind_ros.learning.config import STUDENT_MODALITIES
from omnibind_ros.modalities import MODALITIES

from .evaluate import Fuse, Plan, Progress, _silent, measure
from .metrics import top_k
from .recordings import bundle_encoders, measure_recordings

_NAMES = tuple(MODALITIES)


def evaluate_bundle(
    name: str,
    data: Path,
    cache: Path,
    config: FusionConfig,
    unknown: Sequence[str] | None = None,
    study: Path | None = None,
    workers: int = 1,
    progress: Progress = _silent,
) -> dict[str, Any]:
    """Evaluate a bundle on a dataset.

    Args:
        name: The bundle's folder or name.
        data: The dataset's folder.
        cache: Where embeddings are kept.
        config: How the bundle's fusion was trained; the perceptron is trained alike.
        unknown: Classes that training has not seen; None for those that the manifest's figures
            name under left_out.
        study: Folder of the study's results; what it says of students and scale is taken over.
        workers: Processes that encode.
        progress: Told what is under way.

    Returns:
        What `measure` returns, where `unknown` names the `run` of the study that it is of, if the
        bundle itself has learnt all classes; and bundle, data, fusion, students, scale, reality,
        and real: what `measure_recordings` returns, and the top-1 on simulated test samples.

    Raises:
        BundleError: The bundle cannot be used.
        DatasetError: The dataset cannot be read.
        TrainingError: They share too little.
    """
    bundle = Bundle.load(resolve_bundle(name))
    splits = tuple(dict.fromkeys((*config.splits, "test")))
    encoded = encode_dataset(
        bundle, data, cache, splits, workers, lambda *done: progress("embeddings", *done)
    )
    left_out = bundle.manifest.figures.get("left_out", ()) if unknown is None else unknown
    fusion, warning = make_fusion("adaptive", bundle)
    plan = Plan(
        bundle.manifest.calibration, tuple(left_out), config, config.seed,
        recorded=encoded.recorded,
    )  # fmt: skip
    found = measure(encoded.data, fuse_at_run_time(fusion), plan, progress)
    real = measure_recordings(
        Dataset.open(data),
        bundle_encoders(bundle, [m for m in encoded.data.modalities if m in STUDENT_MODALITIES]),
        cast("SentenceEncoder", bundle.encoder("text")), left_out,  # `encode_dataset` made sure
    )  # fmt: skip
    for name, of in real.items():
        of["simulated"] = _simulated(encoded, name, left_out)
    empty: dict[str, Any] = {"students": {}, "scale": {}, "reality": {}, "unknown": {}}
    said = read_study(study) if study is not None else empty
    stranger = said.pop("unknown")
    if found["auroc_unknown"] is None and stranger:
        # The bundle has learnt all classes: a run of the study that has not says how it would do.
        found |= {"auroc_unknown": stranger["auroc"], "unknown": stranger}
    return {
        "bundle": bundle.manifest.model, "data": data.resolve().name,
        "fusion": warning or "adaptive", **found, "real": real, **said,
    }  # fmt: skip


def _simulated(encoded: Encoded, modality: str, left_out: Sequence[str]) -> float | None:
    """Return the top-1 of a modality's encoder on simulated test samples, in percent."""
    m = encoded.data.modalities.index(modality)
    chosen = encoded.data.present[:, m] & ~encoded.origin[:, m] & (encoded.data.splits == "test")
    known, _ = encoded.data.samples(chosen).without_classes(left_out)
    return top_k(similarities(known.bank, known.values[:, m]), known.labels) if len(known) else None


def main_figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the few figures of an evaluation that a bundle's manifest keeps; accuracies in %."""
    everything = found["combinations"]["+".join(found["modalities"])]
    auroc = found["auroc_unknown"]
    return {
        **{name: found[name] for name in ("data", "classes", "objects", "samples")},
        "alone": {name: round(of["encoder"], 1) for name, of in found["singles"].items()},
        "all": {name: round(everything[name], 1) for name in ("af", "mean", "best_single")},
        "gain_over_mean": {
            name: round(of["gain_over_mean"], 2) for name, of in found["summary"].items()
        },
        "real": {
            name: round(of.get("own_names", of["competing"])["top1"], 1)
            for name, of in found.get("real", {}).items()
            if "top1" in of
        },
        "ece": round(found["ece"], 1),
        "auroc_unknown": None if auroc is None else round(auroc, 3),
    }


def fuse_at_run_time(fusion: Fusion) -> Fuse:
    """Return what fuses as the robot does: one set at a time, through the bundle's network."""

    def fuse(members: Members) -> tuple[Floats, Floats]:
        fused = np.zeros((len(members.values), members.values.shape[2]), np.float32)
        weights = np.zeros(members.present.shape, np.float32)
        for row, present in enumerate(members.present):
            names = [_NAMES[number] for number in members.modality[row, present]]
            facts = (array[row, present] for array in (members.age, members.quality,
                                                       members.entropy))  # fmt: skip
            said = fusion.fuse(members.values[row, present], names, *facts)
            fused[row], weights[row, present] = said.values, said.weights
        return fused, weights

    return fuse
