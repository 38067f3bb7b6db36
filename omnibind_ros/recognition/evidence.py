"""How much new evidence a result brings: the growth of the sensors' effective sample sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .member import Member
from .newest import keep_newest


@dataclass
class _Counted:
    """What was counted of one sensor.

    The weighted sum of all embeddings is V = scale * vector + held * values. As long as a sensor
    has the same embedding, only `scale` and `held` change; what is needed of V is its length.

    Attributes:
        values: The newest embedding e, float32 [D].
        vector: Weighted sum of those before it, float64 [D], when it came.
        dots: The scalar products vector vector, vector e and e e.
        scale: What the weights of those before have been multiplied by since.
        held: Weight of the newest one.
        total: Sum of the weights of all embeddings.
        squares: Sum of the squares of the weights.
        size: Effective sample size.
        time: When it was counted last, seconds.
    """

    values: npt.NDArray[np.float32]
    vector: npt.NDArray[np.float64]
    dots: tuple[float, float, float]
    time: float
    scale: float = 1.0
    held: float = 1.0
    total: float = 1.0
    squares: float = 1.0
    size: float = 1.0

    @property
    def squared(self) -> float:
        """The squared length of V."""
        before, mixed, own = self.dots
        return self.scale**2 * before + 2 * self.scale * self.held * mixed + self.held**2 * own

    def replace(self, values: npt.NDArray[np.float32]) -> None:
        """Add the newest embedding to those before, and take the next one."""
        before = self.squared
        self.vector = self.scale * self.vector + self.held * self.values
        self.dots = before, float(self.vector @ values), float(values @ values)
        self.values, self.scale, self.held = values, 1.0, 0.0


class EvidenceCounter:
    """Counts a sensor's embeddings as one over the mean of their correlations.

    With weights a_i and correlations r_ij, n observations are worth n_eff = (sum a_i)^2 / sum a_i
    a_j r_ij independent ones (the design effect of Kish, Survey Sampling, 1965, for correlations
    that differ). Here r_ij is the cosine similarity of two embeddings, so that the sum below is
    the squared length of V = sum a_i e_i, and n_eff is one over the squared mean resultant length
    of directional statistics (Mardia and Jupp, Directional Statistics, 2000). Equal embeddings are
    one observation however many they are. Similar ones of one thing have errors in common, of
    which the cosine similarity is an upper bound: so evidence is rather counted too little.

    A weight is 1 when an embedding is new and shrinks by exp(-t / memory); an embedding that is
    still in use keeps its sensor's total as it is.
    """

    def __init__(self) -> None:
        """Create one that has counted nothing."""
        self._sensors: dict[str, _Counted] = {}

    def clear(self) -> None:
        """Forget what was counted."""
        self._sensors.clear()

    def add(self, now: float, members: Sequence[Member], memory: float) -> float:
        """Count the members of a result.

        Args:
            now: Monotonic time, seconds.
            members: What was fused.
            memory: Seconds after which what was counted has lost all but 1/e of its weight.

        Returns:
            Share 0..1 of the result's evidence that is new: the members' mean by weight. It is 1
            if nothing was counted before. It is at least 1 - exp(-t / memory) of t seconds since,
            which is that of unchanged members: what is forgotten meanwhile is seen again.
        """
        new = math.fsum(member.weight * self._add(now, member, memory) for member in members)
        keep_newest(self._sensors, len(members))
        return new

    def _add(self, now: float, member: Member, memory: float) -> float:
        values = member.values
        counted = self._sensors.get(member.key)
        if counted is None:
            dots = 0.0, 0.0, float(values @ values)
            self._sensors[member.key] = _Counted(values, np.zeros(len(values)), dots, now)
            return 1.0
        stay = math.exp(-max(now - counted.time, 0.0) / memory)
        new = (1.0 - stay) * counted.total
        if values is not counted.values:
            new = 1.0
            counted.replace(values)
        counted.scale *= stay
        counted.held = stay * counted.held + new
        counted.total = stay * counted.total + new
        counted.squares = stay**2 * counted.squares + new**2
        before = stay * counted.size
        # Embeddings that point away from each other count as independent ones.
        counted.size = counted.total**2 / max(counted.squared, counted.squares)
        counted.time = now
        return min(max(counted.size - before, 1.0 - stay), 1.0)
