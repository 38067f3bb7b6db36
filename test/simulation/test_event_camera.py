"""What the simulated event camera reports."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.simulation.event import EventCamera, EventSettings

CLEAN = EventSettings(
    brighter=0.2, darker=0.2, mismatch=0, refractory=0, noise=0, leak=0, floor=1e-6
)
MS = 1_000_000


def camera(seed=0, width=4, height=3, **changes):
    figures = {**CLEAN.__dict__, **changes}
    return EventCamera(width, height, EventSettings(**figures), np.random.default_rng(seed))


def ramp(change, frames=2, width=4, height=3):
    """Frames whose logarithm changes by `change` in all."""
    levels = 0.1 * np.exp(np.linspace(0, change, frames))
    return np.broadcast_to(levels[:, None, None], (frames, height, width))


@given(change=st.floats(-2.5, 2.0), frames=st.integers(2, 6))
@settings(deadline=None)
def test_a_pixel_reports_once_a_threshold(change, frames):
    times = np.linspace(0, 50 * MS, frames).astype(int)
    events = camera().window(ramp(change, frames), times)
    # Each pixel starts anywhere within half a threshold of its reference.
    counts = np.bincount(events.y.astype(int) * 4 + events.x, minlength=12)
    assert (np.abs(counts - abs(change) / 0.2) <= 1.5).all()
    if len(events.p):
        assert set(events.p) == {int(change > 0)}


def test_times_are_interpolated_between_frames():
    events = camera(width=1, height=1).window(ramp(1.0, width=1, height=1), (0, 50 * MS))
    gaps = np.diff(events.t)
    assert len(gaps) >= 3
    # 0.2 of 1.0 in 50 ms: an event each 10 ms.
    assert np.abs(gaps - 10 * MS).max() < 1000


def test_nothing_moves_nothing_reports():
    events = camera().window(ramp(0.0, 5), np.arange(5) * MS)
    assert len(events.t) == 0
    assert events.x.dtype == np.uint16
    assert (events.width, events.height, events.duration_ns) == (4, 3, 4 * MS)


def test_a_pixel_is_blind_after_an_event():
    rested = camera(refractory=0.015).window(ramp(1.0), (0, 50 * MS))
    for pixel in range(12):
        own = rested.t[(rested.y.astype(int) * 4 + rested.x) == pixel]
        assert (np.diff(own) >= 15 * MS).all()
    assert 0 < len(rested.t) < len(camera().window(ramp(1.0), (0, 50 * MS)).t)


def test_thresholds_differ_from_pixel_to_pixel_and_stay():
    one = camera(width=32, height=32, mismatch=0.05)
    frames = ramp(2.0, width=32, height=32)
    counts = []
    for _ in range(2):
        events = one.window(frames, (0, 50 * MS))
        counts.append(np.bincount(events.y.astype(int) * 32 + events.x, minlength=1024))
        one.window(frames[::-1], (0, 50 * MS))
    assert counts[0].std() > 1
    assert np.corrcoef(*counts)[0, 1] > 0.7


def test_noise_comes_at_its_rate_without_any_motion():
    quiet = np.full((2, 64, 64), 0.5)
    events = camera(width=64, height=64, noise=5, leak=1).window(quiet, (0, 1000 * MS))
    assert len(events.t) == pytest.approx(6 * 64 * 64, rel=0.03)
    assert events.p.mean() == pytest.approx((2.5 + 1) / 6, abs=0.02)


def test_two_windows_report_what_one_does():
    frames = ramp(1.5, 5)
    times = np.arange(5) * 10 * MS
    whole = camera(7).window(frames, times)
    halves = camera(7)
    first = halves.window(frames[:3], times[:3])
    second = halves.window(frames[2:], times[2:] - times[2])
    assert len(first.t) + len(second.t) == len(whole.t)
    assert np.array_equal(np.sort(np.append(first.t, second.t + times[2])), np.sort(whole.t))


def test_an_edge_that_moves_right_fires_along_its_path_only():
    columns = np.arange(32)
    frames = [np.tile(np.where(columns < edge, 0.9, 0.1), (8, 1)) for edge in range(10, 16)]
    events = camera(width=32, height=8).window(frames, np.arange(6) * 10 * MS)
    assert set(events.x) == set(range(10, 15))
    assert set(events.p) == {1}
    assert (np.diff(events.t) >= 0).all()


def test_same_seed_same_events():
    scene = np.random.default_rng(0).random((4, 16, 16))

    def report(seed):
        rng = np.random.default_rng(seed)
        return EventCamera(16, 16, EventSettings.draw(rng), rng).window(scene, np.arange(4) * MS)

    assert all(np.array_equal(a, b) for a, b in zip(report(5), report(5), strict=True))
    assert len(report(5).t) != len(report(6).t)


@pytest.mark.parametrize(
    ("frames", "times", "sentence"),
    [
        (np.ones((2, 5, 5)), (0, 1), "do not fit"),
        (np.ones((2, 3, 4)), (0, 1, 2), "do not fit"),
        (np.ones((2, 3, 4)), (1, 2), "ascend from 0"),
        (np.ones((2, 3, 4)), (0, 0), "ascend from 0"),
        (np.ones((0, 3, 4)), (), "ascend from 0"),
    ],
)
def test_frames_that_do_not_fit_are_refused(frames, times, sentence):
    with pytest.raises(ValueError, match=sentence):
        camera().window(frames, times)


@pytest.mark.parametrize("changes", [{"brighter": 0}, {"floor": 0}, {"noise": -1}])
def test_impossible_settings_are_refused(changes):
    with pytest.raises(ValueError, match="event camera"):
        camera(**changes)


def test_hot_pixels_report_at_their_rate_with_one_sign():
    hot = camera(width=64, height=64, hot=0.005, hot_rate=200)
    events = hot.window(np.full((2, 64, 64), 0.5), (0, 1000 * MS))
    pixel = events.y.astype(int) * 64 + events.x
    counts = np.bincount(pixel, minlength=4096)
    assert 15 <= np.count_nonzero(counts) <= 20  # of 20 drawn, some may be the same
    assert np.median(counts[counts > 0]) == pytest.approx(200, rel=0.2)
    for one in np.flatnonzero((counts > 0) & (counts < 260)):
        assert len(set(events.p[pixel == one].tolist())) == 1


def test_drawn_cameras_differ_in_sensitivity_bias_noise_and_hot_pixels():
    drawn = [EventSettings.draw(np.random.default_rng(seed)) for seed in range(200)]
    thresholds = [each.brighter for each in drawn]
    assert min(thresholds) < 0.12
    assert max(thresholds) > 0.4
    bias = [each.darker / each.brighter for each in drawn]
    assert min(bias) < 0.75
    assert max(bias) > 1.35
    assert 0.3 < np.mean([each.hot > 0 for each in drawn]) < 0.7
