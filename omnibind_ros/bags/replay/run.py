"""What a replay gives: results, states and counts over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

UNKNOWN = "unknown"
"""What is said where no label fits."""

HELD = 1.0
"""Seconds for which a result counts if no other follows."""


class Result(NamedTuple):
    """One result.

    Attributes:
        at: When it was published, seconds since the beginning of the recording.
        label: The most probable label.
        probability: Its probability.
        known: Whether a label fits.
        unknown: Probability that none fits.
        category: The finest label or group that is sure; '' if none is.
        latency: Seconds from the newest stamp to its publication.
        weights: Of each sensor of the run, 0 where it is not in the result.
        contradicting: Sensors that have contradicted the others for some time.
    """

    at: float
    label: str
    probability: float
    known: bool
    unknown: float
    category: str
    latency: float
    weights: tuple[float, ...]
    contradicting: tuple[str, ...]

    @property
    def said(self) -> str:
        """The label, or `UNKNOWN`."""
        return self.label if self.known else UNKNOWN


class Change(NamedTuple):
    """A change of a sensor's state: seconds since the beginning, and the state from then on."""

    at: float
    state: str


class Said(NamedTuple):
    """What was said from one time to another, in seconds; '' where there was no result."""

    start: float
    end: float
    label: str


@dataclass
class Run:
    """What a replay gives.

    Attributes:
        sensors: Names, in order.
        duration: Seconds of the recording.
        results: In the order of time.
        states: By sensor, its states over time.
        figures: By sensor: received, encoded, dropped, rejected messages.
        latencies: By sensor, seconds from taking a sample to its embedding, of each.
        notes: What was wrong: (sensor, sentence), each once.
    """

    sensors: tuple[str, ...]
    duration: float
    results: list[Result] = field(default_factory=list)
    states: dict[str, list[Change]] = field(default_factory=dict)
    figures: dict[str, dict[str, int]] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def held(self) -> Iterator[tuple[Result, float]]:
        """Yield each result and the time until which it counts, seconds."""
        ends = [*(result.at for result in self.results[1:]), self.duration]
        for result, end in zip(self.results, ends, strict=True):
            yield result, max(min(end, result.at + HELD), result.at)

    def said(self) -> list[Said]:
        """Return what was said over time, equal neighbours joined."""
        parts: list[Said] = []
        at = 0.0
        for result, end in self.held():
            if result.at > at + 1e-9:
                parts.append(Said(at, result.at, ""))
            parts.append(Said(result.at, end, result.said))
            at = end
        if at < self.duration - 1e-9:
            parts.append(Said(at, self.duration, ""))
        joined: list[Said] = []
        for part in parts:
            if joined and joined[-1].label == part.label:
                joined[-1] = joined[-1]._replace(end=part.end)
            else:
                joined.append(part)
        return joined

    def gaps(self, longer: float) -> list[tuple[float, float]]:
        """Return the times without a result between two: beginning and end, seconds.

        Args:
            longer: Shorter ones than this many seconds are left out. The time before the first
                result is not one.
        """
        times = [*(result.at for result in self.results), self.duration]
        return [(a, b) for a, b in pairwise(times) if b - a > longer]

    def mean_weights(self) -> dict[str, float]:
        """Return each sensor's mean share in the fusion over the time with results."""
        sums, whole = dict.fromkeys(self.sensors, 0.0), 0.0
        for result, end in self.held():
            whole += end - result.at
            for name, weight in zip(self.sensors, result.weights, strict=True):
                sums[name] += weight * (end - result.at)
        return {name: total / whole if whole else 0.0 for name, total in sums.items()}

    def shares(self) -> dict[str, float]:
        """Return the share of the time of each label, the largest first; '' is no result."""
        sums: dict[str, float] = {}
        for part in self.said():
            sums[part.label] = sums.get(part.label, 0.0) + part.end - part.start
        whole = self.duration or 1.0
        return {
            name: total / whole for name, total in sorted(sums.items(), key=lambda e: (-e[1], e[0]))
        }

    def as_json(self) -> dict[str, Any]:
        """Return all of it in JSON types, numbers rounded so that they are easily read."""
        return {
            "sensors": {
                name: {
                    **self.figures.get(name, {}),
                    "weight": round(weight, 4),
                    "latency_p50_ms": _ms(self.latencies.get(name, ()), 0.5),
                    "latency_p99_ms": _ms(self.latencies.get(name, ()), 0.99),
                    "states": [[round(at, 3), state] for at, state in self.states.get(name, ())],
                }
                for name, weight in self.mean_weights().items()
            },
            "labels": {name or "no result": round(s, 4) for name, s in self.shares().items()},
            "said": [[round(a, 3), round(b, 3), label] for a, b, label in self.said()],
            "latency_p50_ms": _ms([r.latency for r in self.results], 0.5),
            "latency_p99_ms": _ms([r.latency for r in self.results], 0.99),
            "results": [_row(self.sensors, result) for result in self.results],
            "notes": [list(note) for note in self.notes],
        }


def _row(sensors: tuple[str, ...], result: Result) -> dict[str, Any]:
    weights: Mapping[str, float] = dict(zip(sensors, result.weights, strict=True))
    row = {
        "t": round(result.at, 4),
        "label": result.label,
        "probability": round(result.probability, 4),
        "known": result.known,
        "unknown": round(result.unknown, 4),
        "category": result.category,
        "latency_ms": round(result.latency * 1e3, 2),
        "weights": {name: round(weight, 4) for name, weight in weights.items() if weight > 0},
    }
    return {**row, "contradicting": list(result.contradicting)} if result.contradicting else row


def quantile(values: list[float] | tuple[float, ...], share: float) -> float | None:
    """Return the value below which a share of the values lies; None without values."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None


def _ms(values: Any, share: float) -> float | None:
    found = quantile(list(values), share)
    return None if found is None else round(found * 1e3, 2)
