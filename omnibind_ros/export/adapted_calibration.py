"""Fits the fusion and the thresholds of an adapted bundle to what is held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.adapt.samples import Ints
from omnibind_ros.learning.adapt.teaching import SURE
from omnibind_ros.learning.af.calibration import fit_thresholds
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.files import TrainedFusion
from omnibind_ros.learning.af.refit import FEWEST, rebuild, refit_rows

from .adaptation_figures import answers_of
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
) -> tuple[Bundle, TrainedFusion | None]:
    """Fit the fusion and the thresholds to what is held back; without labels, to sure images."""
    targets = data.labels if own else images
    held = replace(data, labels=targets).samples((data.splits == "validation") & (targets >= 0))
    if len(held) < FEWEST:
        held = replace(data, labels=targets).samples((data.splits != "test") & (targets >= 0))
        notes.append(
            "probabilities and thresholds were fitted to samples that the students have seen in "
            f"training, as fewer than {FEWEST} others have labels, so that they are too sure; "
            "record more objects."
        )
    fusion = trained
    if trained is not None and len(held):
        if own and not request.keep_labels:
            fusion = rebuild(trained, held)
        else:
            fusion, few = refit_rows(trained, held, list(sensors))
            if few:
                notes.append(
                    f"how far {', '.join(few)} is trusted beside other sensors stays as it was: "
                    f"fewer than {FEWEST} samples that are held back have a label."
                )
    named = put_fusion(bundle, request.out.resolve().name, fusion, {})
    if not len(held):
        return named, fusion
    # Without labels, too, with the camera: what a combination is compared with is another one than
    # before, as its similarities are.
    known = held.samples(np.asarray(held.present.any(1)))
    nothing = known.samples(np.zeros(len(known), np.bool_))
    thresholds = fit_thresholds(known, nothing, lambda part: answers_of(named, part).fused)
    changed = {
        names: value
        for names, value in thresholds.items()
        if own or set(names.split("+")) & set(sensors)
    }
    return put_fusion(named, request.out.resolve().name, None, changed), fusion
