"""The simulated gel pad."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.simulation.objects.substances import SUBSTANCES
from omnibind_ros.simulation.tactile.gel import TouchSettings, press, shade
from omnibind_ros.simulation.tactile.height_map import HEIGHT, WIDTH
from omnibind_ros.simulation.tactile.relief import micro_relief

PITCH = 0.02 / WIDTH
STILL = TouchSettings(noise=0.0)


def ball(radius=0.02):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    square = (rows - HEIGHT / 2) ** 2 + (columns - WIDTH / 2) ** 2
    return np.maximum(-square * PITCH**2 / (2 * radius), -0.005)


def touched(heights, pad=STILL, seed=0):
    gel, depth, contact = press(heights, PITCH, pad)
    picture = shade(gel, PITCH, pad, np.random.default_rng(seed)).astype(float)
    untouched = shade(np.zeros_like(gel), PITCH, pad, np.random.default_rng(seed))
    return picture - untouched, depth, contact


def test_a_smooth_face_touches_everywhere_and_shows_nothing():
    difference, depth, contact = touched(np.zeros((HEIGHT, WIDTH)))
    assert contact == 1.0
    # Force over stiffness times area.
    assert depth == pytest.approx(5.0 / (5e7 * 0.02 * 0.015), rel=0.01)
    assert np.abs(difference).max() <= 1


@given(force=st.floats(0.5, 4.0))
@settings(deadline=None, max_examples=20)
def test_the_gel_carries_the_force(force):
    pad = TouchSettings(force=force)
    _, depth, contact = press(ball(), PITCH, pad)
    pushed = np.maximum(ball() + depth, 0)
    assert pad.stiffness * PITCH**2 * pushed.sum() == pytest.approx(force, rel=0.01)
    assert 0 < contact < 1


def test_pressed_harder_it_touches_more():
    contacts = [press(ball(), PITCH, TouchSettings(force=force))[2] for force in (0.5, 2, 8)]
    assert contacts == sorted(contacts)
    assert contacts[0] < 0.7 * contacts[2]


def test_the_three_lights_shine_from_three_sides():
    difference, *_ = touched(ball())
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for channel, azimuth in enumerate(STILL.azimuths):
        lit = np.maximum(difference[..., channel], 0)
        right = (lit * (columns - WIDTH / 2)).sum() / lit.sum()
        up = -(lit * (rows - HEIGHT / 2)).sum() / lit.sum()
        away = np.angle(np.exp(1j * (np.arctan2(up, right) - azimuth)))
        assert abs(away) < 0.4


def test_an_edge_throws_a_shadow_on_the_side_away_from_the_light():
    step = np.where(np.arange(WIDTH) < WIDTH // 2, 0.0, -0.004)
    difference, *_ = touched(np.tile(step, (HEIGHT, 1)))
    behind = difference[:, WIDTH // 2 : WIDTH // 2 + 6].mean(axis=(0, 1))
    # The edge faces right: blue comes from there, green from the other side.
    assert behind[1] < -5
    assert behind[2] > behind[1] + 10


@pytest.mark.parametrize("name", sorted(SUBSTANCES))
def test_relief_has_the_substances_height(name):
    texture = SUBSTANCES[name].texture
    spreads = []
    for seed in range(8):
        relief = micro_relief(texture, (HEIGHT, WIDTH), PITCH, np.random.default_rng(seed))
        assert relief.shape == (HEIGHT, WIDTH)
        assert abs(relief.mean()) < 1e-9
        spreads.append(relief.std())
    assert np.median(spreads) == pytest.approx(texture.height, rel=0.35)


def contrast(name, seed):
    rng = np.random.default_rng(seed)
    texture = SUBSTANCES[name].texture
    difference, *_ = touched(micro_relief(texture, (HEIGHT, WIDTH), PITCH, rng))
    return difference


def test_substances_are_told_apart_by_how_rough_they_look():
    rough = {
        name: np.median([contrast(name, seed).std() for seed in range(5)])
        for name in ("fabric", "stone", "wood", "metal", "glass")
    }
    assert rough["fabric"] > 1.3 * rough["stone"] > 2 * rough["wood"] > 2.2 * rough["metal"]
    assert rough["metal"] > 2 * rough["glass"]


@pytest.mark.parametrize(("name", "directed"), [("wood", True), ("metal", True), ("rubber", False)])
def test_grain_and_brush_marks_have_a_direction(name, directed):
    ratios = []
    for seed in range(5):
        slopes = np.gradient(
            micro_relief(
                SUBSTANCES[name].texture, (HEIGHT, WIDTH), PITCH, np.random.default_rng(seed)
            )
        )
        low, high = np.linalg.eigvalsh(np.cov([slope.ravel() for slope in slopes]))
        ratios.append(high / low)
    assert (np.median(ratios) > 3) == directed


def test_the_camera_has_noise_and_repeats_by_seed():
    pad = TouchSettings(noise=2.0)
    first, again, other = (touched(ball(), pad, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
