"""Finds sensors whose clock differs from the camera's by seconds, from how the pictures change.

What moves changes what all sensors see at once. So the changes of a sensor from one sample to the
next go up and down together with those of the camera; where they do so only when one of the two is
shifted in time, the clocks differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.learning.tensors.cache import TensorCache

from .samples import Ints

MOST = 10.0
"""Largest difference that is looked for, seconds."""

FEWEST = 20
"""Pairs of changes from which a correlation is taken."""

LEAST = 0.4
"""Least correlation of changes that belong together."""

ERRORS = 3.0
"""Standard errors by which a shift must be better than none (Fisher's z of both correlations)."""

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClockOffset:
    """A sensor's clock against the camera's.

    Attributes:
        modality: The sensor.
        seconds: How much later the sensor's times are; negative: earlier.
        correlation: Of the changes of both, with the times corrected by it.
        without: With the times as they are.
    """

    modality: str
    seconds: float
    correlation: float
    without: float

    def sentence(self) -> str:
        """Return what it means, for the user."""
        later = "later" if self.seconds > 0 else "earlier"
        return (
            f"the times of {self.modality} seem to be about {abs(self.seconds):.1f} s {later} than "
            f"those of the camera (its pictures then change together with a correlation of "
            f"{self.correlation:.2f}, as they are {self.without:.2f}), so that it learns from "
            "pictures of another moment: synchronise the clocks of both computers, or record both "
            "on one, and record anew."
        )


def best_offset(
    times: Signal, camera: Signal, sensor: Signal, modality: str = ""
) -> ClockOffset | None:
    """Return the offset at which two sensors change together, if it is clearly better than none.

    Args:
        times: float64 [n], ascending, in seconds; about equally far apart, with gaps.
        camera: float64 [n, F], features of the camera; rows of NaN where it has no sample.
        sensor: float64 [n, G], features of the sensor, likewise.
        modality: The sensor.
    """
    steps = np.diff(times)
    if (steps > 0).sum() < FEWEST:
        return None
    period = float(np.median(steps[steps > 0]))
    place = np.round((times - times[0]) / period).astype(np.int64)
    seen, sensed = _changes(camera, place), _changes(sensor, place)
    most = int(MOST / period)
    found = {lag: _correlation(seen, sensed, lag) for lag in range(-most, most + 1)}
    at_zero, count = found[0]
    usable = {lag: r for lag, (r, pairs) in found.items() if pairs >= FEWEST}
    if not usable:
        return None
    best = max(usable, key=lambda lag: usable[lag])
    error = float(np.sqrt(2 / (found[best][1] - 3)))
    without = at_zero if count >= FEWEST else 0.0
    better = np.arctanh(min(usable[best], 0.999)) - np.arctanh(min(max(without, -0.999), 0.999))
    if best == 0 or usable[best] < LEAST or better < ERRORS * error:
        return None
    return ClockOffset(modality, period * _peak(usable, best), usable[best], without)


def _changes(features: Signal, place: Ints) -> Signal:
    """Return the logarithm of the change up to each place of a regular grid; NaN where none is."""
    changes = np.full(int(place[-1]) + 1, np.nan)
    following = np.diff(place) == 1
    size = np.linalg.norm(np.diff(features, axis=0), axis=1)
    changes[place[1:][following]] = np.log(size[following] + 1e-6 + 0.01 * np.nanmax([*size, 0]))
    return changes


def _correlation(camera: Signal, sensor: Signal, lag: int) -> tuple[float, int]:
    """Return the correlation of the camera with the sensor `lag` places later, and the pairs."""
    first = camera[max(-lag, 0) : len(camera) - max(lag, 0)]
    second = sensor[max(lag, 0) : len(sensor) - max(-lag, 0)]
    there = np.isfinite(first) & np.isfinite(second)
    first, second = first[there], second[there]
    if len(first) < 3 or min(first.std(), second.std()) < 1e-9:
        return 0.0, 0
    return float(np.corrcoef(first, second)[0, 1]), len(first)


def _peak(values: dict[int, float], best: int) -> float:
    """Return the top of the parabola through a highest value and its neighbours."""
    if best - 1 not in values or best + 1 not in values:
        return float(best)
    left, middle, right = (values[best + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    return best + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def clock_offsets(
    cache: TensorCache, dataset: Dataset, modalities: Sequence[str]
) -> list[ClockOffset]:
    """Return the sensors of bags whose clocks differ from the camera's by seconds.

    Args:
        cache: The dataset's tensors.
        dataset: Samples of bags, two seconds each, or as long as labels.yaml says.
        modalities: The sensors.
    """
    times = _times(dataset)
    rows = np.flatnonzero(np.isfinite(times))
    if not len(rows):
        return []
    order = rows[np.argsort(times[rows], kind="stable")]
    images = _on_samples(np.asarray(cache.targets.image), cache.index.rows["image"], len(times))
    found = []
    for modality in modalities:
        inputs, of = cache.inputs.tensors[modality], cache.index.rows[modality]
        if not len(of):
            continue
        features = _on_samples(np.asarray(inputs).reshape(len(inputs), -1), of, len(times))
        offset = best_offset(times[order], images[order], features[order], modality)
        if offset is not None:
            found.append(offset)
    return found


def _on_samples(features: Floats, rows: Ints, count: int) -> Signal:
    """Return features [n, F] of all samples of a dataset; NaN where a sample has none."""
    values = np.full((count, features.shape[1]), np.nan, np.float32)
    values[rows] = features
    return np.asarray(values)


def _times(dataset: Dataset) -> Signal:
    """Return when each sample begins, in seconds, bags far apart; NaN where it is of no bag."""
    times = np.full(len(dataset), np.nan)
    bags: dict[str, list[int]] = {}
    for row in range(len(dataset)):
        meta = dataset[row].meta
        if "time_ns" in meta:
            times[row] = float(meta["time_ns"]) * 1e-9
            bags.setdefault(str(meta.get("bag", "")), []).append(row)
    start = 0.0
    for of_bag in bags.values():
        own = times[of_bag]
        times[of_bag] = own - own.min() + start
        start += float(np.ptp(own)) + 3 * MOST
    return times
