"""Open-vocabulary classification of a fused embedding, and what is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.manifest import Calibration

from .label_bank import LabelBank


@dataclass(frozen=True)
class Recognition:
    """What a fused embedding is.

    Attributes:
        labels: The best labels, best first.
        probabilities: float32, one a label above, softmax over the whole bank.
        similarity: Cosine similarity of the best label.
        quality: Weighted quality of the evidence, 0..1.
        known: False where nothing in the bank is near, or the evidence is worth nothing.
    """

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    similarity: float
    quality: float
    known: bool


class Recogniser:
    """Compares fused embeddings with a label bank; the bank may be exchanged at any time."""

    def __init__(
        self, bank: LabelBank, calibration: Calibration, top_k: int = 5, min_similarity: float = -1
    ) -> None:
        """Create a recogniser.

        Args:
            bank: The label bank.
            calibration: Temperature and thresholds of the bundle.
            top_k: Labels in each result.
            min_similarity: Overrides the bundle's thresholds; -1 for those.
        """
        self.bank = bank
        self.calibration = calibration
        self.top_k = top_k
        self.min_similarity = min_similarity

    def entropy(self, values: npt.NDArray[np.float32]) -> float:
        """Return how undecided an embedding is between the labels.

        Args:
            values: float32 [D], unit vector.

        Returns:
            Shannon entropy of its distribution over the bank's L labels, divided by log L: 0 for
            one certain label, 1 for all alike.
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
        """Name a fused embedding.

        Args:
            values: float32 [D], unit vector.
            modalities: N names of what was fused: each has its own distance to the label texts.
            weights: float32 [N], sum 1.
            qualities: float32 [N], 0..1.
        """
        bank = self.bank  # one reference: set_labels may exchange it meanwhile
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
