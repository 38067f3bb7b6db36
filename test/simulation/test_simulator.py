"""Seven sensors on one object, in bulk and live."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
import trimesh

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.audio import sounding_body
from omnibind_ros.simulation.language.descriptions import load_descriptions
from omnibind_ros.simulation.objects.meshes import load_mesh
from omnibind_ros.simulation.rendering.light import draw_light
from omnibind_ros.simulation.rendering.motion import Motion, moving_frames
from omnibind_ros.simulation.rendering.radiance import radiance
from omnibind_ros.simulation.scene import ray_casting as scene_module
from omnibind_ros.simulation.scene.camera import Camera, View, draw_view
from omnibind_ros.simulation.scene.ray_casting import Scene
from omnibind_ros.simulation.scene.surroundings import draw_surroundings
from omnibind_ros.simulation.simulator import Simulator
from omnibind_ros.simulation.streams import view_of
from omnibind_ros.simulation.tactile.contact import find_contact
from omnibind_ros.simulation.tactile.height_map import height_map
from omnibind_ros.simulation.tactile.settings import TouchSettings
from omnibind_ros.simulation.touch import render_touch

pytestmark = pytest.mark.skipif(scene_module.o3d is None, reason="Open3D cannot be imported")


def load(tmp_path_factory, mesh, substance):
    path = tmp_path_factory.mktemp("mesh") / "thing.stl"
    mesh.export(path)
    return load_mesh(path, "Oak box", colour=(0.7, 0.3, 0.2), substance=substance)


@pytest.fixture(scope="module")
def crate(tmp_path_factory):
    return load(tmp_path_factory, trimesh.creation.box((0.4, 0.6, 0.8)), "wood")


@pytest.fixture(scope="module")
def simulator(crate):
    return Simulator(crate, "box", load_descriptions()["box"], ("crate", "carton"))


@pytest.fixture(scope="module")
def sample(simulator):
    return simulator.sample(np.random.default_rng(3))


def test_a_sample_holds_seven_modalities_in_their_formats(sample):
    assert set(sample) == {*MODALITIES, "meta"}
    shapes = {
        "image": ((224, 224, 3), np.uint8),
        "audio": ((32_000,), np.int16),
    }
    for name, (shape, dtype) in shapes.items():
        assert sample[name].shape == shape, name
        assert sample[name].dtype == dtype, name
        assert sample[name].std() > 0, name
    # Thermal cameras and gel pads have the size of the unit that was drawn.
    assert sample["thermal"].dtype == np.float32
    assert 22 <= sample["thermal"].shape[0] <= 120
    assert sample["touch"].dtype == np.uint8
    assert sample["touch"].shape[0] == 2
    assert sample["touch"].shape[3] == 3
    assert all(picture.std() > 0 for picture in (*sample["touch"], sample["thermal"]))
    assert sample["points"].dtype == np.float32
    assert sample["points"].shape[1] == 3
    assert 20 < len(sample["points"]) <= 4096
    assert len(sample["text"]) == 6
    event = sample["event"]
    assert set(event) == {"x", "y", "t", "p", "width", "height", "duration_ns"}
    assert len(event["x"]) == len(event["y"]) == len(event["t"]) == len(event["p"]) > 100
    assert event["duration_ns"] == 50_000_000
    assert event["t"].max() <= 50_000_000
    assert event["x"].max() < event["width"]


def test_the_meta_data_say_what_was_drawn_and_fit_into_json(sample):
    meta = json.loads(json.dumps(sample["meta"]))
    assert meta["substance"] == "wood"
    assert {"view", "light", "image", "event", "touch", "audio"} <= set(meta)


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return np.array_equal(one, other)


def test_one_seed_gives_one_sample_on_any_simulator(simulator, crate, sample):
    again = Simulator(crate, "box", load_descriptions()["box"], ("crate", "carton"))
    assert same(again.sample(np.random.default_rng(3)), sample)
    other = simulator.sample(np.random.default_rng(4))
    assert not any(same(other[name], sample[name]) for name in MODALITIES)


def test_a_sensor_alone_reads_what_it_reads_among_others(simulator, sample):
    for name in MODALITIES:
        alone = simulator.sample(np.random.default_rng(3), (name,))
        assert same(alone[name], sample[name]), name
        assert not set(alone) & (set(MODALITIES) - {name})


def test_an_unknown_modality_is_named(simulator):
    with pytest.raises(ValueError, match="'smell'"):
        simulator.sample(np.random.default_rng(0), ("smell",))


def orbit(second):
    angle = 0.3 * second
    return View((2 * math.cos(angle), 2 * math.sin(angle), 1.0), (0, 0, 0.4), 50.0)


def test_live_sensors_follow_a_motion(simulator):
    simulator.reset()
    first = simulator.render(orbit(0.0), 5.0)
    assert set(first) == set(MODALITIES)
    assert len(first["audio"]) == 0
    assert len(first["event"]["t"]) == 0
    moved = simulator.render(orbit(0.5), 5.1)
    assert moved["image"].shape == (224, 224, 3)
    assert len(moved["audio"]) == 1600
    assert moved["event"]["duration_ns"] == pytest.approx(1e8)
    assert len(moved["event"]["t"]) > 200
    assert moved["touch"].shape == first["touch"].shape
    assert moved["thermal"].shape == (120, 160)
    still = simulator.render(orbit(0.5), 5.2)
    assert len(still["event"]["t"]) < len(moved["event"]["t"]) / 3


def test_no_sample_of_the_sound_is_lost_or_doubled_live(simulator):
    simulator.reset()
    simulator.render(orbit(0.0), 0.0)
    counts = [len(simulator.render(orbit(0.0), 0.033 * n)["audio"]) for n in range(1, 10)]
    assert sum(counts) == pytest.approx(0.033 * 9 * 16_000, abs=1)


def test_touch_comes_when_asked_for_and_by_schedule(simulator):
    simulator.reset()
    touched = {
        second: simulator.render(orbit(0.0), second)["touch"] is not None
        for second in (0.0, 0.9, 1.5, 3.9, 4.5)
    }
    assert touched == {0.0: True, 0.9: True, 1.5: False, 3.9: False, 4.5: True}
    assert simulator.render(orbit(0.0), 6.0, touching=True)["touch"] is not None
    assert simulator.render(orbit(0.0), 8.5, touching=False)["touch"] is None


def test_time_must_go_on_until_reset(simulator):
    simulator.reset()
    simulator.render(orbit(0.0), 1.0)
    with pytest.raises(ValueError, match="must go on"):
        simulator.render(orbit(0.0), 1.0)
    with pytest.raises(ValueError, match="must go on"):
        simulator.render(orbit(0.0), float("nan"))
    simulator.reset()
    simulator.render(orbit(0.0), 0.5)


def test_a_pose_is_a_view():
    pose = np.eye(4)
    pose[:3, 3] = (-2, 0, 0.5)
    view = view_of(pose)
    assert view.position == (-2, 0, 0.5)
    assert view.rotation[:, 2] == pytest.approx([1, 0, 0])
    assert view.rotation[:, 1] == pytest.approx([0, 0, -1], abs=1e-6)


@pytest.mark.parametrize("degrees", [-120, -30, 0, 45, 170])
def test_a_pose_keeps_its_roll(degrees):
    turn = math.radians(degrees)
    pose = np.eye(4)
    # Left and up of a head that is rolled about its x axis.
    pose[:3, 1] = (0, math.cos(turn), math.sin(turn))
    pose[:3, 2] = (0, -math.sin(turn), math.cos(turn))
    rotation = view_of(pose).rotation
    assert rotation[:, 0] == pytest.approx(-pose[:3, 1], abs=1e-5)
    assert rotation[:, 1] == pytest.approx(-pose[:3, 2], abs=1e-5)


@pytest.mark.parametrize(
    "pose", [np.eye(3), np.zeros((4, 4)), np.full((4, 4), np.nan), 2 * np.eye(4)]
)
def test_what_is_no_pose_is_refused(pose):
    with pytest.raises(ValueError, match="pose"):
        view_of(pose)


def test_frames_of_a_motion_are_what_the_camera_sees(crate):
    scene = Scene(crate)
    rng = np.random.default_rng(0)
    view = draw_view(crate, rng)
    surroundings = draw_surroundings(crate, view, rng)
    light = draw_light(view, surroundings.outdoors, rng)
    motion = Motion.draw(view, rng)
    frames = moving_frames(scene, surroundings, light, motion, (128, 128), rng)
    assert len(frames) >= 3
    exact = [
        radiance(scene, Camera(place, 128, 128), surroundings, light, rng).mean(axis=2).ravel()
        for place in (motion.start, motion.end)
    ]
    for frame, right, wrong in ((frames[0], *exact), (frames[-1], *exact[::-1])):
        alike = np.corrcoef(frame.ravel(), right)[0, 1]
        assert alike > 0.85
        assert alike > np.corrcoef(frame.ravel(), wrong)[0, 1] + 0.02
    assert np.abs(frames[0] - frames[-1]).mean() > np.abs(frames[0] - frames[1]).mean()


def test_motions_move_the_picture_a_few_pixels(crate):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        motion = Motion.draw(draw_view(crate, rng), rng)
        assert 1.5 < motion.pixels(128, 128) < 16


def test_a_place_to_touch_is_on_the_surface_and_faces_the_robot(crate):
    scene = Scene(crate)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        view = draw_view(crate, rng)
        point, normal, material = find_contact(scene, view, TouchSettings(), rng)
        low, high = crate.vertices.min(axis=0), crate.vertices.max(axis=0)
        assert np.minimum(np.abs(point - low), np.abs(point - high)).min() < 1e-4
        assert normal @ (np.asarray(view.position) - point) > 0
        assert crate.materials[material].substance == "wood"


def test_nothing_in_sight_cannot_be_touched(crate):
    away = View((2.0, 0.0, 0.5), (4.0, 0.0, 0.5), 40.0)
    with pytest.raises(ValueError, match="nothing of"):
        find_contact(Scene(crate), away, TouchSettings(), np.random.default_rng(0))


def test_the_pads_height_map_is_that_of_the_object(tmp_path_factory):
    ball = load(tmp_path_factory, trimesh.creation.icosphere(5, 0.05), "glass")
    heights, materials = height_map(Scene(ball), (0.0, 0.0, 0.1), (0, 0, 1), TouchSettings())
    x = (np.arange(160) - 159 / 2) * 0.02 / 160
    y = (np.arange(120) - 119 / 2) * 0.02 / 160
    expected = np.sqrt(0.05**2 - x[None] ** 2 - y[:, None] ** 2) - 0.05
    assert heights == pytest.approx(expected, abs=1e-4)
    assert (materials >= 0).all()


def test_the_pad_feels_an_edge_and_what_it_is_made_of(crate):
    scene = Scene(crate)
    front = float(crate.vertices[:, 0].max())
    flat, edge = (
        render_touch(scene, (front, y, 0.4), (1, 0, 0), TouchSettings(), np.random.default_rng(0))
        for y in (0.0, 0.3)
    )
    assert flat.substance == "wood"
    assert flat.contact > 0.9
    assert 0.3 < edge.contact < 0.7
    difference = np.abs(edge.image.astype(int) - edge.reference)
    assert difference.max() > 3 * np.abs(flat.image.astype(int) - flat.reference).mean()


def test_the_same_object_always_rings_alike(simulator, crate):
    again = Simulator(crate, "box", load_descriptions()["box"])
    assert sounding_body(simulator.subject, "wood") == sounding_body(again.subject, "wood")


def test_sentences_call_a_thing_by_its_finest_name(simulator, crate):
    finer = Simulator(crate, "box", load_descriptions()["box"], ("crate", "carton"), "toolbox")

    def said(simulator):
        seeds = range(8)
        return [
            text
            for seed in seeds
            for text in simulator.sample(np.random.default_rng(seed), {"text"})["text"]
        ]

    # Of an object named 'Oak box'; some words are misheard, so not all sentences have one of them.
    names = [text for text in said(finer) if "toolbox" in text]
    assert len(names) > 8
    assert not any("toolbox" in text for text in said(simulator))
    assert sum(bool(re.search(r"\bbox\b", text)) for text in said(simulator)) > len(names)
