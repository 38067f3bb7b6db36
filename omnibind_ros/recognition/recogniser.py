"""Open-vocabulary classification of a fused embedding, with rejection of the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.manifest import Calibration

from .label_bank import LabelBank


@dataclass(frozen=True)
class Recognition:
    """The labels of a fused embedding.

    Attributes:
        labels: K names, the most probable one first.
        probabilities: float32 [K], softmax over all labels of the bank.
        similarity: Cosine similarity of the first label.
        quality: Weighted mean of the embeddings' qualities, 0..1.
        known: False if the similarity or the quality is below its threshold.
    """

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
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
        probabilities = exponentials[best] / exponentials.sum()
        quality = float(np.dot(weights, qualities))
        threshold = self.min_similarity
        if threshold < 0:
            threshold = self.calibration.threshold(modalities, weights)
        return Recognition(
            labels=tuple(bank.labels[i] for i in best),
            probabilities=probabilities.astype(np.float32),
            similarity=top,
            quality=quality,
            known=top >= threshold and quality >= self.calibration.min_quality,
        )
