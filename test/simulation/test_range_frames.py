"""Frames of clouds, edges, and what a sensor does not see."""

import math

import numpy as np
import pytest
from box_scene import FRONT, ROOM

from omnibind_ros.simulation.points import PointSettings, render_points
from omnibind_ros.simulation.ranging.frames import PointFrame
from omnibind_ros.simulation.ranging.sight import find_edges, in_sight, neighbour_distances
from omnibind_ros.simulation.scene import ray_casting
from omnibind_ros.simulation.scene.camera import View
from omnibind_ros.simulation.scene.ray_casting import Scene

VIEWS = [
    View((2.0, 0.0, 1.0), (0.0, 0.0, 0.0), 45.0),
    View((0.0, -3.0, 0.5), (0.0, 0.0, 1.0), 45.0, 10.0),
    FRONT,
]


def in_sensor(points, view):
    """Points of the world, x along the line of sight, y left, z up."""
    local = (points - np.asarray(view.position)) @ view.rotation
    return np.stack([local[:, 2], -local[:, 0], -local[:, 1]], axis=1).astype(np.float32)


@pytest.mark.parametrize("view", VIEWS)
def test_the_floor_is_level_at_z_0_in_the_base_frame(view):
    floor = np.random.default_rng(0).uniform(-1, 1, (50, 3)) * [1, 1, 0]
    frame = PointFrame("base", 0.0, 20.0, 0.1, view.position[2])
    assert frame.of(in_sensor(floor, view), view)[:, 2] == pytest.approx(0, abs=1e-5)
    level = PointFrame("level").of(in_sensor(floor, view), view)
    assert level[:, 2] == pytest.approx(-view.position[2], abs=1e-5)
    target = PointFrame("level").of(in_sensor(np.array([view.target]), view), view)
    assert target[0, 0] > 0
    assert target[0, 1] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("pitch", [-45.0, 10.0, 30.0])
def test_a_sensor_that_looks_above_the_object_sees_it_below_its_axis(pitch):
    ahead = np.array([[2, 0, 0]], np.float32)
    moved = PointFrame("sensor", pitch).of(ahead, FRONT)[0]
    assert np.degrees(np.arctan2(moved[2], moved[0])) == pytest.approx(-pitch, abs=1e-3)
    left = PointFrame("sensor", 0.0, 15.0).of(ahead, FRONT)[0]  # looks to the left of it
    assert np.degrees(np.arctan2(left[1], left[0])) == pytest.approx(-15, abs=1e-3)


def test_frames_keep_distances_between_points_and_follow_the_seed():
    points = np.random.default_rng(1).normal(0, 1, (20, 3)).astype(np.float32)
    for seed in range(20):
        frame, again = (
            PointFrame.draw(VIEWS[0], "table", np.random.default_rng(seed)) for _ in range(2)
        )
        assert frame == again
        moved = frame.of(points, VIEWS[0])
        before, after = (np.linalg.norm(p[:, None] - p[None], axis=2) for p in (points, moved))
        assert after == pytest.approx(before, abs=1e-4)


def test_edges_are_where_something_farther_is_beside():
    distance = np.full((5, 6), 3.0, np.float32)
    distance[1:4, 2:5] = 1.0
    distance[0, 0] = np.inf
    on_object = distance == 1
    edge, behind = find_edges(on_object.reshape(-1), distance.reshape(-1), (5, 6), 0.5)
    expected = on_object.copy()
    expected[2, 3] = False
    assert (edge.reshape(5, 6) == expected).all()
    assert (behind[edge] == 3).all()


def test_patches_and_cuts_take_their_share():
    grid = np.stack(np.meshgrid(np.linspace(-0.2, 0.2, 81), np.linspace(-0.2, 0.2, 81)), -1)
    local = np.concatenate([grid.reshape(-1, 2), np.ones((81 * 81, 1))], axis=1)
    everything = np.ones(len(local), bool)
    seen = in_sight(local, everything, (), 0.25, np.random.default_rng(0))
    assert seen.mean() == pytest.approx(0.75, abs=0.01)
    middle = np.linalg.norm(local[:, :2], axis=1) < 0.01
    hole = in_sight(local, middle, (1.0,), 0.0, np.random.default_rng(0))
    assert 0 < (~hole).mean() < 0.01
    assert in_sight(local, everything, (), 0.0, np.random.default_rng(0)).all()


