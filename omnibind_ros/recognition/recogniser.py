"""Open-vocabulary classification of a fused embedding, with rejection of the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.manifest import Calibration

from .label_bank import LabelBank

QUALITY_WIDTH = 0.1
"""Width of the logistic function of the quality, as a share of the smallest quality. At 1.5 times
the smallest quality, 0.7 % of the probability is taken from the labels."""


@dataclass(frozen=True)
class Recognition:
    """The labels of a fused embedding.

    Attributes:
        labels: K names, the most probable one first.
        probabilities: float32 [K]. Those of all labels of the bank and `unknown` sum to 1.
        unknown: Probability that no label of the bank fits, see `unknown_probability`.
        similarity: Cosine similarity of the first label.
        quality: Weighted mean of the embeddings' qualities, 0..1.
        known: False if the similarity or the quality is below its threshold; then `unknown` is at
            least 0.5, so that no label has more than 0.5; otherwise it is at most 0.5.
    """

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    unknown: float
    similarity: float
    quality: float
    known: bool


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
        logits = (similarities - similarities.max()) / self.calibration.temperature
        exponentials = np.exp(logits)
        total = exponentials.sum()
        # H = -sum p log p with p = exp(l) / Z is log Z - sum p l.
        entropy = np.log(total) - float(exponentials @ logits) / total
        return float(np.clip(entropy / np.log(len(similarities)), 0.0, 1.0))

    def recognise(
        self,
        values: npt.NDArray[np.float32],
        modalities: Sequence[str],
        weights: npt.NDArray[np.float32],
        qualities: npt.NDArray[np.float32],
    ) -> Recognition:
        """Classify a fused embedding.

        Args:
            values: float32 [D], unit vector.
            modalities: N names of what was fused; the threshold depends on them.
            weights: float32 [N], sum 1.
            qualities: float32 [N], 0..1.
        """
        bank = self.bank  # one reference: another thread may replace it meanwhile
        similarities = bank.similarities(values)
        count = min(self.top_k, len(similarities))
        best = np.argpartition(-similarities, count - 1)[:count]
        best = best[np.argsort(-similarities[best], kind="stable")]
        top = float(similarities[best[0]])
        exponentials = np.exp((similarities - top) / self.calibration.temperature)
        quality = float(np.dot(weights, qualities))
        threshold = self.min_similarity
        if threshold < 0:
            threshold = self.calibration.threshold(modalities, weights)
        unknown = unknown_probability(self.calibration, top - threshold, quality)
        probabilities = (1 - unknown) * exponentials[best] / exponentials.sum()
        return Recognition(
            labels=tuple(bank.labels[i] for i in best),
            probabilities=probabilities.astype(np.float32),
            unknown=unknown,
            similarity=top,
            quality=quality,
            known=top >= threshold and quality >= self.calibration.min_quality,
        )


def unknown_probability(calibration: Calibration, margin: float, quality: float) -> float:
    """Return the probability that no label of the bank fits.

    "None of the labels" counts as a label whose similarity is the threshold: of these two, the
    best label has the probability s = 1 / (1 + exp(-margin / temperature)), the softmax of two.
    That is Platt's logistic function of a score (Probabilistic outputs for support vector machines,
    1999); its offset is the threshold, and its width is the fitted temperature of the labels (Guo
    et al., arXiv 1706.04599), so that every manifest has it. The quality has such a function too,
    and the smaller one counts, as `known` needs both. So the result is 0.5 exactly where `known`
    changes.

    Args:
        calibration: Temperature, and the smallest quality; a smallest quality of 0 is none.
        margin: The best label's similarity less the threshold.
        quality: Of the fused embedding, 0..1.

    Returns:
        0..1, at most 0.5 where margin and quality reach their thresholds, else at least 0.5.
    """
    logit = margin / calibration.temperature
    least = calibration.min_quality
    if least > 0:
        logit = min(logit, (quality - least) / (QUALITY_WIDTH * least))
    return float(1 / (1 + np.exp(min(logit, 700.0))))  # exp overflows at 710
