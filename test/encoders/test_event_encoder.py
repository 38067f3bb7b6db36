"""Events become a voxel grid, as the sums over single events say it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import recordings

from omnibind_ros.encoders.event import normalised, prepare, voxel_grid
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.sensors.event import EventWindow

SPEC = TensorSpec("events", (1, 5, 64, 64), "float32")
LENGTH = 50_000_000


def window(x, y, t, p, width=640, height=480):
    order = np.argsort(t, kind="stable")
    kinds = (np.uint16, np.uint16, np.int64, np.uint8)
    columns = (np.asarray(c)[order].astype(k) for c, k in zip((x, y, t, p), kinds, strict=True))
    return EventWindow(*columns, width, height, LENGTH)


def noise(count, width=640, height=480, seed=0):
    rng = np.random.default_rng(seed)
    return window(
        rng.integers(0, width, count),
        rng.integers(0, height, count),
        rng.integers(0, LENGTH, count),
        rng.integers(0, 2, count),
        width,
        height,
    )


def moving_edge(count, width=640, height=480, seed=0):
    rng = np.random.default_rng(seed)
    t = rng.integers(0, LENGTH, count)
    x = width // 3 + 20 * t // LENGTH + rng.integers(0, 4, count)
    y = rng.integers(height // 4, 3 * height // 4, count)
    return window(x, y, t, rng.integers(0, 2, count), width, height)


def both(one, other):
    columns = (np.concatenate(pair) for pair in zip(one[:4], other[:4], strict=True))
    return window(*columns, one.width, one.height)


def slowly(events, bins, height, width):
    """The definition, event by event."""
    grid = np.zeros((bins, height, width))
    scale = min(width / events.width, height / events.height)
    left, top = (width - scale * events.width) / 2, (height - scale * events.height) / 2
    for x, y, t, p in zip(*(column.tolist() for column in events[:4]), strict=True):
        column, row = int(left + scale * (x + 0.5)), int(top + scale * (y + 0.5))
        position = t / events.duration_ns * (bins - 1)
        for b in range(bins):
            grid[b, row, column] += (2 * p - 1) * max(0.0, 1 - abs(position - b))
    return grid


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 6), st.integers(0, LENGTH), st.integers(0, 1)),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 6),
    st.sampled_from([(8, 8), (7, 10), (30, 20), (3, 5)]),
)
def test_the_grid_is_the_sum_over_events(made, bins, size):
    events = window(*zip(*made, strict=True), width=10, height=7)
    grid = voxel_grid(events, bins, *size)
    assert grid.dtype == np.float32
    assert np.allclose(grid, slowly(events, bins, *size), atol=1e-5)


def test_the_picture_is_centred_in_proportion():
    corners = window([0, 639, 0, 639], [0, 0, 479, 479], [0] * 4, [1] * 4)
    rows, columns = np.nonzero(voxel_grid(corners, 5, 64, 64)[0])
    assert rows.tolist() == [8, 8, 55, 55]
    assert columns.tolist() == [0, 63, 0, 63]


def test_normalised_grids_have_mean_0_and_deviation_1_where_anything_is():
    grid = voxel_grid(moving_edge(5000), 5, 64, 64)
    out = normalised(grid)
    active = np.abs(grid) > 1e-6
    assert (out[~active] == 0).all()
    assert out[active].mean() == pytest.approx(0, abs=1e-4)
    assert out[active].std() == pytest.approx(1, abs=1e-4)


def test_one_event_is_a_sign():
    out = normalised(voxel_grid(window([5], [5], [0], [0]), 5, 64, 64))
    assert out.min() == -1
    assert np.count_nonzero(out) == 1


@pytest.mark.parametrize("count", [0, 1, 50_000])
def test_inputs_are_as_the_manifest_says(count):
    events = noise(count)
    before = [column.copy() for column in events[:4]]
    values, quality = prepare(events, SPEC)
    assert values.shape == SPEC.shape
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert 0 <= quality <= 1
    assert all((a == b).all() for a, b in zip(events[:4], before, strict=True))
    assert (values == prepare(events, SPEC).values).all()


def quality(events):
    return prepare(events, SPEC).quality


def test_motion_counts_in_full():
    assert quality(moving_edge(3000)) == 1
    assert quality(both(moving_edge(5000), noise(1500))) == 1


def test_few_events_count_little():
    assert quality(noise(0)) == 0
    assert quality(moving_edge(20)) == 0
    assert 0 < quality(moving_edge(200)) < 0.5


def test_recorded_digits_count_in_full():
    qualities = []
    for path in sorted(recordings("nmnist").glob("**/*.bs2"))[:40]:
        # 5 bytes an event: x, y, polarity in the top bit, then 23 bits of microseconds.
        raw = np.fromfile(path, np.uint8).reshape(-1, 5).astype(np.int64)
        t = ((raw[:, 2] & 127) << 16 | raw[:, 3] << 8 | raw[:, 4]) * 1000 - 20_000_000
        raw, t = raw[(t >= 0) & (t <= LENGTH)], t[(t >= 0) & (t <= LENGTH)]
        qualities.append(quality(window(raw[:, 0], raw[:, 1], t, raw[:, 2] >> 7, 34, 34)))
    assert np.median(qualities) == 1


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
@pytest.mark.parametrize("shift", [1, 4])
def test_panned_photographs_count_in_full(name, shift):
    skimage_data = pytest.importorskip("skimage.data")
    picture = np.log(getattr(skimage_data, name)().mean(axis=2) / 255 + 0.02)[::2, ::2]
    height, width = picture.shape[0], picture.shape[1] - shift
    # An event for each 0.2 that the logarithm of the brightness moves.
    steps = np.trunc((picture[:, shift:] - picture[:, :-shift]) / 0.2).astype(int)
    pixel = np.repeat(np.arange(steps.size), np.abs(steps).reshape(-1))
    t = np.random.default_rng(0).integers(0, LENGTH, pixel.size)
    p = steps.reshape(-1)[pixel] > 0
    panned = window(pixel % width, pixel // width, t, p, width, height)
    assert quality(both(panned, noise(4000, width, height))) > 0.9


@pytest.mark.parametrize("count", [1500, 15_000, 150_000])
def test_background_noise_counts_nothing(count):
    assert quality(noise(count)) < 0.05


@pytest.mark.parametrize("seed", range(10))
def test_hot_pixels_count_little(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 640, 50).repeat(50), rng.integers(0, 480, 50).repeat(50)
    hot = window(x, y, rng.integers(0, LENGTH, x.size), np.ones(x.size))
    assert quality(both(hot, noise(1500, seed=seed))) < 0.2


def test_flicker_and_overload_count_nothing():
    y, x = (side.reshape(-1) for side in np.mgrid[0:96, 0:128])
    lamp = [
        (x, y, np.full(x.shape, t), np.full(x.shape, p))
        for p in (0, 1)
        for t in range(0, LENGTH, LENGTH // 5)
    ]
    whole = window(*(np.concatenate(c) for c in zip(*lamp, strict=True)), 128, 96)
    assert quality(whole) < 0.05
    blinded = moving_edge(150_000, 64, 48)
    assert quality(blinded) == 0
