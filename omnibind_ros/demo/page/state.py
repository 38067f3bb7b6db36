"""What ROS says, as the page shows it."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from omnibind_ros.demo.figures import percentile
from omnibind_ros.runtime.presence import Presence

from .comparison import Comparison
from .history import Bins, StateChanges

OFF = 4
"""State of a sensor that is switched off by its parameter; the others are `Presence`."""

SILENT = 3.0
"""Seconds without ~/sensors, which comes every second, after which the node counts as gone."""

RECENT = 2.0
"""Seconds over which the results a second are counted."""

SHOWN_FOR = 1.5
"""Seconds after which a result, with its weights, is no longer shown as the present one."""


@dataclass(frozen=True)
class SensorView:
    """One sensor of ~/sensors; times in seconds."""

    name: str
    modality: str
    topic: str
    state: int
    rate: float = 0.0
    age: float = 0.0
    latency: float = 0.0
    received: int = 0
    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True)
class ResultView:
    """One ~/recognition, without its stamp; parallel sequences as in the message."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    unknown: float
    known: bool
    since: float
    category: str
    category_probability: float
    contradicting: tuple[str, ...] = ()


@dataclass(frozen=True)
class SimulatorView:
    """What is known of the simulated robot.

    Attributes:
        there: Whether it answers.
        missing: Sensors whose plugs are pulled.
        lying: The sensor that lies; empty: none.
        label: The label of what is really there; empty: nothing.
    """

    there: bool = False
    missing: tuple[str, ...] = ()
    lying: str = ""
    label: str = ""


