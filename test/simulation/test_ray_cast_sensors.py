"""Ray casting, cameras, and the sensors that are made of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.simulation.image import ImageSettings, develop, render_image
from omnibind_ros.simulation.objects.heat import HEATS, find_heat
from omnibind_ros.simulation.objects.meshes import MeshError, ObjectModel, load_mesh
from omnibind_ros.simulation.points import PointSettings, render_points
from omnibind_ros.simulation.rendering.light import Light, draw_light, to_linear, to_srgb
from omnibind_ros.simulation.rendering.radiance import radiance
from omnibind_ros.simulation.scene import ray_casting as scene_module
from omnibind_ros.simulation.scene.camera import Camera, View, draw_view, mount
from omnibind_ros.simulation.scene.patterns import MAKERS, pattern
from omnibind_ros.simulation.scene.ray_casting import Scene, sample_textures
from omnibind_ros.simulation.scene.surroundings import Surface, Surroundings, draw_surroundings
from omnibind_ros.simulation.thermal import ThermalSettings, nearest, render_thermal

pytestmark = pytest.mark.skipif(scene_module.o3d is None, reason="Open3D cannot be imported")

FRONT = View((3.0, 0.0, 0.5), (0.0, 0.0, 0.5), 45.0)
DAY = Light((0.5, 0.0, math.sqrt(0.75)), (0.5, 0.5, 0.5), 0.02, (0.5,) * 3, (0.3,) * 3, False)
FLOOR = Surface((0.0, 0.0, 1.0), 0.0, (0.5, 0.5, 0.5), "plain", 0, 1.0, 0.0)
WALL = Surface((1.0, 0.0, 0.0), -1.0, (0.9, 0.9, 0.9), "plain", 0, 1.0, 0.0)
ROOM = Surroundings((FLOOR, WALL), ((0.5,) * 3, (0.9,) * 3), False)
QUIET = ThermalSettings(netd=0, columns=0, blur=0, running=False)


@pytest.fixture(scope="module")
def box(tmp_path_factory) -> ObjectModel:
    """A box, 1 m high, 0.4 m deep and 0.6 m wide."""
    path = tmp_path_factory.mktemp("mesh") / "box.stl"
    trimesh.creation.box((0.4, 0.6, 1.0)).export(path)
    return load_mesh(path, "Box", colour=(0.8, 0.2, 0.1), substance="wood")


def with_material(model: ObjectModel, **changes) -> ObjectModel:
    return replace(model, materials=(replace(model.materials[0], **changes),))


def test_rays_hit_where_they_should(box):
    hits = Scene(box).cast(
        np.array([3, 0, 0.5], np.float32), np.array([[-1, 0, 0], [1, 0, 0]], np.float32)
    )
    assert hits.hit.tolist() == [True, False]
    assert hits.distance.tolist() == pytest.approx([2.8, np.inf])
    assert hits.points[0] == pytest.approx([0.2, 0, 0.5], abs=1e-6)
    assert hits.normals[0] == pytest.approx([1, 0, 0], abs=1e-6)
    assert (hits.materials[0], hits.materials[1], hits.triangles[1]) == (0, -1, -1)


def test_normals_look_towards_the_ray_on_both_sides_of_a_sheet(box):
    inside = Scene(box).cast(np.array([0, 0, 0.5], np.float32), np.array([[1, 0, 0]], np.float32))
    assert inside.normals[0] == pytest.approx([-1, 0, 0], abs=1e-6)


def test_what_an_object_hides_is_told(box):
    starts = np.array([[0, 0, 2], [2, 0, 2]], np.float32)
    down = np.array([[0, 0, -1], [0, 0, -1]], np.float32)
    scene = Scene(box)
    assert scene.occluded(starts, down).tolist() == [True, False]
    assert scene.occluded(starts, down, 0.5).tolist() == [False, False]


def test_rays_pass_through_glass_only_if_asked(box):
    scene = Scene(with_material(box, opacity=0.3))
    origin, ahead = np.array([3, 0, 0.5], np.float32), np.array([[-1, 0, 0]], np.float32)
    assert not scene.cast(origin, ahead).hit[0]
    assert scene.cast(origin, ahead, transparent=True).hit[0]
    assert nearest(scene, origin, ahead).distance[0] == pytest.approx(2.8)
    assert not scene.occluded(origin[None], ahead)[0]


def test_rays_pass_through_what_a_texture_cuts_out(box):
    hole = np.zeros((2, 2, 4), np.uint8)
    origin, ahead = np.array([3, 0, 0.5], np.float32), np.array([[-1, 0, 0]], np.float32)
    assert not Scene(with_material(box, texture=hole)).cast(origin, ahead).hit[0]
    hole[..., 3] = 255
    assert Scene(with_material(box, texture=hole)).cast(origin, ahead).hit[0]


def test_textures_are_looked_up_from_the_lower_left_and_repeat(box):
    texture = np.zeros((4, 4, 4), np.uint8)
    texture[0, 0] = 255  # upper left
    model = with_material(box, texture=texture)
    uv = np.array([[0.125, 0.875], [1.125, -0.125], [0.625, 0.375]], np.float32)
    colours = sample_textures(model, np.zeros(3, np.int32), uv)
    assert colours[:, 0].tolist() == pytest.approx([1, 1, 0])


def test_without_open3d_there_is_one_sentence(box, monkeypatch):
    monkeypatch.setattr(scene_module, "o3d", None)
    with pytest.raises(MeshError, match="install open3d and, on Debian and Ubuntu, libusb"):
        Scene(box)


@settings(deadline=None)
@given(
    st.tuples(*[st.floats(-3, 3)] * 3),
    st.tuples(*[st.floats(-3, 3)] * 3),
    st.floats(10, 100),
    st.floats(-180, 180),
)
def test_projection_undoes_a_pixel_s_ray(position, target, angle, roll):
    if math.dist(position, target) < 0.1:
        return
    camera = Camera(View(position, target, angle, roll), 8, 6)
    rays = camera.directions().astype(float)
    column, row, depth = camera.project(np.asarray(position) + 2 * rays).T
    assert depth.min() > 0
    assert column == pytest.approx(np.tile(np.arange(8) + 0.5, 6), abs=1e-2)
    assert row == pytest.approx(np.repeat(np.arange(6) + 0.5, 8), abs=1e-2)
    turn = camera.view.rotation
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-5)
    assert np.linalg.det(turn) == pytest.approx(1, abs=1e-5)


def test_up_is_up_and_left_is_left():
    column, row, _ = Camera(FRONT, 100, 100).project(np.array([[0, 0.3, 0.9]])).T
    assert row[0] < 50
    assert column[0] > 50  # seen from the front, its left is on the right


@pytest.mark.parametrize("seed", range(20))
def test_a_view_frames_the_thing_and_stays_in_the_room(box, seed):
    rng = np.random.default_rng(seed)
    view = draw_view(box, rng)
    column, row, depth = Camera(view, 224, 224).project(box.vertices).T
    assert depth.min() > 0
    span = max(np.ptp(column), np.ptp(row)) / 224
    assert 0.6 < span < 1.05
    for surface in draw_surroundings(box, view, rng).surfaces:
        assert np.dot(surface.normal, view.position) > surface.offset


@given(
    st.tuples(*[st.floats(0.05, 15)] * 3),
    st.integers(0, 10**6),
    st.sampled_from(["", "Vehicles", "Lights"]),
    st.sampled_from([0.0, 0.4, 1.6]),
)
def test_things_of_any_shape_are_in_the_picture(box, size, seed, category, elevation):
    shape = np.asarray(size, np.float32) / box.size
    model = replace(box, vertices=box.vertices * shape, category=category, elevation=elevation)
    view = draw_view(model, np.random.default_rng(seed))
    column, row, depth = Camera(view, 100, 100).project(model.vertices).T
    assert depth.min() > 0
    assert ((column > -15) & (column < 115) & (row > -15) & (row < 115)).all()


def test_views_prefer_the_front_and_cover_all_sides(box):
    rng = np.random.default_rng(1)
    azimuths = np.array([draw_view(box, rng).azimuth for _ in range(300)])
    assert 0.7 < (np.abs(azimuths) < 75).mean() < 0.95
    assert azimuths.min() < -120
    assert azimuths.max() > 120


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, "floor"),
        ({"category": "Vehicles"}, "outdoors"),
        ({"elevation": 1.2}, "wall"),
        ({"opening": True}, "wall"),
        ({"elevation": 1.5, "category": "Lights"}, "ceiling"),
    ],
)
def test_things_are_where_they_belong(box, changes, place):
    model = replace(box, **changes)
    assert mount(model) == place
    rng = np.random.default_rng(0)
    view = draw_view(model, rng)
    around = draw_surroundings(model, view, rng)
    assert around.outdoors == (place == "outdoors")
    if place == "wall":
        assert abs(view.azimuth) <= 65
        assert any(surface.normal == (1.0, 0.0, 0.0) for surface in around.surfaces)
    if place == "ceiling":
        assert view.position[2] < box.size[2]


def test_the_nearest_surface_is_seen_from_its_front_only():
    rays = np.array([[-1, 0, 0], [0, 0, -1], [1, 0, 0]], np.float32)
    distance, which = ROOM.trace(np.array([1, 0, 0.5], np.float32), rays)
    assert distance.tolist() == pytest.approx([2, 0.5, np.inf])
    assert which.tolist() == [1, 0, -1]


def test_a_window_looks_out(box):
    ahead = np.array([[-1, 0, 0]], np.float32)
    holed = replace(ROOM, hole=(-0.3, 0.3, 0.2, 0.8))
    assert holed.trace(np.array([1, 0, 0.5], np.float32), ahead)[1][0] == -1
    assert holed.trace(np.array([1, 0.5, 0.5], np.float32), ahead)[1][0] == 1


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_patterns_keep_their_brightness_and_have_no_seam(kind):
    picture = pattern(kind, 1)
    assert picture.mean() == pytest.approx(1, abs=0.15)
    inner = np.abs(np.diff(picture, axis=1)).mean(axis=0)
    seam = np.abs(picture[:, 0] - picture[:, -1]).mean()
    assert seam <= inner.max() * 1.5


@given(st.floats(0, 1))
def test_srgb_and_linear_are_inverse(value):
    assert to_srgb(to_linear(np.array([value])))[0] == pytest.approx(value, abs=1e-4)


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
    noisy = replace(QUIET, netd=0.08)
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
    assert 200 < len(points) <= 2048
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
    assert len(points) <= 2048
    up = points @ np.array([0, 0, 1.0])
    assert up.size
    turn = np.stack([view.rotation[:, 2], -view.rotation[:, 0], -view.rotation[:, 1]], axis=1)
    world = points @ turn.T + np.asarray(view.position)
    on_floor = np.abs(world[:, 2]) < 1e-3
    assert 0.01 < on_floor.mean() < 0.12


def test_settings_and_light_follow_the_seed():
    for seed in (0, 1):
        first, second = (np.random.default_rng(seed) for _ in range(2))
        for draw in (
            ImageSettings.draw,
            PointSettings.draw,
            lambda rng: ThermalSettings.draw("Oven", False, rng),
            lambda rng: draw_light(FRONT, False, rng),
        ):
            assert draw(first) == draw(second)
