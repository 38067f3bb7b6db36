"""What a bundle says of the samples that are held back: before an adaptation, and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.evaluation.measure.bundle import fuse_at_run_time
from omnibind_ros.fusion import AdaptiveFusion, MeanFusion
from omnibind_ros.learning.af.corruptions import members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What a bundle says of n samples, each by all members that it has.

    Attributes:
        best: int64 [n], the best label.
        similarity: float32 [n], its similarity.
        known: bool [n], whether it is said: similarity and quality reach their thresholds.
        fused: float32 [n, D].
    """

    best: Ints
    similarity: Floats
    known: npt.NDArray[np.bool_]
    fused: Floats


class Answerer:
    """Answers as a bundle does, fused and compared as the node does it for one moment.

    The fusion network is loaded once.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Load the fusion of a bundle; its calibration is used, too."""
        self._calibration = bundle.manifest.calibration
        fusion = AdaptiveFusion.load(bundle) if bundle.manifest.fusion is not None else MeanFusion()
        self._fuse = fuse_at_run_time(fusion)

    def __call__(self, data: EmbeddingSet) -> Answers:
        """Return the answers to samples.

        Args:
            data: Embeddings by the bundle's encoders; each sample has at least one.
        """
        members = members_of(data, self._calibration.temperature)
        fused, weights = self._fuse(members)
        similarity = data.bank.similarities(fused)
        quality = (weights * members.quality).sum(1) / np.maximum(weights.sum(1), 1e-9)
        thresholds = []
        for present, shares in zip(data.present, weights, strict=True):
            names = [name for name, there in zip(data.modalities, present, strict=True) if there]
            thresholds.append(self._calibration.threshold(names, shares[present]))
        best = similarity.max(1)
        known = (best >= np.array(thresholds)) & (quality >= self._calibration.min_quality)
        return Answers(similarity.argmax(1).astype(np.int64), best, known, fused)

    def fused(self, data: EmbeddingSet) -> Floats:
        """Return the fused embeddings of samples, float32 [n, D]."""
        return self._fuse(members_of(data, self._calibration.temperature))[0]


def shares(answers: Answers, data: EmbeddingSet) -> dict[str, float]:
    """Return how often answers are right, in percent.

    Args:
        answers: Of n samples, at least one.
        data: The samples, with their labels.

    Returns:
        n; top1; balanced, the mean over the labels of the samples; known; and wrong_known.
    """
    right = data.is_right(answers.best)
    labels = np.unique(data.labels)
    return {
        "n": len(data),
        "top1": _percent(right.mean()),
        "balanced": _percent(np.mean([right[data.labels == label].mean() for label in labels])),
        "known": _percent(answers.known.mean()),
        "wrong_known": _percent((answers.known & ~right).mean()),
    }


def agreement(answers: Answers, images: Ints) -> dict[str, float]:
    """Return how often answers are what a sure image says of the same moment, in percent.

    Args:
        answers: Of n samples.
        images: int64 [n], the label of the image; -1 where it is not sure.

    Returns:
        n, the samples with a sure image; agrees and known unless there is none.
    """
    sure = images >= 0
    count = int(sure.sum())
    if not count:
        return {"n": 0}
    same = (answers.best[sure] == images[sure]).mean()
    return {"n": count, "agrees": _percent(same), "known": _percent(answers.known.mean())}


def probe_share(
    training: Floats, labels: Ints, held: Floats, held_labels: Ints
) -> dict[str, float] | None:
    """Return how often a linear classifier of features is right, in percent.

    It is a multinomial logistic regression on standardised features with scikit-learn's own
    penalty, C = 1.

    Args:
        training: float32 [N, F].
        labels: int64 [N].
        held: float32 [n, F].
        held_labels: int64 [n].

    Returns:
        top1 and balanced; None with fewer than two labels or no sample held back.
    """
    if len(np.unique(labels)) < 2 or not len(held):
        return None
    scaler = StandardScaler().fit(training)
    model = LogisticRegression(max_iter=2000).fit(scaler.transform(training), labels)
    right = model.predict(scaler.transform(held)) == held_labels
    each = [right[held_labels == label].mean() for label in np.unique(held_labels)]
    return {"top1": _percent(right.mean()), "balanced": _percent(np.mean(each))}


def alone(data: EmbeddingSet, modality: str) -> EmbeddingSet:
    """Return the samples that have a modality, with it alone."""
    of_modality = data.only([modality])
    return of_modality.samples(np.asarray(of_modality.present.all(1)))


def together(data: EmbeddingSet, modalities: Sequence[str]) -> EmbeddingSet:
    """Return the samples that have all of some modalities, with these alone."""
    chosen = data.only(modalities)
    return chosen.samples(np.asarray(chosen.present.all(1)))


def _percent(share: Any) -> float:
    return round(100 * float(share), 1)
