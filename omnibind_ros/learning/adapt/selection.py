"""Chooses a student for one's own sensor: what it begins as, how deep it is trained, how far."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.students.pair import PairStudent
from omnibind_ros.learning.students.picture import PictureStudent
from omnibind_ros.recognition.label_bank import LabelBank

from .cross_validation import cross_validated, right_share
from .likelihood import image_likelihood, log_likelihood
from .samples import Ints, SensorSamples
from .start import (
    Projection,
    bundle_student,
    embeddings_of,
    features_of,
    layers_student,
)
from .teaching import AdaptationLoss, ImageTeacher, Teaching, Weights
from .training import AdaptationPlan, take_statistics, train_further

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How far a student goes to where training led it (WiSE-FT, arXiv 2109.01903)."""

Report = Callable[[str, int, int, Mapping[str, float]], None]


@dataclass(frozen=True)
class AdaptedStudent:
    """A student for a sensor, and how it was chosen.

    Attributes:
        network: In evaluation mode.
        start: What it began as: bundle (the bundle's student), statistics (the same with the
            statistics of the sensor), pair (it beside the image teacher's layers) or layers (these
            alone, where the bundle has no student).
        depth: How much of it was trained: none, projection, last or all.
        scores: Of what was compared, on what is held back for the choice; higher is better.
        architecture: Of its checkpoint; '' for the modality's own.
        penalty: Of the projection that was fitted to the labels; 0 where none was.
    """

    network: PictureStudent
    start: str
    depth: str
    scores: Mapping[str, float]
    architecture: str = ""
    penalty: float = 0.0


@dataclass(frozen=True)
class Situation:
    """All that the choice of a student depends on.

    Attributes:
        samples: Of the sensor.
        bank: The labels.
        spec: The student's input.
        size: Values of an embedding.
        checkpoint: The student that the bundle's encoder was exported from; None: it has none.
        teacher: How sure images are.
        plan: How long to train; its depth is the deepest.
        folder: Where interrupted trainings go on from.
        key: Hash of the data.
        report: Called after each epoch.
    """

    samples: SensorSamples
    bank: LabelBank
    spec: TensorSpec
    size: int
    checkpoint: Path | None
    teacher: ImageTeacher
    plan: AdaptationPlan
    folder: Path
    key: str
    report: Report


def adapt_with_labels(situation: Situation) -> AdaptedStudent:
    """Choose and train a student of samples of which some have labels.

    Compared are the bundle's student as it is, with the statistics of the sensor, and with a
    projection fitted to the labels; the latter also beside the image teacher's layers. Which of
    the two projections, and how smooth, is chosen by cross-validation over the training objects,
    all else on the validation samples; of those that are equal there, as those are that name each
    of a few samples right, the one that is right more often across the training objects. Samples
    without labels teach by their images.

    Raises:
        TrainingError: The labels show one class only, or too few samples.
        OSError: A checkpoint cannot be written.
    """
    samples, bank = situation.samples, situation.bank
    training = samples.where("train")
    named = training[samples.labels[training] >= 0]
    _check_classes(samples, named, bank)
    plan = situation.plan.of(len(training))
    teaching = Teaching.of(samples, bank, situation.teacher)
    held = samples.where("validation")
    held = held[teaching.sureness[held] > 0]
    scores: dict[str, float] = {}

    def score(which: PictureStudent) -> float:
        embeddings = embeddings_of(which, samples.inputs[held])
        return log_likelihood(embeddings, teaching.targets[held], teaching.sureness[held], bank)

    best, projected, penalty = _best_projection(situation, named, scores)
    candidates = {(best, "projection"): projected}
    if situation.checkpoint is not None:
        own = bundle_student(situation.checkpoint)
        usual = copy.deepcopy(own)
        take_statistics(usual, samples.inputs[training])
        candidates = {("bundle", "none"): own, ("statistics", "none"): usual} | candidates
    rated = {key: score(network) for key, network in candidates.items()}
    if not np.isfinite(rated[(best, "projection")]):  # nothing is held back to choose by
        rated[(best, "projection")] = 0.0
    right = {
        key: scores[f"right across objects, projection of {best}"]
        if key[1] == "projection"
        else right_share(network, samples.inputs[named], samples.labels[named], bank)
        for key, network in candidates.items()
    }
    start, depth = _best_of(rated, right)
    scores |= {" ".join(key): value for key, value in rated.items()}
    chosen = AdaptedStudent(
        candidates[(start, depth)],
        start,
        depth,
        scores,
        "pair" if start == "pair" else "",
        penalty if depth == "projection" else 0.0,
    )
    if plan.depth != "projection" and len(held):
        deeper = copy.deepcopy(chosen.network)
        _train(situation, plan, teaching, deeper, training, f"{start}-{depth}-{plan.depth}", score)
        share = _choose_share(deeper, chosen.network, score, f"{start} {plan.depth}", scores)
        if share:
            chosen = replace(chosen, network=deeper, depth=plan.depth, penalty=0.0)
    return chosen


