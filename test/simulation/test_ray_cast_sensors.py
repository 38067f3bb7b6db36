"""Simulated images, thermal pictures and point clouds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from box_scene import DAY, FLOOR, FRONT, IDEAL, QUIET, ROOM, with_material

from omnibind_ros.simulation.image import ImageSettings, develop, render_image
from omnibind_ros.simulation.objects.heat import HEATS, find_heat
from omnibind_ros.simulation.points import PointSettings, render_points
from omnibind_ros.simulation.rendering.light import draw_light, to_linear
from omnibind_ros.simulation.rendering.radiance import radiance
from omnibind_ros.simulation.scene import ray_casting
from omnibind_ros.simulation.scene.camera import Camera, View
from omnibind_ros.simulation.scene.ray_casting import Scene
from omnibind_ros.simulation.scene.surroundings import Surroundings
from omnibind_ros.simulation.thermal import ThermalSettings, render_thermal

pytestmark = pytest.mark.skipif(ray_casting.o3d is None, reason="Open3D cannot be imported")


def test_an_object_is_lit_and_casts_a_shadow(box):
    view = View((2.5, -1.5, 1.8), (0.0, 0.0, 0.3), 60.0)
    light = replace(DAY, direction=(0.0, 0.6, 0.8), softness=0.0)
    open_room = Surroundings((FLOOR,), ROOM.sky, False)
    scene, camera = Scene(box), Camera(view, 96, 96)
    picture = radiance(scene, camera, open_room, light, np.random.default_rng(0))

    def at(*point):
        column, row, _ = camera.project(np.array([point]))[0].astype(int)
        return picture[row, column]

    top, front, shadow, sunny = at(0, 0, 1), at(0.2, 0, 0.5), at(0, -0.7, 0), at(1, -0.7, 0)
    assert front[0] > 2 * front[2]  # red
    assert front[0] < 0.8 * top[0]  # no key light reaches it
    assert shadow[1] < 0.7 * sunny[1]


def test_pictures_are_reproducible_and_noise_is_not_the_same(box):
    scene = Scene(box)

    def take(seed):
        rng = np.random.default_rng(seed)
        return render_image(scene, FRONT, ROOM, DAY, ImageSettings(), rng, side=64)

    first = take(1)
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    assert (first == take(1)).all()
    assert (first != take(2)).any()


def test_exposure_is_correct_whatever_the_light():
    rng = np.random.default_rng(0)
    flat = ImageSettings(vignette=0, full_well=1e6)
    scene = rng.uniform(0.2, 1.0, (32, 32, 3)).astype(np.float32)
    dim, bright = (develop(scene * scale, flat, rng).mean() for scale in (0.01, 10))
    assert dim == pytest.approx(bright, abs=2)
    assert 110 < dim < 190


def test_noise_is_that_of_the_sensor():
    grey = np.full((200, 200, 3), 0.2, np.float32)
    settings_ = ImageSettings(blur=0, vignette=0, full_well=2000, read_noise=0)
    linear = to_linear(develop(grey, settings_, np.random.default_rng(0)) / 255)
    expected = math.sqrt(0.36 * 2000) / 2000
    assert linear.mean() == pytest.approx(0.36, abs=0.01)
    assert linear.std() == pytest.approx(expected, rel=0.1)


def test_a_body_at_rest_has_its_surroundings_temperature(box):
    calm = replace(QUIET, wall=0.0, floor=0.0)
    picture = render_thermal(Scene(box), FRONT, ROOM, DAY, calm, np.random.default_rng(0))
    assert picture.shape == (120, 160)
    assert picture.dtype == np.float32
    assert abs(picture - 21).max() < 2


def test_a_wall_seen_along_itself_is_no_warmer_than_a_room(box):
    along = View((-0.9, 0.0, 0.5), (-0.99, 20.0, 12.0), 60.0)
    picture = render_thermal(Scene(box), along, ROOM, DAY, QUIET, np.random.default_rng(0))
    assert abs(picture - QUIET.air).max() < 5


def test_a_warm_body_seems_warmer_the_more_it_emits(box):
    def middle(substance):
        body = with_material(replace(box, name="Radiator"), substance=substance)
        warm = replace(QUIET, running=True)
        return render_thermal(Scene(body), FRONT, ROOM, DAY, warm, np.random.default_rng(0))[60, 80]

    wood, metal = middle("wood"), middle("metal")
    assert wood > 31
    assert 22 < metal < wood
    # T_apparent^4 = e T^4 + (1 - e) T_mirrored^4, both with the same true temperature
    kelvin = 273.15
    true = (((wood + kelvin) ** 4 - 0.1 * (20.75 + kelvin) ** 4) / 0.9) ** 0.25
    expected = (0.3 * true**4 + 0.7 * (20.75 + kelvin) ** 4) ** 0.25 - kelvin
    assert metal == pytest.approx(expected, abs=1.0)


def test_thermal_noise_is_the_netd(box):
    noisy = replace(QUIET, camera=replace(IDEAL, netd=0.08))
    rng = np.random.default_rng(0)
    difference = render_thermal(Scene(box), FRONT, ROOM, DAY, noisy, rng) - render_thermal(
        Scene(box), FRONT, ROOM, DAY, QUIET, rng
    )
    assert difference.std() == pytest.approx(0.08, rel=0.05)


@pytest.mark.parametrize(
    ("name", "warm"),
    [
        ("Refrigerator", True),
        ("Male", True),
        ("Laptop", True),
        ("Desk lamp", True),
        ("Coffee machine", True),
        ("TV 16:9", True),
        ("Bookcase", False),
    ],
)
def test_names_tell_what_is_warm(name, warm):
    assert (find_heat(name) is not None) == warm


def test_heat_is_in_order():
    for heat in HEATS:
        assert 0 < heat.probability <= 1
        assert heat.spots
        assert all(spot.rise[0] <= spot.rise[1] for spot in heat.spots)


@pytest.mark.parametrize("kind", ["depth camera", "lidar"])
def test_points_lie_on_the_side_that_is_seen(box, kind):
    exact = PointSettings(pattern=kind, constant=0, quadratic=0, lost=0, flying=0, rings=0.5)
    points = render_points(Scene(box), FRONT, ROOM, exact, np.random.default_rng(0))
    assert points.dtype == np.float32
    assert 200 < len(points) <= 4096
    # The sensor stands 3 m away and looks at the front: x ahead, y left, z up.
    assert points[:, 0] == pytest.approx(2.8, abs=1e-3)
    assert np.ptp(points[:, 1]) == pytest.approx(0.6, abs=0.08)
    assert np.ptp(points[:, 2]) == pytest.approx(1.0, abs=0.08)


def test_range_noise_grows_with_the_square_of_the_range(box):
    noisy = PointSettings(quadratic=2e-3, lost=0, flying=0)
    for distance in (2.0, 4.0):
        view = View((distance + 0.2, 0.0, 0.5), (0.0, 0.0, 0.5), 45.0)
        points = render_points(Scene(box), view, ROOM, noisy, np.random.default_rng(0))
        near = np.linalg.norm(points[:, 1:], axis=1) < 0.2
        assert points[near, 0].std() == pytest.approx(2e-3 * distance**2, rel=0.15)


def test_points_are_lost_at_random_and_rare_on_glass(box):
    few = PointSettings(lost=0.999, flying=0)
    scene = Scene(box)
    assert len(render_points(scene, FRONT, ROOM, few, np.random.default_rng(0))) < 100
    glass = Scene(with_material(box, opacity=0.2))
    blind = PointSettings(pattern="lidar", glass=0.0)
    assert render_points(glass, FRONT, ROOM, blind, np.random.default_rng(0)).shape == (0, 3)
    solid = render_points(scene, FRONT, ROOM, replace(blind), np.random.default_rng(0), 9999)
    some = render_points(glass, FRONT, ROOM, replace(blind, glass=0.2), np.random.default_rng(0))
    assert len(some) == pytest.approx(0.2 * len(solid), rel=0.2)


def test_ground_takes_its_share_of_points_and_no_more(box):
    view = View((2.0, 0.0, 1.6), (0.0, 0.0, 0.4), 60.0)
    wide = PointSettings(lost=0, flying=0, quadratic=0, ground=0.1)
    points = render_points(Scene(box), view, ROOM, wide, np.random.default_rng(0))
    assert len(points) <= 4096
    up = points @ np.array([0, 0, 1.0])
    assert up.size
    turn = np.stack([view.rotation[:, 2], -view.rotation[:, 0], -view.rotation[:, 1]], axis=1)
    world = points @ turn.T + np.asarray(view.position)
    on_floor = np.abs(world[:, 2]) < 1e-3
    assert 0.01 < on_floor.mean() < 0.12


def test_settings_and_light_follow_the_seed(box):
    for seed in (0, 1):
        first, second = (np.random.default_rng(seed) for _ in range(2))
        for draw in (
            ImageSettings.draw,
            PointSettings.draw,
            lambda rng: ThermalSettings.draw(replace(box, name="Oven"), False, rng),
            lambda rng: draw_light(FRONT, False, rng),
        ):
            assert draw(first) == draw(second)
