"""The simulated gel pad."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.simulation.objects.substances import SUBSTANCES
from omnibind_ros.simulation.tactile.gel import press
from omnibind_ros.simulation.tactile.markers import dots
from omnibind_ros.simulation.tactile.relief import micro_relief
from omnibind_ros.simulation.tactile.settings import LAMPS, Markers, Optics, TouchSettings
from omnibind_ros.simulation.tactile.shading import photograph
from omnibind_ros.simulation.tactile.units import KINDS, draw_pad

HEIGHT, WIDTH = 120, 160
PITCH = 0.02 / WIDTH
QUIET = Optics(noise=0.0)
STILL = TouchSettings(optics=QUIET)


def rng():
    return np.random.default_rng(0)


def ball(radius=0.02):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    square = (rows - HEIGHT / 2) ** 2 + (columns - WIDTH / 2) ** 2
    return np.maximum(-square * PITCH**2 / (2 * radius), -0.005)


def touched(heights, pad=STILL, seed=0):
    gel, depth, contact = press(heights, pad)
    picture, untouched = photograph(gel, pad, np.random.default_rng(seed))
    return picture.astype(float) - untouched, depth, contact


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
    _, depth, contact = press(ball(), pad)
    pushed = np.maximum(ball() + depth, 0)
    assert pad.stiffness * PITCH**2 * pushed.sum() == pytest.approx(force, rel=0.01)
    assert 0 < contact < 1


def test_pressed_harder_it_touches_more():
    contacts = [press(ball(), TouchSettings(force=force))[2] for force in (0.5, 2, 8)]
    assert contacts == sorted(contacts)
    assert contacts[0] < 0.7 * contacts[2]


def test_the_three_lights_shine_from_three_sides():
    difference, *_ = touched(ball())
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for channel, azimuth in enumerate(lamp.azimuth for lamp in LAMPS):
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
    texture = SUBSTANCES[name].texture
    relief = micro_relief(texture, (HEIGHT, WIDTH), PITCH, np.random.default_rng(seed))
    difference, *_ = touched(relief)
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
    pad = TouchSettings(optics=Optics(noise=2.0))
    first, again, other = (touched(ball(), pad, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def with_optics(**changes):
    return TouchSettings(optics=replace(QUIET, **changes))


def test_a_domed_gel_touches_a_flat_face_in_a_circle():
    """A dome of radius R sinks by d into a bed of springs of stiffness k: F = k pi R d^2."""
    radius, force = 0.03, 1.0
    pad = TouchSettings(force=force, curvature=1 / radius)
    _, depth, contact = press(np.zeros((HEIGHT, WIDTH)), pad)
    assert depth == pytest.approx(np.sqrt(force / (pad.stiffness * np.pi * radius)), rel=0.03)
    assert contact * 0.02 * 0.015 == pytest.approx(np.pi * 2 * radius * depth, rel=0.03)


def test_a_lamp_of_one_colour_leaves_the_other_channels_as_they_are():
    red = (replace(LAMPS[0], colour=(1.0, 0.0, 0.0)),)
    difference, *_ = touched(ball(), with_optics(lamps=red))
    assert np.abs(difference[..., 0]).max() > 30
    assert not difference[..., 1:].any()


def test_a_monochrome_camera_sees_grey():
    picture, reference = photograph(press(ball(), STILL)[0], with_optics(grey=True), rng())
    for each in (picture, reference):
        assert (each == each[..., :1]).all()


def test_a_round_field_of_view_is_black_outside():
    _, reference = photograph(np.zeros((HEIGHT, WIDTH)), with_optics(mask=0.9), rng())
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(rows - 59.5, columns - 79.5)
    assert not reference[away > 1.06 * 0.9 * 60].any()
    assert reference[away < 0.9 * 60 - 2].min() > 20


@pytest.mark.parametrize("exposure", [60.0, 110.0, 150.0])
def test_the_middle_of_the_reference_has_the_exposure(exposure):
    _, reference = photograph(np.zeros((HEIGHT, WIDTH)), with_optics(exposure=exposure), rng())
    assert reference[30:-30, 40:-40].mean() == pytest.approx(exposure, abs=1.0)


def test_the_picture_has_the_scale_of_the_camera():
    for picture in photograph(np.zeros((HEIGHT, WIDTH)), with_optics(scale=0.5), rng()):
        assert picture.shape == (HEIGHT // 2, WIDTH // 2, 3)


MARKED = Markers(pitch=2e-3, radius=4e-4)


def test_dots_cover_their_share_of_the_gel():
    covered = dots(np.zeros((HEIGHT, WIDTH)), with_optics(markers=MARKED))
    assert covered.mean() == pytest.approx(np.pi * (4e-4 / 2e-3) ** 2, rel=0.1)


def test_sheared_dots_move_with_the_middle_of_the_contact():
    pad = replace(with_optics(markers=MARKED), shear=(5e-4, 0.0))
    # A wide, even indentation has no slope in its middle, so only the shear moves the dots there.
    gel = np.full((HEIGHT, WIDTH), 3e-4)
    before, after = (dots(each, pad)[40:80, 50:110] for each in (np.zeros_like(gel), gel))
    moved = np.roll(dots(np.zeros_like(gel), pad), round(5e-4 / PITCH), axis=1)[40:80, 50:110]
    assert np.abs(after - moved).max() < 0.02
    assert np.abs(after - before).max() > 0.9


def test_dots_move_away_from_a_ball():
    pad = with_optics(markers=MARKED)
    gel = press(ball(0.004), pad)[0]
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    right = (columns > 88) & (columns < 104) & (abs(rows - HEIGHT / 2) < 8)
    places = [
        (dots(each, pad) * columns)[right].sum() / dots(each, pad)[right].sum()
        for each in (np.zeros_like(gel), gel)
    ]
    assert places[1] > places[0] + 0.5


def test_dots_need_markers():
    with pytest.raises(ValueError, match="no markers"):
        dots(np.zeros((HEIGHT, WIDTH)), STILL)


def test_units_of_all_kinds_are_drawn_and_fit_into_json():
    pads = [draw_pad(np.random.default_rng(seed)) for seed in range(200)]
    assert {pad.kind for pad in pads} == set(KINDS)
    assert {len(pad.optics.lamps) for pad in pads} == {1, 2, 3, 4}
    assert len({(pad.rows, pad.columns) for pad in pads}) == 4
    for choice in ("grey", "markers", "mask", "quality"):
        values = [bool(getattr(pad.optics, choice)) for pad in pads]
        assert 0.05 < np.mean(values) < 0.7, choice
    assert draw_pad(np.random.default_rng(5)) == pads[5]
    json.dumps(asdict(pads[0]))


@pytest.mark.parametrize("seed", range(8))
def test_any_unit_takes_pictures_of_a_contact(seed):
    pad = draw_pad(np.random.default_rng(seed))
    rows, columns = np.mgrid[: pad.rows, : pad.columns]
    square = np.square(rows - pad.rows / 2) + np.square(columns - pad.columns / 2)
    gel, *_ = press(-square * pad.pitch**2 / 0.01, pad)
    picture, reference = photograph(gel, pad, np.random.default_rng(seed))
    assert picture.shape == reference.shape
    assert picture.dtype == reference.dtype == np.uint8
    assert picture.shape[0] == round(pad.rows * pad.optics.scale)
    assert 15 < reference.mean() < 200
