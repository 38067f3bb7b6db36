"""Measures a bundle before and after an adaptation, and refuses one that got worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.adapt.samples import Ints
from omnibind_ros.learning.adapt.start import features_of, layers_student
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.tensors.cache import TensorCache

from .adaptation_figures import Answerer, agreement, alone, probe_share, shares, together
from .adaptation_request import AdaptationError
from .adapted_bundle import AdaptedSensor

TOLERANCE = 2.0
"""Points by which a held-back part may be worse before a bundle counts as worse: of 50 samples one
is two points."""


def measured(
    source: Bundle,
    bundle: Bundle,
    before: EmbeddingSet,
    after: EmbeddingSet,
    images: Ints,
    sensors: Mapping[str, AdaptedSensor],
    cache: TensorCache,
) -> dict[str, Any]:
    """Measure both bundles on the samples of the test split."""
    figures: dict[str, Any] = {"sensors": {}, "data": cache.folder.parent.parent.name}
    labelled = all(sensor.labelled for sensor in sensors.values())
    chosen = before.splits == "test"
    before, after, images = before.samples(chosen), after.samples(chosen), images[chosen]

    was, now = Answerer(source), Answerer(bundle)

    def measure(of: Answerer, data: EmbeddingSet, modalities: Sequence[str]) -> dict[str, float]:
        if not set(modalities) <= set(data.modalities):
            return {"n": 0}
        there = data.present[:, [data.modalities.index(m) for m in modalities]].all(1)
        part = alone(data, modalities[0]) if len(modalities) == 1 else together(data, modalities)
        if not len(part):
            return {"n": 0}
        answers = of(part)
        return shares(answers, part) if labelled else agreement(answers, images[there])

    for modality, sensor in sensors.items():
        samples, student = sensor.samples, sensor.student
        figures["sensors"][modality] = {
            "samples": {s: len(samples.where(s)) for s in ("train", "validation", "test")},
            "objects": len(np.unique(samples.objects)),
            "start": student.start,
            "depth": student.depth,
            "choice": {name: round(value, 4) for name, value in student.scores.items()},
            "before": measure(was, before, [modality]),
            "after": measure(now, after, [modality]),
            **({"probe": _probe(sensor, cache)} if labelled else {}),
        }
    several = [
        m
        for m in after.modalities
        if m != "text" and after.present[:, after.modalities.index(m)].any()
    ]
    if len(several) > 1:
        figures["fused"] = {
            "modalities": several,
            "before": measure(was, before, several),
            "after": measure(now, after, several),
        }
    return figures


def _probe(sensor: AdaptedSensor, cache: TensorCache) -> dict[str, float] | None:
    """Return what a linear classifier on the image teacher's layers reaches."""
    samples = sensor.samples
    training, held = samples.where("train"), samples.where("test")
    layers = layers_student(
        samples.modality,
        cache.inputs.specs[samples.modality],
        cache.embedding_size,
        0.0,
        samples.inputs[training],
        seed=0,
    )
    return probe_share(
        features_of(layers, samples.inputs[training]),
        samples.labels[training],
        features_of(layers, samples.inputs[held]) if len(held) else samples.inputs[:0],
        samples.labels[held],
    )


def check_better(figures: Mapping[str, Any], force: bool, notes: list[str]) -> None:
    """Refuse a bundle that is worse than before on what is held back.

    Raises:
        AdaptationError: It is, and `force` is not set.
    """
    worse = []
    parts = dict(figures["sensors"]) | (
        {"all together": figures["fused"]} if "fused" in figures else {}
    )
    for name, of in parts.items():
        key = "balanced" if "balanced" in of["after"] else "agrees"
        was, now = of["before"].get(key), of["after"].get(key)
        if now is None:
            notes.append(
                f"Whether {name} got better is not known: no sample of it that is held back for "
                "the test (a fifth of the objects, or of the time) has a label or a sure image; "
                "record more."
            )
        if was is not None and now is not None and now < was - TOLERANCE:
            worse.append(f"{name} {was:g} % before and {now:g} % after")
    if not worse:
        return
    sentence = f"on the part that is held back, {'; '.join(worse)}"
    if not force:
        raise AdaptationError(
            f"the bundle got worse and was not written ({sentence}); record more, leave the sensor "
            "out with --modalities, or write it all the same with --force"
        )
    notes.append(f"The bundle got worse and was written as --force wants it: {sentence}.")
