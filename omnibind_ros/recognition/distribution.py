"""The probabilities of all labels at one instant, or of a belief over some seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .label_bank import LabelBank


@dataclass(frozen=True)
class Distribution:
    """How probable each label of a bank is, and that none of them fits.

    Attributes:
        bank: The L labels.
        probabilities: float64 [L], in the bank's order. Their sum and `unknown` make 1.
        unknown: Probability that no label of the bank fits, see `known_logit`.
        similarity: Largest cosine similarity of the instant's fused embedding to a label.
        quality: Weighted mean of the instant's embeddings' qualities, 0..1.
    """

    bank: LabelBank
    probabilities: npt.NDArray[np.float64]
    unknown: float
    similarity: float
    quality: float
