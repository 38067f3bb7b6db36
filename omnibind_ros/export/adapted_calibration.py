"""Fits the fusion and the thresholds of an adapted bundle to what is held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.adapt.out_of_fold import has_seen, put_out_of_fold
from omnibind_ros.learning.adapt.samples import Ints
from omnibind_ros.learning.adapt.teaching import SURE
from omnibind_ros.learning.af.calibration import fit_temperature, fit_thresholds
from omnibind_ros.learning.af.cross_fitted_fusion import fuse_with
from omnibind_ros.learning.af.cross_fitting import Folds, Fuse, sentence
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.files import TrainedFusion
from omnibind_ros.learning.af.label_calibration import mean_fused
from omnibind_ros.learning.af.refit import FEWEST, rebuild, refit_rows

from .adaptation_figures import Answerer
from .adaptation_request import AdaptationRequest
from .adapted_bundle import AdaptedSensor, put_fusion
from .adapted_students import image_teacher


def image_labels(source: Bundle, data: EmbeddingSet, trained: TrainedFusion | None) -> Ints:
    """Return the label that a sure image gives each sample, int64 [n]; -1 where none is sure."""
    labels = np.full(len(data), -1, np.int64)
    if "image" not in data.modalities:
        return labels
    place = data.modalities.index("image")
    rows = np.flatnonzero(data.present[:, place] & (data.quality[:, place] > 0))
    if not len(rows):
        return labels
    teacher = image_teacher(source, trained)
    similarity = data.bank.similarities(data.values[rows, place])
    apart = np.exp((similarity - similarity.max(1, keepdims=True)) / teacher.temperature)
    sure = apart.max(1) / apart.sum(1) >= SURE
    sure &= similarity.max(1) >= teacher.known
    labels[rows[sure]] = similarity.argmax(1)[sure]
    return labels


class Calibrated(NamedTuple):
    """A bundle that is calibrated, but not yet measured.

    Attributes:
        bundle: In its folder.
        fusion: With its trainable weights; None: it has none.
        figures: For the manifest: on how many samples, and how; across folds also `Folds.figures`.
    """

    bundle: Bundle
    fusion: TrainedFusion | None
    figures: dict[str, Any]


def calibrated(
    request: AdaptationRequest,
    bundle: Bundle,
    data: EmbeddingSet,
    images: Ints,
    sensors: Mapping[str, AdaptedSensor],
    trained: TrainedFusion | None,
    *,
    own: bool,
    notes: list[str],
) -> Calibrated:
    """Fit the fusion and the thresholds to what is held back; without labels, to sure images.

    Where too little is held back, the training samples are used by cross-fitting: projections and
    fusion are fitted anew for each fold of the objects. Students whose layers have seen them are
    too sure of them; their thresholds are at least those of before.
    """
    targets = data.labels if own else images
    labelled = replace(data, labels=targets)
    held = labelled.samples((data.splits == "validation") & (targets >= 0))
    folds, seen, how = None, [], "held back"
    if len(held) < FEWEST:
        seen = [name for name, sensor in sensors.items() if has_seen(sensor.student)]
        held, folds = _with_training(labelled, sensors)
        how = "training samples" if seen or folds is None else "cross-fitted"

    def fit(part: EmbeddingSet) -> tuple[TrainedFusion | None, tuple[str, ...]]:
        if trained is None or not len(part):
            return trained, ()
        if own and not request.keep_labels:
            return rebuild(trained, part), ()
        return refit_rows(trained, part, list(sensors))

    fusion, few = fit(held)
    if few:
        notes.append(
            f"how far {', '.join(few)} is trusted beside other sensors stays as it was: "
            f"fewer than {FEWEST} samples that are held back have a label."
        )
    named = put_fusion(bundle, request.out.resolve().name, fusion, {})
    figures: dict[str, Any] = {"how": how, "samples": len(held)}
    if not len(held):
        return Calibrated(named, fusion, figures)
    # Without labels, too, with the camera: what a combination is compared with is another one than
    # before, as its similarities are.
    known = held.samples(np.asarray(held.present.any(1)))
    nothing = known.samples(np.zeros(len(known), np.bool_))

    fuse: Fuse = Answerer(named).fused
    if folds is not None:
        fuse = folds.fuse([_fuse_of(fit(folds.others(f))[0]) for f in range(folds.count)])
        if not seen:
            figures |= folds.figures(fuse)
    if how != "held back":
        notes.append(_note(figures, seen, folds))
    thresholds = fit_thresholds(known, nothing, fuse)
    before = request.bundle.manifest.calibration.min_similarity
    changed = {
        names: max(value, before.get(names, value)) if set(names.split("+")) & set(seen) else value
        for names, value in thresholds.items()
        if own or set(names.split("+")) & set(sensors)
    }
    temperature = None
    if own and trained is None and len(known):
        similarity = known.bank.similarities(fuse(known))
        temperature = round(fit_temperature(similarity, known.labels), 4)
        if seen:
            temperature = max(temperature, request.bundle.manifest.calibration.temperature)
    done = put_fusion(named, request.out.resolve().name, None, changed, temperature)
    return Calibrated(done, fusion, figures)


def _with_training(
    data: EmbeddingSet, sensors: Mapping[str, AdaptedSensor]
) -> tuple[EmbeddingSet, Folds | None]:
    """Return training and validation samples with labels, divided; None where they cannot be.

    Embeddings of a student whose projection has seen the training samples are those of other folds.
    """
    rows = np.flatnonzero((data.splits != "test") & (data.labels >= 0))
    held = data.samples(rows)
    folds = Folds.of(held) if len(held) else None
    if folds is None:
        return held, None
    fold = np.full(len(data), -1, np.int64)
    fold[rows] = folds.folds_of(folds.data)
    values, present = data.values.copy(), data.present.copy()
    for name, sensor in sensors.items():
        place = data.modalities.index(name)
        missing = put_out_of_fold(
            values[:, place], sensor.student, sensor.samples, sensor.bank, fold
        )
        present[missing, place] = False
    values[~present] = 0
    quality = np.where(present, data.quality, 0).astype(np.float32)
    held = replace(folds.data, values=values[rows], present=present[rows], quality=quality[rows])
    return held, replace(folds, data=held)


def _fuse_of(fusion: TrainedFusion | None) -> Fuse:
    """Return how a fusion, or the mean, fuses samples."""
    return mean_fused if fusion is None else fuse_with(fusion.network, fusion.temperature)


def _note(figures: Mapping[str, Any], seen: Sequence[str], folds: Folds | None) -> str:
    """Return what the user is told where too little is held back."""
    why = f"fewer than {FEWEST} samples that are held back for it have labels"
    if figures["how"] == "cross-fitted" and folds is not None:
        single = "; of a class with one object, its samples are divided" if folds.single else ""
        return f"{why}: probabilities and thresholds are {sentence(figures)}{single}."
    which = f"the students of {', '.join(seen)}" if seen else "the students"
    stricter = "; their thresholds are at least those of before" if seen else ""
    return (
        f"{why}, so that probabilities and thresholds were fitted to samples that {which} have "
        f"seen in training, and are too sure{stricter}; record more objects."
    )
