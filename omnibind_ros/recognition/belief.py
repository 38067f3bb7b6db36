"""The belief: the probabilities of labels over the last seconds, by a forward filter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .distribution import Distribution
from .evidence import EvidenceCounter
from .label_bank import LabelBank
from .member import Member

LEAST = 1e-300
"""Smallest probability, so that none becomes 0."""

SUREST = 8.0
"""Largest log-odds, either way, that one result counts with for `unknown`: 0.9997."""


class Belief:
    """Which label the sensors have shown over the last seconds. Used by one thread at a time.

    Which label it is if one fits, and whether one fits, are carried separately.

    The first is a hidden Markov model whose states are the L labels. Each result makes two steps of
    its forward algorithm (Rabiner, A tutorial on hidden Markov models, 1989):

    1. Prediction over the t seconds since the last result: b' = s b + (1 - s) p0 with the
       probability s = exp(-t / memory) that the thing has stayed, and p0 the uniform distribution.
    2. Update: b is b' (p / p0)^w, divided by its sum. p / p0 is the likelihood of the result, up to
       a factor, if p is its distribution over the labels given that one fits (Bourlard and Morgan,
       Connectionist Speech Recognition, 1994); w, 0..1, is the share of its evidence that is new
       (`EvidenceCounter`).

    Whether one fits is the mean of the results' log-odds, each of weight w exp(-t / memory) of the
    t seconds since. A mean and no product: the threshold is that of one fused embedding, and views
    of one thing err on the same side of it, so that they do not make each other surer.

    The first result, the first after `reset`, and the first after a change of the labels, is the
    belief as it is: the results before say nothing of the new labels, nor whether one of them fits.

    If nothing changes, w is 1 - s, and the belief stays near the result, however many there are.
    """

    def __init__(self) -> None:
        """Create a belief that knows nothing."""
        self._counter = EvidenceCounter()
        self._bank: LabelBank | None = None
        self._state: npt.NDArray[np.float64] | None = None
        self._time = 0.0
        self._known = 0.0  # mean log-odds that a label fits
        self._weight = 0.0  # the sum of its weights

    def reset(self) -> None:
        """Forget everything; the next result is the belief."""
        self._counter.clear()
        self._state = None

    def update(
        self, now: float, instant: Distribution, members: Sequence[Member], memory: float
    ) -> Distribution:
        """Take a result, and return the belief.

        Args:
            now: Monotonic time, seconds.
            instant: The result's distribution.
            members: What was fused.
            memory: Seconds; 0 for no belief: then `instant` is returned.
        """
        if memory <= 0.0:
            self.reset()
            return instant
        if _changed(self._bank, instant.bank):
            self.reset()
        share = self._counter.add(now, members, memory)
        seen = instant.probabilities / max(float(instant.probabilities.sum()), LEAST)
        weight, known = share, _log_odds(1.0 - instant.unknown)
        if self._state is not None:
            stay = math.exp(-max(now - self._time, 0.0) / memory)
            predicted = stay * self._state + (1.0 - stay) / max(len(self._state), 1)
            # The uniform p0 is a factor of all states, which the sum divides out. That is never 0:
            # each state has at least LEAST, and one that is seen has a likelihood of 1 / L or more.
            seen = predicted * np.maximum(seen, LEAST) ** share
            weight = stay * self._weight + share
            known = (stay * self._weight * self._known + share * known) / max(weight, LEAST)
        self._state = np.maximum(seen / max(float(seen.sum()), LEAST), LEAST)
        self._bank, self._time = instant.bank, now
        self._known, self._weight = known, weight
        fits = 1.0 / (1.0 + math.exp(-known))
        return replace(instant, probabilities=self._state * fits, unknown=1.0 - fits)


def _changed(old: LabelBank | None, bank: LabelBank) -> bool:
    """Return whether a bank has other labels or prototypes than the one before."""
    if old is None or bank is old:
        return False
    return bank.labels != old.labels or not np.array_equal(bank.prototypes, old.prototypes)


def _log_odds(probability: float) -> float:
    """Return the log-odds of a probability, within +-`SUREST`."""
    bounded = min(max(probability, LEAST), 1.0 - 1e-15)
    return min(max(math.log(bounded / (1.0 - bounded)), -SUREST), SUREST)
