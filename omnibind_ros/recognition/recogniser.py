"""Open-vocabulary classification of a fused embedding, with rejection of the unknown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.manifest import Calibration

from .distribution import Distribution
from .label_bank import LabelBank
from .member import Member

QUALITY_WIDTH = 0.1
"""Width of the logistic function of the quality, as a share of the smallest quality. At 1.5 times
the smallest quality, 0.7 % of the probability is taken from the labels."""

LARGEST_LOGIT = 300.0
SORTED_AT_ONCE = 500
"""Labels up to which sorting all of them is faster than finding the best ones first."""
LEAST = 1e-300
"""Smallest probability."""


@dataclass(frozen=True)
class Recognition:
    """The labels of what the sensors show.

    Attributes:
        labels: K names, the most probable one first.
        probabilities: float32 [K]. Those of all labels of the bank and `unknown` sum to 1.
        unknown: Probability that no label of the bank fits, see `known_logit`.
        similarity: Largest cosine similarity of the instant's fused embedding to a label.
        quality: Weighted mean of the instant's embeddings' qualities, 0..1.
        known: Whether a label fits: `unknown` is at most 0.5. Otherwise no label has more than 0.5.
        since: Seconds that the first label has been the first and `known` has not changed; 0 at one
            instant alone.
        category: The finest label or group of labels that is sure; empty if none is.
        category_probability: Its probability, 0..1; 0 if there is none.
        contradicting: Sensors that have contradicted the others for some time.
    """

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    unknown: float
    similarity: float
    quality: float
    known: bool
    since: float = 0.0
    category: str = ""
    category_probability: float = 0.0
    contradicting: tuple[str, ...] = ()


class Recogniser:
    """Compares fused embeddings with a label bank; the bank may be replaced at any time."""

    def __init__(
        self, bank: LabelBank, calibration: Calibration, top_k: int = 5, min_similarity: float = -1
    ) -> None:
        """Create a recogniser.

        Args:
            bank: The label bank.
            calibration: Temperature and thresholds of the bundle.
            top_k: Labels in each result.
            min_similarity: Threshold in place of the bundle's; -1 for the bundle's.
        """
        self.bank = bank
        self.calibration = calibration
        self.top_k = top_k
        self.min_similarity = min_similarity

    def entropy(self, values: npt.NDArray[np.float32]) -> float:
        """Return the normalised entropy of an embedding's label distribution.

        Args:
            values: float32 [D], unit vector.

        Returns:
            Shannon entropy of the distribution over the bank's L labels, divided by log L: 0 for
            one certain label, 1 for the uniform distribution.
        """
        similarities = self.bank.similarities(values)
        if len(similarities) < 2:
            return 0.0
        logits = similarities - similarities.max()
        logits /= self.calibration.temperature
        exponentials = np.exp(logits)
        total = float(exponentials.sum())
        # H = -sum p log p with p = exp(l) / Z is log Z - sum p l.
        entropy = math.log(total) - float(exponentials @ logits) / total
        return min(max(entropy / math.log(len(similarities)), 0.0), 1.0)

    def distribution(
        self, values: npt.NDArray[np.float32], members: Sequence[Member]
    ) -> Distribution:
        """Return how probable each label is, from what is fused at one instant.

        Args:
            values: float32 [D], the fused embedding, a unit vector.
            members: The N >= 1 embeddings that were fused; the threshold depends on them.
        """
        bank = self.bank  # one reference: another thread may replace it meanwhile
        similarities = bank.similarities(values)
        top = float(similarities.max()) if len(similarities) else -1.0
        # float64: a label of another thing must not get the probability 0 by underflow.
        exponentials = np.subtract(similarities, top, dtype=float)
        exponentials /= self.calibration.temperature
        np.exp(exponentials, out=exponentials)
        quality = float(sum(member.weight * member.quality for member in members))
        threshold = self.min_similarity
        if threshold < 0:
            modalities = [member.modality for member in members]
            weights = [member.weight for member in members]
            threshold = self.calibration.threshold(modalities, weights)
        logit = known_logit(self.calibration, top - threshold, quality)
        if not len(similarities):
            logit = -LARGEST_LOGIT
        exponentials *= _logistic(logit) / max(float(exponentials.sum()), 1e-300)
        words = Distribution(bank, exponentials, _logistic(-logit), top, quality)
        return words if bank.enrolled is None else self._with_enrolled(words, members)

    def _with_enrolled(self, words: Distribution, members: Sequence[Member]) -> Distribution:
        """Return a distribution over all labels, given that over those of words.

        Where the quality is too low for any label to be known, so are the enrolled ones.
        """
        bank = words.bank
        if bank.enrolled is None:
            return words
        odds = bank.enrolled.odds(members)
        shares = odds / (1 + odds.sum())
        rest = 1 / (1 + odds.sum())
        seen = _logistic(quality_logit(self.calibration, words.quality))
        probabilities = np.zeros(len(bank.labels))
        probabilities[: len(words.probabilities)] = words.probabilities * rest
        np.add.at(probabilities, bank.enrolled_places, shares * seen)
        unknown = words.unknown * rest + float(shares.sum()) * (1 - seen)
        # No probability becomes 0, as the belief multiplies them.
        probabilities = np.maximum(probabilities, LEAST)
        return replace(words, probabilities=probabilities, unknown=max(unknown, LEAST))

    def name(self, distribution: Distribution) -> Recognition:
        """Return the most probable labels of a distribution, and whether one of them fits.

        Args:
            distribution: Of one instant, or a belief.
        """
        probabilities = distribution.probabilities
        best = _largest(probabilities, min(self.top_k, len(probabilities)))
        category, category_probability = distribution.bank.categories.finest_sure(probabilities)
        return Recognition(
            labels=tuple(distribution.bank.labels[i] for i in best.tolist()),
            probabilities=probabilities[best].astype(np.float32),
            unknown=distribution.unknown,
            similarity=distribution.similarity,
            quality=distribution.quality,
            known=distribution.unknown <= 0.5,
            category=category,
            category_probability=category_probability,
        )


def _largest(values: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.intp]:
    """Return the places of the largest values, in their order."""
    if len(values) <= SORTED_AT_ONCE:
        return (-values).argsort(kind="stable")[:count]
    best = np.argpartition(-values, count - 1)[:count]
    return best[np.argsort(-values[best], kind="stable")]


def known_logit(calibration: Calibration, margin: float, quality: float) -> float:
    """Return the log-odds that a label of the bank fits; `unknown` is the logistic of its negative.

    "None of the labels" counts as a label whose similarity is the threshold: of these two, the
    best label has the probability s = 1 / (1 + exp(-margin / temperature)), the softmax of two.
    That is Platt's logistic function of a score (Probabilistic outputs for support vector machines,
    1999); its offset is the threshold, and its width is the fitted temperature of the labels (Guo
    et al., arXiv 1706.04599), so that every manifest has it. The quality has such a function too,
    and the smaller one counts, as `known` needs both. So `unknown` is 0.5 exactly where `known`
    changes.

    Args:
        calibration: Temperature, and the smallest quality; a smallest quality of 0 is none.
        margin: The best label's similarity less the threshold.
        quality: Of the fused embedding, 0..1.

    Returns:
        Within +-300; at least 0 where margin and quality reach their thresholds, else below 0.
    """
    return min(_bounded(margin / calibration.temperature), quality_logit(calibration, quality))


def quality_logit(calibration: Calibration, quality: float) -> float:
    """Return the log-odds that the sensors see something, within +-300; see `known_logit`."""
    least = calibration.min_quality
    return _bounded((quality - least) / (QUALITY_WIDTH * least)) if least > 0 else LARGEST_LOGIT


def _bounded(logit: float) -> float:
    return min(max(logit, -LARGEST_LOGIT), LARGEST_LOGIT)  # neither share becomes 0


def _logistic(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))
