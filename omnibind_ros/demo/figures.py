"""The figures of a run of the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass
class DemoSummary:
    """The figures of a run; None for what could not be measured.

    Attributes:
        results: Number of results.
        results_per_s: Results per second, from the first one to the end of the run.
        right_share: Share of scored results whose best label was correct.
        latency_p50_ms: From header.stamp to the result's arrival; median.
        latency_p99_ms: The same, 99th percentile.
        arrived_share: Camera frames that perception received, of those published to it.
        longest_gap_ms: Longest time without a result while the camera was plugged in.
        start_s: From the start of the perception process to its first result.
        rss_mb: Peak resident memory of the perception process.
        oldest_frame_ms: Age of the oldest frame that a result used while plugged in.
        plug_to_result_ms: From plugging in again to the first result with the camera in it.
        known_share: Share of scored results that were not 'unknown'.
        torch_imported: Whether the perception process had loaded torch.
        stale_seen: Whether the unplugged camera was reported STALE.
        absent_seen: Whether the unplugged camera was reported ABSENT.
        subjects: Share of correct results for each subject shown.
    """

    results: int = 0
    results_per_s: float = 0.0
    right_share: float = 0.0
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    arrived_share: float | None = None
    longest_gap_ms: float | None = None
    start_s: float | None = None
    rss_mb: float | None = None
    oldest_frame_ms: float | None = None
    plug_to_result_ms: float | None = None
    known_share: float | None = None
    torch_imported: bool | None = None
    stale_seen: bool = False
    absent_seen: bool = False
    subjects: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return a dictionary of JSON types, figures rounded to four decimal places."""

        def rounded(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: rounded(inner) for key, inner in value.items()}
            return round(value, 4) if isinstance(value, float) else value

        return {key: rounded(value) for key, value in asdict(self).items()}

    def verdict(self) -> str:
        """Return one sentence on what failed; empty if the run succeeded."""
        if not self.results:
            return "perception published no result."
        if not self.right_share:
            return "perception published results, but none had the correct label."
        return ""


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return a percentile, interpolated between neighbours; None without values."""
    if not values:
        return None
    return float(np.percentile(values, min(max(percent, 0.0), 100.0)))
