"""The robot's way past an object: distances, speeds, and when the pad is pressed."""

import math

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.simulation.objects.meshes import load_mesh
from omnibind_ros.simulation.robot.route import (
    ANGLE,
    NEAREST,
    SPEED,
    SWAY,
    TURN,
    WALL,
    Route,
    contact_at,
)
from omnibind_ros.simulation.scene.camera import Camera

SIZES = {"cup": (0.08, 0.08, 0.1), "crate": (0.4, 0.6, 0.8), "car": (4.2, 1.8, 1.5)}


@pytest.fixture(scope="module", params=SIZES)
def model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("mesh") / "thing.stl"
    trimesh.creation.box(SIZES[request.param]).export(path)
    return load_mesh(path, request.param, colour=(0.7, 0.3, 0.2), substance="wood")


@pytest.mark.parametrize("seed", range(3))
def test_the_object_is_in_the_picture_and_not_too_near(model, seed):
    route = Route.draw(model, np.random.default_rng(seed))
    corners = np.array(
        [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)]
    ) * np.asarray(model.size)
    for second in np.linspace(0, 6, 13):
        view = route.view_at(float(second))
        assert np.linalg.norm(np.subtract(view.position, view.target)) == pytest.approx(
            route.distance
        )
        assert route.distance >= NEAREST
        column, row, depth = Camera(view, 100, 100).project(corners).T
        assert (depth > 0).all()
        assert min(column.min(), row.min()) >= -5
        assert max(column.max(), row.max()) <= 105
        assert view.angle == ANGLE


@pytest.mark.parametrize("distance", [0.25, 1.2, 1.6, 8.0])
def test_the_robot_keeps_its_speed_and_its_arc(distance):
    route = Route((0.0, 0.0, 0.4), distance, 20.0, 15.0)
    seconds = np.arange(0, 30, 0.01)
    azimuths = np.radians([route.azimuth_at(float(second)) for second in seconds])
    rate = np.abs(np.diff(azimuths)) / 0.01
    assert rate.max() <= TURN * 1.001
    assert rate.max() * distance <= SPEED * 1.001
    assert max(rate.max() / TURN, rate.max() * distance / SPEED) > 0.99
    assert np.degrees(azimuths).max() <= 20 + SWAY
    assert np.degrees(azimuths).min() >= 20 - SWAY


def test_nobody_drives_into_the_wall_that_an_object_hangs_on():
    route = Route((0.0, 0.0, 1.5), 0.5, 60.0, 0.0, towards=1, hanging=True)
    assert max(route.azimuth_at(second / 10) for second in range(100)) == WALL
    free = Route((0.0, 0.0, 1.5), 0.5, 60.0, 0.0, towards=1)
    assert max(free.azimuth_at(second / 10) for second in range(100)) > WALL


def test_the_position_is_that_of_azimuth_and_elevation():
    view = Route((0.1, 0.2, 0.3), 2.0, 90.0, 30.0).view_at(0.0)
    expected = (0.1, 0.2 + 2 * math.cos(math.pi / 6), 0.3 + 1.0)
    assert view.position == pytest.approx(expected)


@given(st.floats(0, 600))
def test_the_pad_is_free_for_half_a_second_in_three(second):
    within = (second + 1e-9) % 3.0
    assert (contact_at(second) is None) == (within < 0.5)
    if within >= 0.5:
        assert contact_at(second) == int((second + 1e-9) // 3.0)
