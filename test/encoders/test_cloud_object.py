"""Supports and far clusters are cut out of a cloud; flat objects and boxes stay whole."""

import time

import numpy as np
import pytest

from omnibind_ros.encoders.cloud_object import cut_out, face_sensor, find_support, main_cluster
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.points import prepare

SPEC = TensorSpec("points", (1, 512, 3), "float32")
EYE = np.array([-1.0, 0.0, 0.7])
"""Place of the sensor above a table at z = 0, on which things stand around the origin, metres."""


def seen(points, pitch):
    """Points of the world as a sensor at EYE gives them that looks down by a pitch, degrees."""
    cos, sin = np.cos(np.radians(pitch)), np.sin(np.radians(pitch))
    axes = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])  # forward, left, up
    return np.ascontiguousarray((points - EYE) @ axes.T, np.float32)


def rectangle(rng, count, x, y, z):
    """Points drawn in a box of which at least one side has no length."""
    return np.stack([rng.uniform(*limits, count) for limits in (x, y, z)], axis=1)


def box(rng, depth, width, height, count=1200):
    """The three sides of a box that the sensor sees."""
    x, y = (-depth / 2, depth / 2), (-width / 2, width / 2)
    top = rectangle(rng, count // 2, x, y, (height, height))
    front = rectangle(rng, count // 2, (x[0], x[0]), y, (0.002, height))
    return np.concatenate([top, front])


def cylinder(rng, radius, height, count=1200):
    angle, z = rng.uniform(np.pi / 2, 3 * np.pi / 2, count), rng.uniform(0.003, height, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)


def ball(rng, radius, count=1200):
    way = rng.standard_normal((count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    way = way[way @ EYE > 0]
    return radius * way + [0, 0, radius]


def table(rng, half=0.3, count=2500):
    return rectangle(rng, count, (-half, half), (-half, half), (0, 0))


THINGS = {
    "cereal box": lambda rng: box(rng, 0.07, 0.19, 0.27),
    "tea box": lambda rng: box(rng, 0.15, 0.09, 0.07),
    "book": lambda rng: box(rng, 0.24, 0.17, 0.035),
    "can": lambda rng: cylinder(rng, 0.04, 0.12),
    "ball": lambda rng: ball(rng, 0.08),
}
ALONE = {
    **THINGS,
    "table top": lambda rng: rectangle(rng, 2000, (-0.4, 0.4), (-0.6, 0.6), (0.7, 0.7)),
    "table with legs": lambda rng: np.concatenate(
        [
            rectangle(rng, 1500, (-0.4, 0.4), (-0.6, 0.6), (0.4, 0.4)),
            *[
                rectangle(rng, 80, (x, x + 0.04), (y, y + 0.04), (0, 0.4))
                for x in (-0.4, 0.36)
                for y in (-0.6, 0.56)
            ],
        ]
    ),
    "chair": lambda rng: np.concatenate(
        [
            rectangle(rng, 800, (-0.2, 0.2), (-0.2, 0.2), (0.45, 0.45)),
            rectangle(rng, 800, (0.2, 0.2), (-0.2, 0.2), (0.45, 0.9)),
            rectangle(rng, 200, (-0.2, -0.17), (-0.2, -0.17), (0, 0.45)),
            rectangle(rng, 200, (-0.2, -0.17), (0.17, 0.2), (0, 0.45)),
        ]
    ),
    "door with a handle": lambda rng: np.concatenate(
        [
            rectangle(rng, 2000, (0, 0), (-0.4, 0.4), (0, 2)),
            rectangle(rng, 80, (-0.06, -0.03), (0.25, 0.38), (1, 1.03)),
        ]
    ),
    "laptop": lambda rng: np.concatenate(
        [
            rectangle(rng, 1000, (-0.12, 0.12), (-0.17, 0.17), (0.02, 0.02)),
            rectangle(rng, 1000, (0.12, 0.12), (-0.17, 0.17), (0.02, 0.25)),
        ]
    ),
}


@pytest.mark.parametrize("pitch", [0, 20, 45])
@pytest.mark.parametrize("name", THINGS)
def test_a_table_is_cut_out_and_the_thing_on_it_stays(name, pitch):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        thing, flat = THINGS[name](rng), table(rng)
        noise = rng.normal(0, 0.0015, (len(thing) + len(flat), 3))
        cloud = seen(np.concatenate([thing, flat]) + noise, pitch)
        kept = {tuple(point) for point in cut_out(cloud).tolist()}
        of_thing = np.mean([tuple(point) in kept for point in cloud[: len(thing)].tolist()])
        of_table = np.mean([tuple(point) in kept for point in cloud[len(thing) :].tolist()])
        assert of_thing > 0.8, (name, seed)
        assert of_table < 0.1, (name, seed)


@pytest.mark.parametrize("pitch", [0, 20, 45])
@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("count", [64, 512, 4096])
def test_a_thing_alone_stays_whole(name, pitch, count):
    rng = np.random.default_rng(count)
    thing = ALONE[name](rng)
    some = thing[rng.integers(0, len(thing), count)]
    cloud = seen(some + rng.normal(0, 0.0015, some.shape), pitch)
    assert len(cut_out(cloud)) > 0.95 * count


def test_a_wall_far_behind_is_another_cluster():
    rng = np.random.default_rng(0)
    thing = seen(box(rng, 0.2, 0.3, 0.4), 10)
    wall = rectangle(rng, 3000, (3, 3), (-1, 1), (-1, 1)).astype(np.float32)
    mask = main_cluster(np.concatenate([thing, wall]))
    assert mask[: len(thing)].all()
    assert not mask[len(thing) :].any()


def test_parts_with_small_gaps_belong_together():
    rng = np.random.default_rng(1)
    lower, upper = (
        seen(rectangle(rng, 400, (0, 0), (-0.1, 0.1), (low, low + 0.1)), 0) for low in (0, 0.115)
    )
    assert main_cluster(np.concatenate([lower, upper])).all()


def test_the_plane_is_that_of_the_table():
    rng = np.random.default_rng(2)
    cloud = seen(np.concatenate([box(rng, 0.1, 0.1, 0.2), table(rng)]), 30)
    plane = find_support(cloud)
    assert plane is not None
    assert plane.normal == pytest.approx([-0.5, 0, np.sqrt(0.75)], abs=0.01)
    assert plane.offset == pytest.approx(-0.7, abs=0.005)


def test_level_pitched_and_turned_frames_give_the_same_input():
    rng = np.random.default_rng(3)
    thing = box(rng, 0.15, 0.2, 0.25, 500)
    level = prepare(seen(thing, 0), SPEC).values[0]
    for pitch in (-45, 20, 45):
        assert prepare(seen(thing, pitch), SPEC).values[0] == pytest.approx(level, abs=1e-4)
    about = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float32)  # at a LiDAR's left side
    aside = np.ascontiguousarray(seen(thing, 0) @ about.T)
    assert prepare(aside, SPEC).values[0] == pytest.approx(level, abs=1e-4)


def test_a_cloud_around_the_origin_has_no_line_of_sight():
    cloud = ball(np.random.default_rng(4), 1.0).astype(np.float32) - np.float32([0, 0, 1])
    centred = cloud - cloud.mean(axis=0)
    assert face_sensor(centred) is centred
    straight = face_sensor(centred + np.float32([0, 0, -5]))  # straight below
    assert straight.mean(axis=0) == pytest.approx([5, 0, 0], abs=1e-4)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_what_is_cut_does_not_depend_on_the_size(scale):
    rng = np.random.default_rng(5)
    cloud = seen(np.concatenate([box(rng, 0.1, 0.1, 0.2), table(rng)]), 30)
    assert len(cut_out(cloud * np.float32(scale))) == pytest.approx(len(cut_out(cloud)), abs=3)


@pytest.mark.parametrize("count", [0, 1, 31, 32, 1000])
def test_points_in_one_place_stay(count):
    cloud = np.full((count, 3), 2, np.float32)
    assert len(cut_out(cloud)) == count
    line = np.linspace([1, 0, 0], [2, 3, 1], count, dtype=np.float32)
    assert len(cut_out(line)) == count


def test_cutting_is_cheap_and_changes_nothing():
    rng = np.random.default_rng(6)
    cloud = seen(np.concatenate([box(rng, 0.1, 0.1, 0.2), table(rng, count=2896)]), 30)
    kept = cloud.copy()
    first, best = cut_out(cloud), np.inf
    for _ in range(20):
        begun = time.process_time()
        again = cut_out(cloud)
        best = min(best, time.process_time() - begun)
    assert (again == first).all()
    assert (cloud == kept).all()
    assert best < 0.02  # 2 ms on an idle core
