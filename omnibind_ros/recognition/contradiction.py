"""Which sensors contradict the others, from the fusion's agreement over some seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from omnibind_ros.arrays import Floats

from .newest import keep_newest

SMOOTHING = 0.3
"""Time constant of the running mean of a sensor's agreement, seconds."""

CONTRADICTS, BACK = -0.05, 0.05
"""Mean agreement below which a sensor contradicts the others; above which it does so no more."""

LITTLE, STRONGLY = 0.5, -0.3
"""A sensor with less than this share of a mean weight contradicts only below this mean agreement:
what says little agrees with nothing."""

GAIN = 2.0
"""Independent looks that `contradiction_after` seconds are worth."""

STRONGEST, STRONGEST_FOR = 2.0, 4.0
"""Largest log-odds of one look that a sensor shows another thing, and that it does not."""

NAMED, TRUSTED, SUREST = 0.5, -2.5, 4.0
"""Log-odds that the sensor shows another thing: those from which it is named, the smallest and the
largest. What begins to contradict after it has agreed for long must make up for the smallest."""

CERTAIN = 0.995
"""Largest agreement, either way, that counts."""

LEAST_SENSORS = 3
"""Among fewer it cannot be told who is wrong."""

LONGEST = 1.0
"""Seconds between two results that count at most: what is longer is a pause."""

RECENTLY = 3.0
"""Seconds for which a sensor that is not fused still counts as one of the others."""


@dataclass
class _Record:
    """How well a sensor has agreed with the others.

    Attributes:
        mean: Running mean of its agreement.
        time: When it was seen last, seconds.
        weight: Running mean of its weight times the number of sensors.
        against: Seconds for which it has contradicted the others since it was trusted last.
        odds: Log-odds that it shows another thing than the others, `TRUSTED` .. `SUREST`.
        named: Whether it is said to contradict.
        back: Seconds for which it has contradicted no more.
    """

    mean: float
    time: float
    weight: float
    against: float = 0.0
    odds: float = 0.0
    named: bool = False
    back: float = 0.0

    @property
    def contradicts(self) -> bool:
        """Whether it contradicts the others now."""
        return self.mean < self.limit

    @property
    def limit(self) -> float:
        """Mean agreement below which it contradicts the others."""
        return CONTRADICTS if self.weight >= LITTLE else STRONGLY

    def add(self, now: float, agreement: float, weight: float, after: float) -> None:
        """Take the agreement and the weight in the next result."""
        passed = min(max(now - self.time, 0.0), LONGEST)
        self.time = now
        rate = 1.0 - math.exp(-passed / SMOOTHING)
        self.mean += rate * (agreement - self.mean)
        self.weight += rate * (weight - self.weight)
        bounded = min(max(self.mean, -CERTAIN), CERTAIN)
        look = 2.0 * (math.atanh(self.limit) - math.atanh(bounded))
        look = min(max(look, -STRONGEST_FOR), STRONGEST)
        self.odds = min(max(self.odds + GAIN / after * passed * look, TRUSTED), SUREST)
        if self.contradicts:
            self.against += passed
        elif self.odds <= TRUSTED:
            self.against = 0.0
        self.back = self.back + passed if self.mean > BACK else 0.0


class Contradictions:
    """Names sensors that have contradicted the others for some time. Used by one thread at a time.

    A cumulative sum (Page, Continuous inspection schemes, 1954) of log-likelihood ratios: with the
    agreement a, 2 atanh(a) is the logarithm of how many times as probable the others make what the
    sensor shows as they make nothing. What is summed is how far that of the running mean lies below
    that of the limit, so that a strong contradiction counts more than a weak one.

    One sensor is named at a time, that of the lowest mean agreement: what it says may be why others
    seem to contradict. If more than half of them do, none is named.
    """

    def __init__(self) -> None:
        """Create it with no sensors."""
        self._records: dict[str, _Record] = {}
        self._now = 0.0

    def named(self, sensors: Sequence[str]) -> tuple[str, ...]:
        """Return which of the sensors that are fused contradict the others, in their order.

        None if there were less than three lately, or if there is nothing else to go by.
        """
        recent = sum(self._now - each.time <= RECENTLY for each in self._records.values())
        named = tuple(
            name for name in sensors if name in self._records and self._records[name].named
        )
        return named if recent >= LEAST_SENSORS and len(named) < len(sensors) else ()

    def disagree(self, sensors: Sequence[str], after: float) -> bool:
        """Return whether two sensors have contradicted each other for some seconds.

        Args:
            sensors: All that are fused; of more than two it is not said.
            after: How long, seconds.
        """
        pair = [self._records[name] for name in sensors if name in self._records]
        return len(sensors) == len(pair) == 2 and all(
            record.contradicts and record.against >= after for record in pair
        )

    def update(
        self,
        now: float,
        sensors: Sequence[str],
        agreement: Floats,
        weights: Floats,
        after: float,
    ) -> None:
        """Take the agreement in a result.

        Args:
            now: Monotonic time, seconds.
            sensors: N names.
            agreement: float32 [N], -1 .. 1: that of a named sensor with all, of the others with
                those that are not named.
            weights: float32 [N], sum 1.
            after: Seconds for which a sensor must have contradicted the others; 0: none is named.
        """
        self._now = now
        if after <= 0.0:
            self._records.clear()
            return
        shares = (weights * len(sensors)).tolist()
        for name, value, share in zip(sensors, agreement.tolist(), shares, strict=True):
            if name in self._records:
                self._records[name].add(now, value, share, after)
            else:
                self._records[name] = _Record(value, now, share)
        keep_newest(self._records, len(sensors))
        here = [self._records[name] for name in sensors]
        for record in here:
            if record.named and record.back >= after:
                record.named, record.against, record.odds = False, 0.0, 0.0
        rest = [record for record in here if not record.named]
        against = [record for record in rest if record.contradicts]
        if not against or len(rest) < LEAST_SENSORS or 2 * len(against) > len(rest):
            return
        worst = min(against, key=lambda record: record.mean)
        if worst.against >= after and worst.odds >= NAMED:
            worst.named, worst.back = True, 0.0
            for record in here:
                record.against = 0.0
