"""How far a sample is from what a student was trained on, measured by its features."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from omnibind_ros.arrays import Floats

INSIDE = 0.95
"""Share of held-out samples of the training's kind whose distance is 0."""

FAR = 2.0
"""The distance is 1 from this many times the Mahalanobis distance that `INSIDE` gives."""

PART = 64
"""Samples whose distances are computed at a time, to bound the memory."""


class FeatureDistribution(nn.Module):
    """The normal distribution of a student's features, and the distance of a sample to it.

    The distance follows Lee et al., A Simple Unified Framework for Detecting Out-of-Distribution
    Samples, arXiv 1807.03888, with one mean for all classes: a class of its own is no reason to be
    far. It is the root mean square over the whitened features, about 1 in the training, scaled so
    that it is 0 for `INSIDE` of held-out samples and 1 at `FAR` times their limit.
    """

    def __init__(self, size: int) -> None:
        """Create it for features of a size; each sample then has the distance 0."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("whitening", torch.zeros(size, size))
        self.register_buffer("limits", torch.tensor([1.0, 2.0]))

    @classmethod
    def fit(cls, training: Floats, held_out: Floats) -> FeatureDistribution:
        """Fit it to features.

        Args:
            training: float32 [n, F], of samples that the student was trained on.
            held_out: float32 [k, F], of other objects by the same sensors.

        Raises:
            ValueError: There are fewer than two training samples, or none held out.
        """
        if len(training) < 2 or not len(held_out):
            raise ValueError(
                f"{len(training)} training samples and {len(held_out)} held out are too few to "
                "measure what is usual; two and one are needed"
            )
        fitted = cls(training.shape[1])
        mean = training.mean(0, dtype=np.float64)
        values, vectors = np.linalg.eigh(shrunk_covariance(training - mean))
        whitening = vectors / np.sqrt(values)
        fitted.mean.copy_(torch.from_numpy(mean))
        fitted.whitening.copy_(torch.from_numpy(whitening.T.copy()))
        # In parts, as the product without a layer takes B x F x F values.
        parts = [fitted.mahalanobis(part) for part in torch.from_numpy(held_out).split(PART)]
        limit = float(np.quantile(torch.cat(parts).numpy(), INSIDE))
        fitted.limits.copy_(torch.tensor([limit, FAR * limit]))
        return fitted

    def forward(self, features: Tensor) -> Tensor:
        """Return the distances [B], 0 (as in the training) .. 1 (far), of features [B, F]."""
        low, high = self.limits[0], self.limits[1]
        return ((self.mahalanobis(features) - low) / (high - low)).clamp(0.0, 1.0)

    def mahalanobis(self, features: Tensor) -> Tensor:
        """Return Mahalanobis distances [B] / sqrt(F) of features [B, F]."""
        # A product and a sum, no layer: a conversion to int8 leaves them in fp32.
        white = ((features - self.mean)[:, None] * self.whitening).sum(2)
        return (white.square().mean(1) + 1e-12).sqrt()


def shrunk_covariance(centred: Floats) -> Floats:
    """Return the covariance [F, F] of centred samples [n, F], shrunk towards a multiple of one.

    The share of shrinkage is that of least expected squared error (Ledoit and Wolf, A
    well-conditioned estimator for large-dimensional covariance matrices, Journal of Multivariate
    Analysis 88, 2004, lemma 3.2 to 3.4).
    """
    values = centred.astype(np.float64)
    count, size = values.shape
    sample = values.T @ values / count
    scale = np.trace(sample) / size
    apart = np.square(sample - scale * np.eye(size)).sum() / size
    # Mean over the samples of |x x' - S|^2 / F, which needs no [n, F, F]: |x|^4 - 2 x'Sx + |S|^2.
    lengths = np.square(values).sum(1)
    spread = (np.square(lengths).sum() / count - np.square(sample).sum()) / size / count
    share = min(max(spread, 0.0) / apart, 1.0) if apart > 0 else 1.0
    floor = max(scale, 1e-12) * 1e-6
    shrunk = (1 - share) * sample + (share * scale + floor) * np.eye(size)
    return np.asarray(shrunk)