def _best_projection(
    situation: Situation, named: Ints, scores: dict[str, float]
) -> tuple[str, PictureStudent, float]:
    """Return the start whose features tell the labels best, its projection fitted, the penalty."""
    samples, bank = situation.samples, situation.bank
    labels, objects = samples.labels[named], samples.objects[named]
    found: dict[str, tuple[float, float]] = {}
    starts, features = _starts(situation, named), {}
    for name, network in starts.items():
        features[name] = features_of(network, samples.inputs[named])
        by_penalty = cross_validated(features[name], labels, objects)
        penalty = max(by_penalty, key=lambda c: (by_penalty[c], -c))
        found[name] = (by_penalty[penalty], penalty)
        scores[f"right across objects, projection of {name}"] = by_penalty[penalty]
    best = max(found, key=lambda name: (found[name][0], name == "bundle"))
    penalty = found[best][1]
    Projection.fit(features[best], labels, bank, penalty).put(starts[best])
    return best, starts[best], penalty


def adapt_without_labels(situation: Situation) -> AdaptedStudent:
    """Train a student of samples without labels by the images of the same moments.

    What is compared on the validation samples is how well the student agrees with the images.

    Raises:
        TrainingError: No sample has an image that teaches anything, or there is no student.
        OSError: A checkpoint cannot be written.
    """
    samples, bank = situation.samples, situation.bank
    plan = situation.plan.without_labels()
    teaching = Teaching.of(samples, bank, situation.teacher)
    training, held = samples.where("train"), samples.where("validation")
    if not teaching.some():
        raise TrainingError(
            f"no sample of {samples.modality} has a picture of the same moment that shows anything "
            "known; give labels, or a bag in which a camera sees what the sensor senses"
        )

    def score(which: PictureStudent) -> float:
        return image_likelihood(which, samples, teaching, held, bank, situation.teacher)

    if situation.checkpoint is None:
        raise TrainingError(f"there is no student of {samples.modality} to begin with; give labels")
    before = bundle_student(situation.checkpoint)
    scores = {"bundle": score(before)}
    statistics = copy.deepcopy(before)
    take_statistics(statistics, samples.inputs[training])
    scores["statistics"] = score(statistics)
    start = "statistics" if scores["statistics"] > scores["bundle"] else "bundle"
    network = statistics if start == "statistics" else before
    began = copy.deepcopy(network)
    _train(situation, plan, teaching, network, training, f"unlabelled-{plan.depth}", score)
    best = _choose_share(network, began, score, plan.depth, scores)
    return AdaptedStudent(network, start, plan.depth if best else "none", scores)


def _train(
    situation: Situation,
    plan: AdaptationPlan,
    teaching: Teaching,
    network: PictureStudent,
    training: Ints,
    name: str,
    score: Callable[[PictureStudent], float],
) -> None:
    samples = situation.samples
    train_further(
        network,
        samples,
        teaching,
        training,
        AdaptationLoss(situation.bank, Weights(), situation.teacher),
        plan,
        score,
        checkpoint=situation.folder / f"{samples.modality}-{name}.pt",
        key=situation.key,
        progress=lambda done, total, metrics: situation.report(
            samples.modality, done, total, metrics
        ),
    )


def _starts(situation: Situation, training: Ints) -> dict[str, PictureStudent]:
    """Return what the student may begin as."""
    samples, spec, size = situation.samples, situation.spec, situation.size
    inputs, seed = samples.inputs[training], situation.plan.seed
    layers = layers_student(samples.modality, spec, size, 0.2, inputs, seed)
    if situation.checkpoint is None:
        return {"layers": layers}
    own = bundle_student(situation.checkpoint)
    pair = PairStudent.of(spec, size, 0.2, (copy.deepcopy(own), layers))
    return {"bundle": own, "pair": pair}


def _best_of(
    rated: Mapping[tuple[str, str], float], right: Mapping[tuple[str, str], float]
) -> tuple[str, str]:
    """Return what is rated highest on the validation samples, else right more often in training."""
    return max(rated, key=lambda key: (rated[key], right[key]))


def _choose_share(
    network: PictureStudent,
    began: PictureStudent,
    score: Callable[[PictureStudent], float],
    name: str,
    scores: dict[str, float],
) -> float:
    """Leave a network between its state and an earlier one, where the score is highest.

    Args:
        network: The trained student.
        began: The student that it began as.
        score: Measures a student on what is held back.
        name: Of what was trained, in the scores.
        scores: Gets the scores.

    Returns:
        The share of the way, one of `SHARES`; of equal scores the largest.
    """
    after = {name: value.clone() for name, value in network.state_dict().items()}
    found = {}
    for share in SHARES:
        _interpolate(network, began, after, share)
        found[share] = scores[f"{name}, share {share:g}"] = score(network)
    best = max(found, key=lambda share: (found[share], share))
    _interpolate(network, began, after, best)
    network.eval()
    return best


def _interpolate(
    network: PictureStudent, began: PictureStudent, after: Mapping[str, torch.Tensor], share: float
) -> None:
    """Give a network the weights between two states."""
    state = {
        name: torch.lerp(first, after[name], share) if first.is_floating_point() else after[name]
        for name, first in began.state_dict().items()
    }
    network.load_state_dict(state)


def _check_classes(samples: SensorSamples, training: Ints, bank: LabelBank) -> None:
    """Raise TrainingError unless there are two labels to tell apart."""
    labels = np.unique(samples.labels[training])
    if len(labels) < 2:
        shown = f"'{bank.labels[labels[0]]}' only" if len(labels) else "no label"
        raise TrainingError(
            f"the {len(training)} training samples of {samples.modality} show {shown}; record at "
            "least two kinds of things, or adapt without labels (--unlabelled)"
        )
