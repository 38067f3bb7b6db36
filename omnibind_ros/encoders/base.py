"""What an encoder is: a sample in, a unit vector in the shared space out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Encoding:
    """One embedding.

    Attributes:
        values: float32 [D], unit vector.
        quality: How usable the sample was, 0 (not at all) .. 1.
        distance: How far the sample is from what the encoder was trained on, 0 (like it) .. 1; it
            has lowered the quality already. 0 where the encoder does not measure it.
        features: float32 [F], what the encoder projects into the shared space; None where it does
            not say.
        window: Seconds before the time of its message that the sample reaches back to; 0 where
            the messages themselves say it.
    """

    values: npt.NDArray[np.float32]
    quality: float
    distance: float = 0.0
    features: npt.NDArray[np.float32] | None = None
    window: float = 0.0


class Encoder(Protocol):
    """Encodes samples of one modality; `encode` may be called from several threads at once."""

    modality: str
    model: str

    def encode(self, sample: Any) -> Encoding:
        """Encode one sample, as the modality's sensor module decodes it."""
        ...


class SentenceEncoder(Protocol):
    """Encodes many sentences at once: the bundle's text encoder, or another teacher's."""

    def encode_batch(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors, float32 [N, D], of N sentences."""
        ...
