"""The unit of a thermal image is told from its scene, not from its holes, and never in silence."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from image_messages import image_message

from omnibind_ros.sensors import Doubtful, Issue, RejectedSampleError
from omnibind_ros.sensors.thermal import ThermalOptions, decode_compressed_thermal, decode_thermal

AUTO = ThermalOptions()
ROOM = np.linspace(15, 45, 120 * 160).reshape(120, 160)


def framed(inside, value, border=2):
    """A picture with a border of holes, as rectification leaves it."""
    out = np.full(np.shape(inside), value, np.float64)
    middle = np.s_[border:-border, border:-border]
    out[middle] = np.asarray(inside)[middle]
    return out


def decode(pixels, encoding="32FC1", options=AUTO):
    dtype = {"32FC1": np.float32, "mono16": np.uint16, "16UC1": np.uint16, "mono8": np.uint8}
    return decode_thermal(image_message(pixels.astype(dtype[encoding]), encoding), options)


@pytest.mark.parametrize("hole", [0.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("border", [1, 2, 10])
@pytest.mark.parametrize("celsius", [np.full((120, 160), 26.85), ROOM, ROOM - 60, ROOM + 150])
def test_a_border_of_holes_leaves_kelvins_kelvins(hole, border, celsius):
    out = decode(framed(celsius + 273.15, hole, border))
    middle = np.s_[border:-border, border:-border]
    np.testing.assert_allclose(out.data[middle], celsius[middle], atol=1e-4)
    assert out.data.min() >= celsius.min() - 0.01
    assert out.data.max() <= celsius.max() + 0.01
    assert out.doubts[0].issue == Issue.UNIT_GUESSED
    assert "are read as kelvin because" in out.doubts[0].text
    assert "set unit to kelvin" in out.doubts[0].text


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_border_of_holes_leaves_degrees_degrees(hole):
    out = decode(framed(ROOM, hole))
    np.testing.assert_allclose(out.data[2:-2, 2:-2], ROOM[2:-2, 2:-2], atol=1e-4)
    assert "are read as degrees Celsius because" in out.doubts[0].text


def test_zero_degrees_are_no_holes():
    out = decode(framed(ROOM, 0.0))
    assert (out.data[0] == 0).all()
    np.testing.assert_allclose(out.data[2:-2, 2:-2], ROOM[2:-2, 2:-2], atol=1e-4)


@pytest.mark.parametrize(
    ("unit", "scale", "encoding"),
    [
        ("centikelvin", 100, "mono16"),
        ("centikelvin", 100, "16UC1"),
        ("decikelvin", 10, "mono16"),
        ("kelvin", 1, "mono16"),
        ("kelvin", 1, "32FC1"),
    ],
)
def test_zeros_of_a_kelvin_that_was_set_are_holes_and_nothing_is_doubted(unit, scale, encoding):
    pixels = framed((np.full((120, 160), 300.0) * scale).round(), 0)
    out = decode(pixels, encoding, ThermalOptions(unit=unit))
    assert not isinstance(out, Doubtful)
    np.testing.assert_allclose(out, 26.85, atol=1e-3)


def test_16_bits_are_guessed_to_be_centikelvin_around_their_holes():
    out = decode(framed(((ROOM + 273.15) * 100).round(), 0), "mono16")
    np.testing.assert_allclose(out.data[2:-2, 2:-2], ROOM[2:-2, 2:-2], atol=0.006)
    assert "are read as centikelvin because" in out.doubts[0].text
    assert "scale and offset" in out.doubts[0].text


@pytest.mark.parametrize(
    ("pixels", "encoding", "words"),
    [
        (np.full((12, 16), 5000), "mono16", "-223.1 deg C as centikelvin.*unit to counts, with"),
        (np.linspace(3000, 8000, 192).reshape(12, 16), "mono16", "and unit is auto"),
        (np.full((12, 16), 60_000), "mono16", "326.9 deg C as centikelvin"),
        (np.full((12, 16), 2982), "16UC1", r"unit to decikelvin \(median 25"),
        (np.full((12, 16), 205), "32FC1", "-68.1 deg C as kelvin and 205.0 deg C as celsius"),
        (np.full((12, 16), 29_815), "32FC1", "unit to centikelvin"),
        (np.full((12, 16), -100), "32FC1", "no scene within -60 .. 200 deg C"),
        (np.full((12, 16), 1200), "32FC1", "as celsius"),
        (np.zeros((12, 16)), "32FC1", "every pixel of the thermal image is 0"),
        (framed(np.full((12, 16), 20.0), np.nan, 5), "32FC1", "NaN or infinite"),
    ],
)
def test_a_scene_that_fits_no_guess_is_refused_until_the_unit_is_set(pixels, encoding, words):
    with pytest.raises(RejectedSampleError, match=words) as error:
        decode(pixels, encoding)
    assert "unit" in str(error.value) or "driver" in str(error.value)


@pytest.mark.parametrize(
    ("pixels", "encoding", "options", "celsius"),
    [
        (np.full((12, 16), 60_000), "mono16", {"unit": "centikelvin"}, 326.85),
        (np.full((12, 16), 1200), "32FC1", {"unit": "celsius"}, 1200),
        (np.full((12, 16), 205), "32FC1", {"unit": "kelvin"}, -68.15),
        (np.full((12, 16), 5000), "mono16", {"scale": 0.01, "offset": -25.0}, 25),
        (np.full((12, 16), 8), "mono16", {"unit": "counts", "scale": 3.0, "offset": 0.0}, 24),
        (np.full((12, 16), 125), "mono8", {"scale": 0.2}, 25),
    ],
)
def test_a_unit_that_was_set_is_believed(pixels, encoding, options, celsius):
    out = decode(pixels, encoding, ThermalOptions(**options))
    assert not isinstance(out, Doubtful)
    np.testing.assert_allclose(out, celsius, atol=1e-3)


def test_8_bits_are_doubted():
    out = decode(np.full((12, 16), 125), "mono8")
    np.testing.assert_allclose(out.data, 25, atol=1e-5)
    assert "most cameras stretch their contrast; set scale and offset" in out.doubts[0].text


def test_a_compressed_picture_is_doubted_too():
    pixels = np.full((12, 16), 29_815, np.uint16)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    msg = SimpleNamespace(format="16UC1; png compressed ", data=data)
    out = decode_compressed_thermal(msg, AUTO)
    assert out.doubts[0].issue == Issue.UNIT_GUESSED
    np.testing.assert_allclose(out.data, 25, atol=1e-3)


def test_a_hot_spot_and_a_cold_window_do_not_change_the_unit():
    celsius = ROOM.copy()
    celsius[:20] = 400.0  # a stove
    celsius[-20:] = -80.0  # the sky
    for offset in (0, 273.15):
        out = decode(celsius + offset)
        np.testing.assert_allclose(out.data, celsius, atol=1e-3)
