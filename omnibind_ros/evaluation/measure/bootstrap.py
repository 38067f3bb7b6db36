"""Bootstrap over objects, and Holm's correction for many tests.

Samples of one object are alike, so that objects are resampled, with all of their samples (cluster
bootstrap: Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]

RESAMPLES = 20_000
"""So many that the smallest p-value, 1 / (RESAMPLES + 1), is significant among 500 tests."""

LEVEL = 0.05
"""Of tests, after the correction, and of both ends of an interval together."""


class ObjectBootstrap:
    """Resamples the objects of N samples with replacement; always the same resamples."""

    def __init__(
        self, objects: npt.NDArray[np.str_], resamples: int = RESAMPLES, seed: int = 0
    ) -> None:
        """Draw the resamples.

        Args:
            objects: [N], names of the samples' objects.
            resamples: Number of resamples, R.
            seed: Of the random generator.
        """
        _, self._object = np.unique(objects, return_inverse=True)
        self._counts = np.bincount(self._object)
        count = len(self._counts)
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
        self._weights = drawn.astype(np.float32)
        self._sizes = self.totals(self._counts.astype(np.float64))

    def totals(self, values: Values) -> Values:
        """Return the sums over the objects of each resample, [R], of values by object [O].

        Objects are in alphabetical order.
        """
        return np.asarray(self._weights @ values.astype(np.float32))

    def means(self, values: Values) -> Values:
        """Return the means of values [N] over the samples of each resample, [R]."""
        sums = np.bincount(self._object, values, len(self._counts)).astype(np.float64)
        return self.totals(sums) / self._sizes

    def interval(self, values: Values) -> list[float]:
        """Return the ends of the percentile interval of the mean of values [N], of 1 - `LEVEL`."""
        return ends(self.means(values))

    def p_below(self, values: Values, bound: float) -> float:
        """Return the p-value of the hypothesis that the mean of values [N] is at least `bound`.

        The resampled means, moved so that their centre is the bound, are at or below the measured
        mean in this share of the resamples; the measured one counts as a resample.
        """
        measured = float(values.mean())
        deviations = self.means(values) - measured
        # An equal deviation counts despite rounding in float32.
        below = int((deviations <= measured - bound + 1e-3).sum())
        return (below + 1) / (len(deviations) + 1)


def ends(resampled: Values) -> list[float]:
    """Return the ends of the percentile interval of resampled figures [R], of 1 - `LEVEL`."""
    return [float(end) for end in np.quantile(resampled, (LEVEL / 2, 1 - LEVEL / 2))]


def holm(p: Values) -> Values:
    """Return p-values [K] that are corrected for K tests (Holm, Scand. J. Statist. 6, 1979).

    With these, the probability of one or more false discoveries is at most the level.
    """
    count = len(p)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * (count - np.arange(count)))
    corrected = np.empty(count)
    corrected[order] = np.minimum(raised, 1)
    return corrected
