"""Which sensors contradict the others, from the fusion's agreement over some seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omnibind_ros.arrays import Floats

from .newest import keep_newest

SMOOTHING = 0.5
"""Longest time over which a sensor's agreement is averaged, seconds."""

CONTRADICTS, BACK = -0.05, 0.05
"""Mean agreement below which a sensor contradicts the others where the bundle has no limits, and
one of two always; above which it does so no more."""

LITTLE, STRONGLY = 0.5, -0.3
"""A sensor with less than this share of a mean weight contradicts only below this mean agreement:
what says little agrees with nothing."""

LEAST_SENSORS = 3
"""Among fewer it cannot be told who is wrong."""

LONGEST = 1.0
"""Seconds between two results that count at most: what is longer is a pause."""

RECENTLY = 3.0
"""Seconds for which a sensor that is not fused still counts as one of the others."""

NEVER = -2.0
"""A limit that no agreement is below."""


@dataclass
class _Record:
    """How well a sensor has agreed with the others.

    Attributes:
        time: When it was seen last, seconds.
        limit: Mean agreement below which it is taken for one that shows another thing.
        mean: Mean of its agreement in this scene, over `SMOOTHING` at most.
        weight: That of its weight times the number of sensors.
        seen: Seconds of this scene that the means are over; less than 0: none.
        against: Seconds for which it has been below its limit.
        opposed: Seconds for which it has contradicted the others, whatever its limit.
        named: Whether it is said to contradict.
        back: Seconds for which it has contradicted no more.
    """

    time: float
    limit: float
    mean: float = 0.0
    weight: float = 0.0
    seen: float = -1.0
    against: float = 0.0
    opposed: float = 0.0
    named: bool = False
    back: float = 0.0

    @property
    def margin(self) -> float:
        """How far the mean is above the limit; it is below where the sensor contradicts."""
        return self.mean - self._with_weight(self.limit)

    def _with_weight(self, limit: float) -> float:
        return limit if self.weight >= LITTLE else min(limit, STRONGLY)

    def add(self, now: float, agreement: float, weight: float) -> None:
        """Take the agreement and the weight in the next result."""
        passed = min(max(now - self.time, 0.0), LONGEST)
        self.time = now
        if self.seen < 0.0:
            passed = self.seen = 0.0
            self.mean, self.weight = agreement, weight
        self.seen = min(self.seen + passed, SMOOTHING)
        rate = min(passed / self.seen, 1.0) if self.seen > 0.0 else 0.0
        self.mean += rate * (agreement - self.mean)
        self.weight += rate * (weight - self.weight)
        self.against = self.against + passed if self.margin < 0.0 else 0.0
        opposed = self.mean < self._with_weight(CONTRADICTS)
        self.opposed = self.opposed + passed if opposed else 0.0
        self.back = self.back + passed if self.mean > BACK else 0.0

    def begin(self) -> None:
        """Begin anew, because another thing is shown; a sensor that is named stays so."""
        self.seen, self.against, self.opposed, self.back = -1.0, 0.0, 0.0, 0.0


class Contradictions:
    """Names sensors that have contradicted the others for some time. Used by one thread at a time.

    With the agreement a, 2 atanh(a) is the logarithm of how many times as probable the others make
    what the sensor shows as they make nothing. How low the mean of a must be depends on how often a
    sensor of the modality is wrong about the object that all show: `Calibration.contradiction`.

    One sensor is named at a time, that farthest below its limit: what it says may be why others
    seem to contradict. If more than half of them do, none is named.
    """

    def __init__(self, limits: Mapping[str, float] | None = None) -> None:
        """Create it with no sensors.

        Args:
            limits: By modality, the mean agreement below which a sensor contradicts the others;
                those without are never named. None: `CONTRADICTS` for all.
        """
        self._limits = limits
        self._records: dict[str, _Record] = {}
        self._now = 0.0

    def begin_scene(self) -> None:
        """Begin anew, because another thing is shown; sensors that are named stay so."""
        for record in self._records.values():
            record.begin()

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
        return len(sensors) == len(pair) == 2 and all(record.opposed >= after for record in pair)

    def update(
        self,
        now: float,
        sensors: Sequence[str],
        modalities: Sequence[str],
        agreement: Floats,
        weights: Floats,
        after: float,
    ) -> None:
        """Take the agreement in a result.

        Args:
            now: Monotonic time, seconds.
            sensors: N names.
            modalities: Their N modalities.
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
        for name, modality, value, share in zip(
            sensors, modalities, agreement.tolist(), shares, strict=True
        ):
            if name not in self._records:
                self._records[name] = _Record(now, self._limit(modality))
            self._records[name].add(now, value, share)
        keep_newest(self._records, len(sensors))
        here = [self._records[name] for name in sensors]
        for record in here:
            if record.named and record.back >= after:
                record.named, record.against = False, 0.0
        rest = [record for record in here if not record.named]
        against = [record for record in rest if record.margin < 0.0]
        if not against or len(rest) < LEAST_SENSORS or 2 * len(against) > len(rest):
            return
        worst = min(against, key=lambda record: record.margin)
        if worst.against >= after:
            worst.named, worst.back = True, 0.0
            for record in here:
                record.against = 0.0

    def _limit(self, modality: str) -> float:
        return CONTRADICTS if self._limits is None else self._limits.get(modality, NEVER)
