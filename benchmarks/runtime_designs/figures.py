"""From what was observed of a design to its figures.

docs/explanation/performance.md says what each figure means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Published:
    """A result, as it came from ~/embedding.

    Attributes:
        at: Unix time when it was handed to DDS, seconds.
        stamp: The newest sensor stamp used, Unix time, seconds.
        ages: By sensor, seconds since its sample was taken.
    """

    at: float
    stamp: float
    ages: Mapping[str, float]


@dataclass(frozen=True)
class Sample:
    """What a design's process had used and done up to a time.

    Attributes:
        at: Unix time, seconds.
        cpu: Processor seconds, all threads, user and system.
        rss: Resident memory, bytes.
        spent: Processor seconds by what they were spent on, as /diagnostics says.
        counts: By sensor: messages received, encoded and dropped.
    """

    at: float
    cpu: float
    rss: int
    spent: Mapping[str, float]
    counts: Mapping[str, Mapping[str, int]]


def within(results: Sequence[Published], begin: float, end: float) -> list[Published]:
    """Return the results published in a stretch of time, and the last one before it."""
    before = [result for result in results if result.at < begin]
    return [*before[-1:], *(result for result in results if begin <= result.at < end)]


def time_average(
    results: Sequence[Published], begin: float, end: float, age: Mapping[int, float]
) -> float | None:
    """Return the mean, over time, of an age that grows from result to result.

    Args:
        results: In order; what `within` returned.
        begin: Unix time, seconds.
        end: Unix time, seconds.
        age: By place of the result: the age when it was published, seconds.

    Returns:
        Seconds; None if there is no result.
    """
    area = length = 0.0
    for place, result in enumerate(results):
        start = max(result.at, begin)
        stop = results[place + 1].at if place + 1 < len(results) else end
        if stop > start:
            middle = age[place] + (start + stop) / 2 - result.at
            area += middle * (stop - start)
            length += stop - start
    return area / length if length else None


def milliseconds(seconds: float | None) -> float | None:
    """Return milliseconds, rounded to a hundredth."""
    return None if seconds is None else round(seconds * 1e3, 2)


def timing(results: Sequence[Published], begin: float, end: float) -> dict[str, Any]:
    """Return what can be said of a design's results in a stretch of time.

    Args:
        results: All of them, in order.
        begin: Unix time, seconds.
        end: Unix time, seconds.
    """
    seen = within(results, begin, end)
    inside = [result for result in seen if result.at >= begin]
    latencies = [result.at - result.stamp for result in inside]
    edges = [begin, *(result.at for result in inside), end]
    newest = {place: result.at - result.stamp for place, result in enumerate(seen)}
    mean = {place: float(np.mean(list(result.ages.values()))) for place, result in enumerate(seen)}
    sensors = [len(result.ages) for result in inside]

    def percentile(share: float) -> float | None:
        return milliseconds(float(np.percentile(latencies, share))) if latencies else None

    return {
        "results": len(inside),
        "results_per_s": round(len(inside) / (end - begin), 2),
        "latency_p50_ms": percentile(50),
        "latency_p99_ms": percentile(99),
        "freshness_ms": milliseconds(time_average(seen, begin, end, newest)),
        "evidence_age_ms": milliseconds(time_average(seen, begin, end, mean)),
        "longest_gap_ms": milliseconds(float(np.diff(edges).max())),
        "sensors_per_result": round(float(np.mean(sensors)), 2) if sensors else None,
    }


def processor(samples: Sequence[Sample], results: int) -> dict[str, Any]:
    """Return where a design's processor time went between the first and the last sample.

    Args:
        samples: In order.
        results: How many there were.
    """
    first, last = samples[0], samples[-1]
    cpu = last.cpu - first.cpu
    spent = {what: last.spent[what] - first.spent.get(what, 0.0) for what in last.spent}
    counted = sum(spent.get(what, 0.0) for what in ("workers", "receive", "status"))
    encode, decode, publish = (spent.get(what, 0.0) for what in ("encode", "decode", "publish"))
    own = counted - encode - decode - publish
    shares = {
        "encode": encode / cpu,
        "decode": decode / cpu,
        # All that runs outside of our own code: Fast DDS, rcl, rclpy and its executor.
        "dds": (cpu - counted) / cpu,
        "dds_publish": publish / cpu,
        "own": own / cpu,
    }
    fuse, receive, status = (spent.get(what, 0.0) / cpu for what in ("fuse", "receive", "status"))
    return {
        "cpu_share": round(cpu / (last.at - first.at), 4),
        "workers_share": round(spent.get("workers", 0.0) / (last.at - first.at), 4),
        "cpu_ms_per_result": round(cpu / results * 1e3, 3) if results else None,
        "overhead_share": round(own / cpu, 4),
        "cpu_split": {what: round(share, 4) for what, share in shares.items()},
        "own_split": {
            "fuse": round(fuse, 4),
            "receive": round(receive, 4),
            "status": round(status, 4),
            "rest": round(own / cpu - fuse - receive - status, 4),
        },
        "cpu_ms_per_result_split": {
            what: round(share * cpu / results * 1e3, 3) for what, share in shares.items()
        }
        if results
        else None,
        "sensors": {
            sensor: {
                what: last.counts[sensor][what] - first.counts.get(sensor, {}).get(what, 0)
                for what in last.counts[sensor]
            }
            for sensor in last.counts
        },
    }


def memory(rss: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return how a design's memory changed.

    Args:
        rss: [N, 2], Unix time (s) and resident memory (bytes).
    """
    fifth = max(len(rss) // 5, 1)
    growth = float(np.median(rss[-fifth:, 1]) - np.median(rss[:fifth, 1]))
    return {"rss_mb": round(float(rss[-1, 1]) / 1e6, 1), "rss_growth_mb": round(growth / 1e6, 2)}


def freshness_curve(
    results: Sequence[Published], begin: float, end: float, step: float = 0.01
) -> npt.NDArray[np.float64]:
    """Return the age of the newest evidence of the newest result over time.

    Args:
        results: In order.
        begin: Unix time, seconds.
        end: Unix time, seconds.
        step: Seconds.

    Returns:
        [N, 2]: seconds since `begin`, age in seconds (NaN before the first result).
    """
    times = np.arange(begin, end, step)
    published = np.array([result.at for result in results])
    stamps = np.array([result.stamp for result in results] + [np.nan])
    place = np.searchsorted(published, times) - 1
    return np.stack([times - begin, times - stamps[place]], -1)