@pytest.mark.skipif(ray_casting.o3d is None, reason="Open3D cannot be imported")
class TestOfABox:
    def test_neighbours_stand_beside_it(self, box):
        rays = np.random.default_rng(0).normal(0, 1, (4000, 3)).astype(np.float32)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        origin = np.array([0, 0, 0.5], np.float32)
        for seed in range(5):
            rng = np.random.default_rng(seed)
            far = neighbour_distances(Scene(box), (0.5, 0.3), origin, rays, rng)
            hits = origin + far[np.isfinite(far), None] * rays[np.isfinite(far)]
            assert len(hits) > 0
            assert hits[:, 2].min() > -1e-4
            # Not in the box, which is 0.4 m deep and 0.6 m wide.
            assert (np.abs(hits[:, :2]) / [0.2, 0.3]).max(axis=1).min() > 1

    def test_disparities_are_whole_numbers_of_steps(self, box):
        settings = PointSettings(disparity=0.0029, quadratic=0.0, lost=0, flying=0)
        points = render_points(Scene(box), FRONT, ROOM, settings, np.random.default_rng(0))
        steps = 1 / (points[:, 0].astype(float) * 0.0029)
        assert steps == pytest.approx(np.round(steps), abs=1e-2)
        assert points[:, 0] == pytest.approx(2.8, abs=0.0029 * 2.8**2)

    def test_waves_are_alike_at_neighbours(self, box):
        settings = PointSettings(wave=2e-3, quadratic=0.0, lost=0, flying=0)
        points = render_points(Scene(box), FRONT, ROOM, settings, np.random.default_rng(0))
        error = np.linalg.norm(points, axis=1) - np.linalg.norm(points, axis=1) / points[:, 0] * 2.8
        assert error.std() == pytest.approx(2e-3 * 2.9**2, rel=0.6)
        near = np.linalg.norm(points[:, None, 1:] - points[None, :, 1:], axis=2) < 0.01
        first, second = np.nonzero(np.triu(near, 1))
        assert np.corrcoef(error[first], error[second])[0, 1] > 0.8

    @pytest.mark.parametrize("most", [64, 500, 4096])
    def test_a_sensor_gives_as_many_points_as_it_has(self, box, most):
        settings = PointSettings(most=most, ground=0.3, neighbours=(0.4,), reach=1.2)
        points = render_points(Scene(box), FRONT, ROOM, settings, np.random.default_rng(0))
        assert 0.5 * most < len(points) <= most

    def test_points_fly_at_edges_only(self, box):
        settings = PointSettings(flying=1.0, quadratic=0.0, lost=0)
        points = render_points(Scene(box), FRONT, ROOM, settings, np.random.default_rng(0))
        flying = points[:, 0] > 2.81
        assert 0.01 < flying.mean() < 0.2
        # At the front's border, 0.6 m x 1 m, seen at a distance of 2.8 m.
        border = np.abs(points[:, 1:] / points[:, :1] * 2.8) / [0.3, 0.5]
        assert border[flying].max(axis=1).min() > 0.9


def test_drawn_sensors_cover_the_numbers_of_points():
    drawn = [PointSettings.draw(np.random.default_rng(seed)) for seed in range(300)]
    assert min(each.most for each in drawn) < 80
    assert max(each.most for each in drawn) > 3500
    for share in ("disparity", "wave", "ground", "cut", "edges", "neighbours", "patches"):
        used = np.mean([bool(getattr(each, share)) for each in drawn])
        assert 0.05 < used < 0.7, share
    assert all(math.isfinite(each.quadratic) for each in drawn)
