"""Thermal and gel images become model inputs, with a quality that tells evidence from none."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.encoders import thermal, touch
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.picture import crop_to_aspect, ramp, structure
from omnibind_ros.encoders.thermal import NETD

THERMAL = TensorSpec("thermal", (1, 1, 120, 160), "float32", "NCHW", "degC")
TOUCH = TensorSpec("touch", (1, 3, 120, 160), "float32", "NCHW")
SIZES = [(120, 160), (60, 80), (240, 320), (480, 640), (512, 640), (160, 120), (24, 32)]


def normal(seed, shape, deviation):
    return np.random.default_rng(seed).normal(0, deviation, shape).astype(np.float32)


def disc(height, width, radius=0.2, x=0.5, y=0.5):
    """1 in a soft disc, 0 around it; places and radius in shares of the height and width."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    distance = np.hypot(rows - y, (columns - x) * width / height)
    return np.clip((radius - distance) / 0.05, 0, 1)


def hand(height, width):
    return 21 + 12 * disc(height, width) + normal(0, (height, width), NETD)


def press(height, width, counts=60, **place):
    change = counts / 255 * disc(height, width, **place)[..., None] * np.float32([1, -0.5, 0.3])
    return change + normal(0, (height, width, 3), 2 / 255)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 1000),
)
def test_any_size_is_prepared(height, width, rows, columns, seed):
    for prepare, shape, channels in ((thermal.prepare, (), 1), (touch.prepare, (3,), 3)):
        spec = TensorSpec("x", (1, channels, rows, columns), "float32")
        sample = normal(seed, (height, width, *shape), 0.3)
        before = sample.copy()
        sample.flags.writeable = False
        prepared = prepare(sample, spec)
        assert prepared.values.shape == spec.shape
        assert prepared.values.dtype == np.float32
        assert prepared.values.flags.c_contiguous
        assert np.isfinite(prepared.values).all()
        assert sample.min() - 1e-5 <= prepared.values.min() or channels == 3
        assert 0 <= prepared.quality <= 1
        assert not np.shares_memory(prepared.values, sample)
        again = prepare(sample, spec)
        np.testing.assert_array_equal(again.values, prepared.values)
        assert again.quality == prepared.quality
        np.testing.assert_array_equal(sample, before)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_warm_thing_is_evidence_and_keeps_its_temperature(height, width):
    values, quality = thermal.prepare(hand(height, width), THERMAL)
    assert quality == 1
    assert values[0, 0, 60, 80] == pytest.approx(33, abs=0.5)
    assert np.median(values) == pytest.approx(21, abs=0.5)


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("deviation", [0, NETD, 5], ids=["flat", "wall", "broken"])
def test_noise_of_any_strength_is_no_thermal_evidence(height, width, deviation):
    scene = 21 + normal(1, (height, width), deviation)
    assert thermal.prepare(scene, THERMAL).quality < 0.05


def test_a_bundle_may_say_how_noisy_its_cameras_are():
    spec = TensorSpec("thermal", (1, 1, 120, 160), "float32", parameters={"netd": 5.0})
    assert thermal.prepare(hand(120, 160), spec).quality == 0


def test_thermal_images_are_cropped_in_the_middle():
    wide = np.zeros((120, 320), np.float32)
    wide[:, 80:240] = 30
    assert (thermal.prepare(wide, THERMAL).values == 30).all()
    assert crop_to_aspect(np.zeros((512, 640)), 120, 160).shape == (480, 640)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_press_is_evidence(height, width):
    assert touch.prepare(press(height, width), TOUCH).quality == 1


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize(
    "change",
    [0.0, normal(3, (1, 1, 3), 0.2), 0.9],
    ids=["untouched", "another lamp", "brighter"],
)
def test_a_pad_that_nothing_touches_is_no_evidence(height, width, change):
    noise = normal(2, (height, width, 3), 2 / 255)
    assert touch.prepare(noise + change, TOUCH).quality < 0.05


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_strong_noise_is_no_touch(height, width):
    assert touch.prepare(normal(4, (height, width, 3), 0.3), TOUCH).quality < 0.05


def test_quality_grows_with_the_area_in_contact():
    qualities = [
        touch.prepare(press(240, 320, radius=r), TOUCH).quality for r in (0.02, 0.05, 0.07, 0.2)
    ]
    assert qualities == sorted(qualities)
    assert qualities[0] < 0.2
    assert qualities[-1] == 1


def test_gel_images_keep_their_edges_and_proportions():
    upright = press(320, 240, x=0.1, y=0.1)
    values = touch.prepare(upright, TOUCH).values
    assert not values[:, :, :, :35].any()
    assert not values[:, :, :, -35:].any()
    inner = values[0, :, :, 35:125].transpose(1, 2, 0)
    expected = cv2.resize(upright, (90, 120), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(inner, expected)


def test_structure_is_the_same_in_bytes_and_floats():
    picture = (100 * disc(40, 50)).astype(np.uint8)
    assert structure(picture) == pytest.approx(structure(picture.astype(np.float32)), abs=1e-5)
    assert structure(np.full((9, 9), 21.3, np.float32)) == 0
    assert structure(np.zeros((1, 9), np.float32)) == 0


def test_ramp():
    assert [ramp(x, (2, 4)) for x in (-1, 2, 3, 4, 9)] == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize("encoder", [thermal, touch])
def test_the_shipped_inputs_are_prepared(encoder):
    channels = encoder.INPUT.shape[1]
    sample = normal(0, (120, 160, 3) if channels == 3 else (120, 160), 0.3)
    prepared = encoder.prepare(sample, encoder.INPUT)
    assert prepared.values.shape == encoder.INPUT.shape
    assert str(prepared.values.dtype) == encoder.INPUT.dtype
