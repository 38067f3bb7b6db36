"""What perception and the camera publish in a run of the demo."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from omnibind_ros.runtime.presence import Presence

from .figures import DemoSummary, percentile
from .story import LABELS, SETTLE


@dataclass(frozen=True)
class SensorRow:
    """One sensor of ~/sensors; times in seconds."""

    name: str
    modality: str
    state: int
    rate: float
    age: float
    latency: float
    received: int
    encoded: int
    dropped: int
    rejected: int
    reason: str = ""


@dataclass(frozen=True)
class LabelRow:
    """One ~/recognition: labels, the most probable one first, and the sensors used."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    known: bool
    sensors: tuple[str, ...]
    weights: tuple[float, ...]


class DemoRecord:
    """Collects the events of a run. Thread-safe; times are seconds on one monotonic clock."""

    def __init__(self) -> None:
        """Create an empty record."""
        self._lock = threading.RLock()
        self._started = 0.0
        self._end: float | None = None
        self._first: float | None = None
        self._last: float | None = None
        self._recent: deque[float] = deque()
        self._results = 0
        self._latencies: list[float] = []
        self._longest_gap: float | None = None
        self._oldest_frame: float | None = None
        self._subject = ""
        self._subject_since = -math.inf
        self._scores: dict[str, list[bool]] = {}
        self._known = 0
        self._plugged = True
        self._unplugged_once = False
        self._replugged: float | None = None
        self._plug_to_result: float | None = None
        self._unplugged_states: set[int] = set()
        self._modalities: dict[str, str] = {}
        self._published = 0
        self.sensors: tuple[SensorRow, ...] = ()
        self.sensors_at = -math.inf
        self.latest: LabelRow | None = None

    @property
    def subject(self) -> str:
        """The subject that the camera shows."""
        return self._subject

    @property
    def subject_since(self) -> float:
        """When the subject was changed last."""
        return self._subject_since

    @property
    def plugged(self) -> bool:
        """Whether the camera is plugged in."""
        return self._plugged

    @property
    def results(self) -> int:
        """Number of results."""
        return self._results

    def on_start(self, now: float) -> None:
        """Record that the perception process is being started."""
        with self._lock:
            self._started = now

    def on_subject(self, now: float, subject: str) -> None:
        """Record a change of subject."""
        with self._lock:
            self._subject, self._subject_since = subject, now

    def on_plugged(self, now: float, plugged: bool) -> None:
        """Record that the camera was plugged in or unplugged."""
        with self._lock:
            if plugged == self._plugged or self._end is not None:
                return
            if plugged:
                self._replugged = now
            else:
                self._close_gap(now)
                self._unplugged_once = True
            self._last = None
            self._plugged = plugged

    def on_published(self, count: int) -> None:
        """Record how many frames the camera has sent to a subscriber."""
        with self._lock:
            self._published = count

    def on_result(self, now: float, latency: float, result: LabelRow) -> None:
        """Record a result.

        Args:
            now: When it arrived.
            latency: Seconds since its header.stamp.
            result: Its labels.
        """
        with self._lock:
            if self._end is not None:
                return
            self._results += 1
            self.latest = result
            if self._first is None:
                self._first = now
            self._recent.append(now)
            self._score(now, result)
            if not self._plugged or not self._has_camera(result.sensors):
                return
            # A text has no stamp, and the last frame of an unplugged camera only gets older, so
            # latency and gaps are measured while the camera is plugged in.
            self._latencies.append(latency)
            if self._replugged is not None and self._plug_to_result is None:
                self._plug_to_result = now - self._replugged
            self._close_gap(now)
            self._last = now

    def on_embedding(self, modalities: Sequence[str], ages: Sequence[float]) -> None:
        """Record the modalities and the ages of a fused embedding's samples."""
        frames = [a for name, a in zip(modalities, ages, strict=False) if name == "image"]
        with self._lock:
            if frames and self._plugged and self._end is None:
                self._oldest_frame = max(*frames, self._oldest_frame or 0.0)

    def on_sensors(self, now: float, rows: Sequence[SensorRow]) -> None:
        """Record the states of the sensors."""
        with self._lock:
            self.sensors, self.sensors_at = tuple(rows), now
            self._modalities.update((row.name, row.modality) for row in rows)
            if self._unplugged_once and self._end is None:
                self._unplugged_states.update(row.state for row in rows if row.modality == "image")

    def finish(self, now: float) -> None:
        """End the run: later events are not counted, except for both numbers of frames."""
        with self._lock:
            if self._plugged:
                self._close_gap(now)
            self._end = now

    def rate(self, now: float, window: float = 2.0) -> float:
        """Return the results per second over the last seconds."""
        with self._lock:
            while self._recent and self._recent[0] < now - window:
                self._recent.popleft()
            return len(self._recent) / window

    def latency(self, percent: float) -> float | None:
        """Return a percentile of the latencies in milliseconds."""
        with self._lock:
            return percentile([1e3 * value for value in self._latencies], percent)

    def summary(self, rss_mb: float | None = None, torch: bool | None = None) -> DemoSummary:
        """Return the run's figures.

        Args:
            rss_mb: Peak resident memory of the perception process.
            torch: Whether it had loaded torch.
        """
        with self._lock:
            scores = [right for scored in self._scores.values() for right in scored]
            duration = 0.0
            if self._first is not None and self._end is not None:
                duration = self._end - self._first
            received = sum(row.received for row in self.sensors if row.modality == "image")
            return DemoSummary(
                results=self._results,
                results_per_s=self._results / duration if duration > 0 else 0.0,
                right_share=sum(scores) / len(scores) if scores else 0.0,
                latency_p50_ms=self.latency(50),
                latency_p99_ms=self.latency(99),
                arrived_share=min(received / self._published, 1.0) if self._published else None,
                longest_gap_ms=_milli(self._longest_gap),
                start_s=None if self._first is None else self._first - self._started,
                rss_mb=rss_mb,
                oldest_frame_ms=_milli(self._oldest_frame),
                plug_to_result_ms=_milli(self._plug_to_result),
                known_share=self._known / len(scores) if scores else None,
                torch_imported=torch,
                stale_seen=Presence.STALE in self._unplugged_states,
                absent_seen=Presence.ABSENT in self._unplugged_states,
                subjects={name: sum(s) / len(s) for name, s in self._scores.items() if s},
            )

    def _has_camera(self, sensors: Sequence[str]) -> bool:
        return any(self._modalities.get(name, "image") == "image" for name in sensors)

    def _close_gap(self, now: float) -> None:
        if self._last is not None:
            self._longest_gap = max(self._longest_gap or 0.0, now - self._last)

    def _score(self, now: float, result: LabelRow) -> None:
        expected = LABELS.get(self._subject)
        if expected is None or now - self._subject_since < SETTLE:
            return
        right = bool(result.labels) and result.labels[0] == expected
        self._scores.setdefault(self._subject, []).append(right)
        self._known += result.known


def _milli(seconds: float | None) -> float | None:
    return None if seconds is None else 1e3 * seconds