class ViewState:
    """Collects what the page shows. Thread-safe; times are seconds on one monotonic clock."""

    def __init__(self, node: str) -> None:
        """Create a state of which nothing is known.

        Args:
            node: Name of the perception node, for messages.
        """
        self._lock = threading.RLock()
        self._node = node
        self._begun: float | None = None
        self._sensors: dict[str, SensorView] = {}
        self._sensors_at: float | None = None
        self._result: ResultView | None = None
        self._result_at = -math.inf
        self._weights: dict[str, float] = {}
        self._arrivals: deque[float] = deque(maxlen=2048)
        self._latencies: deque[float] = deque(maxlen=300)
        self._heard: dict[str, float] = {}
        self._bins = Bins()
        self._changes = StateChanges()
        self._simulator = SimulatorView()
        self.comparison = Comparison()

    # What arrives

    def on_sensors(self, now: float, sensors: Sequence[SensorView]) -> None:
        """Record a ~/sensors."""
        with self._lock:
            self._sensors_at = now
            self._sensors = {each.name: each for each in sensors}
            self._changes.forget(self._sensors)
            self._heard = {name: at for name, at in self._heard.items() if name in self._sensors}
            for each in sensors:
                self._changes.note(now, each.name, each.state)

    def on_result(self, now: float, latency: float, result: ResultView) -> None:
        """Record a ~/recognition.

        Args:
            now: When it arrived.
            latency: Seconds since its stamp.
            result: Its content.
        """
        with self._lock:
            self._result, self._result_at = result, now
            self._arrivals.append(now)
            self._latencies.append(latency)
            point = self._bins.at(now)
            point.results += 1
            point.latency += latency
            point.probability = _short(result.probabilities[0]) if result.probabilities else 0.0
            point.unknown = _short(result.unknown)

    def on_weights(self, weights: Mapping[str, float]) -> None:
        """Record the weights of an ~/embedding by sensor."""
        with self._lock:
            self._weights = dict(weights)

    def on_message(self, now: float, sensor: str, stamp: float) -> None:
        """Record the arrival of a sensor's message.

        Args:
            now: When it arrived.
            sensor: Name of the sensor.
            stamp: Its stamp, seconds on any clock; the time of arrival if it has none.
        """
        with self._lock:
            self._heard[sensor] = now
            matched = self.comparison.on_message(now, sensor, stamp)
            if self.comparison.running:
                point = self._bins.at(now)
                point.matches = (point.matches or 0) + matched

    def on_simulator(self, simulator: SimulatorView) -> None:
        """Record what the simulated robot says."""
        with self._lock:
            self._simulator = simulator

    def on_truth(self, label: str) -> None:
        """Record what is really before the simulated robot."""
        with self._lock:
            self._simulator = replace(self._simulator, label=label)

    # What is asked

    @property
    def simulator(self) -> SimulatorView:
        """What is known of the simulated robot."""
        return self._simulator

    @property
    def sensors(self) -> tuple[SensorView, ...]:
        """The sensors."""
        with self._lock:
            return tuple(self._sensors.values())

    def sensor(self, name: str) -> SensorView | None:
        """Return a sensor, None if there is none of that name."""
        return self._sensors.get(name)

    def start_comparison(self, now: float) -> str:
        """Let the synchroniser run on the sensors that are fresh now, and return a sentence."""
        with self._lock:
            fresh = [each for each in self._sensors.values() if each.state == Presence.FRESH]
            return self.comparison.start(now, {each.name: each.rate for each in fresh})

    def stop_comparison(self) -> None:
        """Switch the synchroniser off."""
        with self._lock:
            self.comparison.stop()

    def problem(self, now: float) -> str:
        """Return what keeps the page from showing results, one sentence; empty if nothing does."""
        with self._lock:
            if self._begun is None:
                self._begun = now
            if self._sensors_at is None:
                waited = now - self._begun
                if waited < SILENT:
                    return f"Looking for the perception node {self._node}."
                return (
                    f"No perception node answers as {self._node} since {waited:.0f} s: start it, "
                    "or start this page with --node and its name."
                )
            silent = now - self._sensors_at
            if silent > SILENT:
                return (
                    f"The perception node {self._node} has been silent for {silent:.0f} s: start "
                    "it again, the page goes on by itself."
                )
            if not self._sensors:
                return (
                    f"The perception node {self._node} has no sensors: add some with its service "
                    "set_sensor or its parameter sensors."
                )
            return ""

    def snapshot(self, now: float, after: int = -1, revision: int = -1) -> dict[str, Any]:
        """Return what is shown, for JSON.

        Args:
            now: Monotonic seconds.
            after: Number of the newest bin of the charts that the browser has; -1: none.
            revision: Revision of the state changes that it has.
        """
        with self._lock:
            newest, rows = self._bins.after(after, now)
            gone = self._sensors_at is None or now - self._sensors_at > SILENT
            changed = self._changes.revision != revision
            return {
                "now": round(now, 3),
                "node": self._node,
                "problem": self.problem(now),
                "simulator": asdict(self._simulator),
                "result": self._shown_result(now),
                "figures": self._figures(now),
                "sensors": [self._shown_sensor(each, now, gone) for each in self.sensors],
                "bin": newest,
                "rows": rows,
                "revision": self._changes.revision,
                "changes": self._changes.rows(now) if changed else None,
                "comparison": self.comparison.shown(now),
            }

    def _shown_result(self, now: float) -> dict[str, Any] | None:
        result = self._result
        if result is None or now - self._result_at > SHOWN_FOR:
            return None
        pairs = zip(result.labels, result.probabilities, strict=False)
        return {
            "label": result.labels[0] if result.labels else "",
            "known": result.known,
            "unknown": _short(result.unknown),
            "since": _short(result.since, 1),
            "category": result.category,
            "category_probability": _short(result.category_probability),
            "top": [[label, _short(p)] for label, p in pairs][:5],
            "age": round(now - self._result_at, 2),
        }

    def _shown_sensor(self, each: SensorView, now: float, gone: bool) -> dict[str, Any]:
        result = self._result
        present = result is not None and now - self._result_at <= SHOWN_FOR
        simulated = simulated_name(each)
        return {
            "name": each.name,
            "modality": each.modality,
            "topic": each.topic,
            "state": int(Presence.ABSENT) if gone and each.state != OFF else each.state,
            "rate": _short(each.rate, 1),
            "age": self._age(each, now),
            "weight": _short(self._weights.get(each.name, 0.0)) if present else 0.0,
            "reason": each.reason,
            "contradicting": result is not None and present and each.name in result.contradicting,
            "plugged": (
                simulated not in self._simulator.missing
                if self._simulator.there
                else each.state != OFF
            ),
            "lying": self._simulator.there and self._simulator.lying == simulated,
        }

    def _age(self, each: SensorView, now: float) -> float | None:
        """Return the seconds since the newest message, by its arrival here where there is one."""
        if each.name in self._heard:
            return round(now - self._heard[each.name], 2)
        if not each.received or self._sensors_at is None:
            return None
        return _short(each.age + now - self._sensors_at, 2)

    def _figures(self, now: float) -> dict[str, Any]:
        while self._arrivals and self._arrivals[0] < now - RECENT:
            self._arrivals.popleft()
        values = [1e3 * value for value in self._latencies]
        present = bool(self._arrivals)
        return {
            "results": round(len(self._arrivals) / RECENT, 1),
            "since_last": None if math.isinf(self._result_at) else round(now - self._result_at, 2),
            "p50": _rounded(percentile(values, 50)) if present else None,
            "p99": _rounded(percentile(values, 99)) if present else None,
        }


def simulated_name(sensor: SensorView) -> str:
    """Return the name that the simulated robot has for a sensor: that of its modality."""
    return sensor.modality


def _short(value: float, digits: int = 3) -> float:
    """Return a number for JSON, which has neither NaN nor infinity: any node may publish them."""
    return round(float(value), digits) if math.isfinite(value) else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
