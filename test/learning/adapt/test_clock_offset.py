"""Clocks that differ by seconds are found from how the sensors' samples change."""

from __future__ import annotations

import numpy as np
import pytest
from own_recordings import Recording, stream_kinds
from paths import ROOT

pytest.importorskip("torch", reason="adapting needs torch")

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.learning.adapt.clock_offset import best_offset, clock_offsets
from omnibind_ros.learning.adapt.sources import Sources
from omnibind_ros.learning.tensors.cache import build_cache

COUNT = 120


def activity(rng):
    """Return how much moves in each second."""
    return np.abs(rng.normal(size=COUNT)) * (rng.random(COUNT) < 0.4)


def features(rng, moved, size):
    """Return features that change as much as something moved, and by noise."""
    steps = rng.normal(size=(COUNT, size))
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    return np.cumsum(steps * moved[:, None], 0) + rng.normal(size=(COUNT, size)) * 0.02


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("shift", "period"), [(3, 1.0), (-7, 1.0), (2, 2.0), (-4, 2.0)])
def test_a_shift_is_found(seed, shift, period):
    rng = np.random.default_rng([seed, shift + 10])
    moved = activity(rng)
    camera, sensor = features(rng, moved, 16), features(rng, np.roll(moved, shift), 9)
    found = best_offset(np.arange(COUNT) * period, camera, sensor, "touch")
    assert found.seconds == pytest.approx(shift * period, abs=0.4 * period)
    assert found.correlation > found.without + 0.3
    said = found.sentence()
    assert ("later" if shift > 0 else "earlier") in said
    assert "touch" in said


@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_said_of_clocks_that_agree_or_of_sensors_that_see_nothing_in_common(seed):
    rng = np.random.default_rng(seed)
    moved, times = activity(rng), np.arange(COUNT) * 1.0
    camera = features(rng, moved, 16)
    assert best_offset(times, camera, features(rng, moved, 9)) is None
    assert best_offset(times, camera, features(rng, activity(rng), 9)) is None


def test_a_sensor_that_does_not_change_or_is_hardly_there():
    rng = np.random.default_rng(0)
    moved, times = activity(rng), np.arange(COUNT) * 1.0
    camera = features(rng, moved, 16)
    assert best_offset(times, camera, np.ones((COUNT, 4))) is None
    few = np.full((COUNT, 4), np.nan)
    assert best_offset(times, camera, few) is None
    few[:10] = rng.normal(size=(10, 4))
    assert best_offset(times, camera, few) is None
    assert best_offset(times[:1], camera[:1], camera[:1]) is None
    assert best_offset(times[:0], camera[:0], camera[:0]) is None


def test_samples_that_are_missing_are_left_out():
    rng = np.random.default_rng(3)
    moved = activity(rng)
    camera, sensor = features(rng, moved, 16), features(rng, np.roll(moved, 4), 9)
    sensor[rng.random(COUNT) < 0.2] = np.nan
    there = rng.random(COUNT) < 0.9
    times = np.arange(COUNT)[there] * 1.0
    assert best_offset(times, camera[there], sensor[there]).seconds == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize("shift", [0, 4])
def test_a_bag(tmp_path, shift):
    bag = Recording(tmp_path / "bag", stream_kinds(80)).write(
        labels="period: 1.0\n", when={"thermal": lambda second: second + shift}
    )
    data = Sources.parse([str(bag)]).build(tmp_path, 1)
    cache = build_cache(data, tmp_path / "tensors", str(ROOT / "models" / "household"))
    found = clock_offsets(cache, Dataset.open(data), ("thermal", "touch"))
    assert [each.modality for each in found] == (["thermal"] if shift else [])
    if shift:
        assert found[0].seconds == pytest.approx(4, abs=0.6)
