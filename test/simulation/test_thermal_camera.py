"""Thermal cameras, the ground before them, and where they stand."""

from __future__ import annotations

import numpy as np
import pytest

from omnibind_ros.sensors.thermal_unit import COUNTS
from omnibind_ros.simulation.infrared.camera import (
    COUNT,
    STRETCHES,
    Stretch,
    ThermalCamera,
    sense,
)
from omnibind_ros.simulation.infrared.station import Ground, Patch, draw_ground
from omnibind_ros.simulation.objects.heat import find_heat


def ramp(low, high):
    return np.tile(np.linspace(low, high, 160, dtype=np.float32), (120, 1))


def pictured(apparent, **changes):
    camera = ThermalCamera(**{"netd": 0, "lines": 0, "blur": 0, **changes})
    return sense(apparent, camera, np.random.default_rng(0))


def test_grey_values_count_as_the_node_reads_them():
    assert (COUNTS.scale, COUNTS.offset) == (COUNT, 0.0)


@pytest.mark.parametrize(("low", "high"), [(10.0, 30.0), (-20.0, 5.0), (20.0, 120.0)])
@pytest.mark.parametrize("kind", STRETCHES)
def test_a_stretch_gives_whole_counts_and_warmer_is_brighter(kind, low, high):
    picture = pictured(ramp(low, high), stretch=Stretch(kind, strength=0.8))
    counts = picture / COUNT
    assert np.abs(counts - np.rint(counts)).max() < 1e-3
    assert 0 <= counts.min() < 40
    assert 200 < counts.max() <= 255
    means = picture.mean(axis=0)[::20]
    assert (np.diff(means) > 0).all()


def test_a_linear_stretch_is_linear_between_its_ends():
    picture = pictured(ramp(10, 20), stretch=Stretch(dark=40, bright=200))
    # The half percent at each end is cut off.
    expected = 40 + 160 * np.clip((np.linspace(10, 20, 160) - 10.05) / 9.9, 0, 1)
    assert picture[60] / COUNT == pytest.approx(expected, abs=1.5)


def test_an_even_scene_is_not_stretched_to_its_noise():
    picture = pictured(np.full((120, 160), 21.0, np.float32), netd=0.05, stretch=Stretch(least=4.0))
    assert picture.std() / COUNT == pytest.approx(0.05 / 4.0 * 255, rel=0.1)


@pytest.mark.parametrize("rows", [24, 60, 90, 120])
def test_the_picture_has_the_rows_of_the_camera(rows):
    picture = pictured(ramp(10, 20), rows=rows)
    assert picture.shape == (rows, round(rows * 160 / 120))
    assert picture.mean() == pytest.approx(15, abs=0.1)


def test_a_radiometric_camera_has_offset_and_vignette():
    picture = pictured(np.full((120, 160), 20.0, np.float32), offset=1.0, vignette=-2.0)
    assert picture[60, 80] == pytest.approx(21.0, abs=0.01)
    assert picture[0, 0] == pytest.approx(19.0, abs=0.01)


def test_a_moving_robots_camera_gives_temperatures_of_one_size():
    cameras = [
        ThermalCamera.draw(np.random.default_rng(seed), outdoors=True, moving=moving)
        for seed in range(60)
        for moving in (False, True)
    ]
    assert all(camera.rows == 120 and camera.stretch is None for camera in cameras[1::2])
    assert 0.4 < np.mean([camera.stretch is not None for camera in cameras[::2]]) < 0.9
    assert 0.25 < np.mean([camera.rows < 120 for camera in cameras[::2]]) < 0.75


def test_a_patch_is_warmer_within_its_rectangle():
    patch = Patch(middle=(1.0, 0.0), half=(2.0, 0.5), turn=np.pi / 2, rise=3.0)
    ground = Ground(coarse=0.0, patches=(patch,))
    points = np.array([[1, 1.9, 0], [1.4, 0, 0], [1.6, 0, 0], [1, 2.1, 0]], np.float32)
    assert ground.rise(points, [0, 1], np.zeros((8, 8))).tolist() == [3.0, 3.0, 0.0, 0.0]


def test_open_ground_varies_more_than_a_floor():
    spread = {
        outdoors: np.median(
            [draw_ground(2.0, outdoors, np.random.default_rng(seed)).coarse for seed in range(50)]
        )
        for outdoors in (False, True)
    }
    assert spread[True] > 2 * spread[False]


@pytest.mark.parametrize(
    ("name", "air", "factor"),
    [("Male", 22.0, 1.0), ("Dog", 10.0, 2.0), ("Female", 33.0, 0.2), ("Oven", 0.0, 1.0)],
)
def test_what_is_alive_rises_more_in_the_cold(name, air, factor):
    heat = find_heat(name)
    assert heat is not None
    assert heat.rise_at(air) == pytest.approx(factor)
