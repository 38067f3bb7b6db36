"""A cloud of any number of points becomes the number that the model takes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.points import farthest_points, prepare

SPEC = TensorSpec("points", (1, 256, 3), "float32")


def sphere(count, seed=0):
    points = np.random.default_rng(seed).standard_normal((count, 3))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def gaps(points, chosen):
    """Distance from each point to the nearest that was chosen."""
    return np.min(np.linalg.norm(points[:, None] - chosen[None], axis=2), axis=1)


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 4096, 4097, 60_000])
def test_inputs_are_as_the_manifest_says(count):
    points = sphere(count) + np.float32(3)
    before = points.copy()
    values, quality = prepare(points, SPEC)
    assert values.shape == SPEC.shape
    assert values.dtype == np.float32
    assert 0 <= quality <= 1
    assert (points == before).all()
    assert (values == prepare(points, SPEC).values).all()


@settings(deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-1000, 1000, width=32)] * 3), min_size=1, max_size=60),
    st.integers(1, 40),
)
def test_any_cloud_of_any_size_is_prepared(made, count):
    points = np.array(made, np.float32)
    values, quality = prepare(points, TensorSpec("points", (1, count, 3), "float32"))
    assert values.shape == (1, count, 3)
    assert np.isfinite(values).all()
    assert 0 <= quality <= 1


def test_farthest_points_cover_what_chance_leaves_out():
    rng = np.random.default_rng(1)
    dense = rng.normal(0, 0.05, (5000, 3)).astype(np.float32) + np.float32([0, 0, 1])
    cloud = np.concatenate([dense, sphere(2000)])
    chosen = farthest_points(cloud, 256)
    assert len(np.unique(chosen, axis=0)) == 256
    by_chance = cloud[rng.choice(len(cloud), 256, replace=False)]
    assert gaps(cloud, chosen).max() < 0.75 * gaps(cloud, by_chance).max()


def test_clouds_thinned_by_chance_are_still_covered():
    cloud = sphere(20_000)
    chosen = farthest_points(cloud, 256)
    assert gaps(cloud, chosen).max() < 0.25  # 256 caps of a sphere have a radius of 0.125


def test_points_are_metres_from_the_centroid():
    values = prepare(2 * sphere(10_000) + np.float32([10, -5, 100]), SPEC).values[0]
    assert values.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-4)
    assert np.linalg.norm(values, axis=1) == pytest.approx(2, abs=0.2)


def test_few_points_are_repeated_in_turn():
    points = np.array([[9, -1, -1], [9, 2, -1], [12, -1, 2]], np.float32)  # around (10, 0, 0)
    values = prepare(points, SPEC).values[0]
    assert (values[:3] == points - points.mean(axis=0)).all()
    assert (values[3:6] == values[:3]).all()


def test_quality_grows_with_points():
    assert prepare(sphere(6), SPEC).quality < 0.15
    assert prepare(sphere(32), SPEC).quality == pytest.approx(0.5)
    assert prepare(sphere(64), SPEC).quality == 1
    assert prepare(sphere(10_000), SPEC).quality == 1


def test_points_in_one_place_or_line_count_nothing():
    place = np.full((5000, 3), 7, np.float32)
    line = np.outer(np.linspace(0, 5, 5000), [1, 2, 3]).astype(np.float32)
    wall = np.random.default_rng(0).uniform(0, 1, (5000, 3)).astype(np.float32) * [1, 1, 0]
    assert prepare(place, SPEC).quality == 0
    assert prepare(line, SPEC).quality == 0
    assert prepare(wall.astype(np.float32), SPEC).quality == 1


def test_an_empty_cloud_counts_nothing():
    values, quality = prepare(np.empty((0, 3), np.float32), SPEC)
    assert values.shape == SPEC.shape
    assert quality == 0
