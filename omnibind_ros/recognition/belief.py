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


class Belief:
    """Which label the sensors have shown over the last seconds. Used by one thread at a time.

    A hidden Markov model whose states are the L labels and "none of them". Each result makes two
    steps of its forward algorithm (Rabiner, A tutorial on hidden Markov models, 1989):

    1. Prediction over the t seconds since the last result: b' = s b + (1 - s) p0 with the
       probability s = exp(-t / memory) that the thing has stayed, and p0 the uniform distribution.
    2. Update: b is b' (p / p0)^w, divided by its sum. p / p0 is the likelihood of the result, up to
       a factor, if p is its own distribution (Bourlard and Morgan, Connectionist Speech
       Recognition, 1994); w, 0..1, is the share of its evidence that is new (`EvidenceCounter`).

    The first result, and the first after `reset`, is the belief as it is. If nothing changes, w is
    1 - s, and the belief stays near p, however many results there are.
    """

    def __init__(self) -> None:
        """Create a belief that knows nothing."""
        self._counter = EvidenceCounter()
        self._bank: LabelBank | None = None
        self._state: npt.NDArray[np.float64] | None = None
        self._time = 0.0

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
        share = self._counter.add(now, members, memory)
        seen = np.append(instant.probabilities, instant.unknown)
        if self._state is None:
            self._state = seen
        else:
            before = self._carried(instant.bank, self._state)
            stay = math.exp(-max(now - self._time, 0.0) / memory)
            predicted = stay * before + (1.0 - stay) / len(before)
            # The uniform p0 is a factor of all states, which the sum divides out.
            logs = np.log(predicted) + share * np.log(np.maximum(seen, 1e-300))
            self._state = np.exp(logs - logs.max())
        self._state = np.maximum(self._state / self._state.sum(), 1e-300)
        self._bank, self._time = instant.bank, now
        return replace(instant, probabilities=self._state[:-1], unknown=float(self._state[-1]))

    def _carried(self, bank: LabelBank, state: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the state for a bank: a label of the same name keeps its probability."""
        old = self._bank
        if old is None or bank is old or bank.labels == old.labels:
            return state
        places = {name: place for place, name in enumerate(old.labels)}
        found = [state[places[name]] if name in places else 0.0 for name in bank.labels]
        carried = np.array([*found, state[-1]])
        lost = 1.0 - carried.sum()  # what labels had that are no more
        return np.maximum(carried + max(lost, 0.0) / len(carried), 1e-300)
