"""Ray casting, cameras, surroundings and patterns."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from box_scene import FRONT, ROOM, with_material
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.simulation.objects.meshes import MeshError
from omnibind_ros.simulation.rendering.light import to_linear, to_srgb
from omnibind_ros.simulation.scene import ray_casting
from omnibind_ros.simulation.scene.camera import Camera, View, draw_view, mount
from omnibind_ros.simulation.scene.patterns import MAKERS, pattern
from omnibind_ros.simulation.scene.ray_casting import Scene, sample_textures
from omnibind_ros.simulation.scene.surroundings import draw_surroundings
from omnibind_ros.simulation.thermal import nearest

pytestmark = pytest.mark.skipif(ray_casting.o3d is None, reason="Open3D cannot be imported")


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
    monkeypatch.setattr(ray_casting, "o3d", None)
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
