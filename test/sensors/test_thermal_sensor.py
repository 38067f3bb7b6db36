"""Thermal images of every kind become degrees Celsius, and bad ones one sentence."""

import tracemalloc
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from image_messages import attempt, image_message

from omnibind_ros.config import ParameterError, check
from omnibind_ros.sensors import Doubtful, RejectedSampleError, SensorRegistry
from omnibind_ros.sensors.thermal import (
    FORMATS,
    HIGHEST,
    LOWEST,
    ThermalOptions,
    decode_compressed_thermal,
    decode_thermal,
)

AUTO = ThermalOptions()
ROOM = np.linspace(15, 45, 12 * 16).reshape(12, 16)


def temperatures(msg, options, decode=decode_thermal):
    """Return the temperatures without the doubt about their unit."""
    out = decode(msg, options)
    return out.data if isinstance(out, Doubtful) else out


def decode(pixels, encoding, options=AUTO, **layout):
    return temperatures(image_message(pixels, encoding, **layout), options)


@pytest.mark.parametrize(
    ("pixels", "encoding", "options", "tolerance"),
    [
        ((ROOM + 273.15) * 100, "mono16", {}, 0.01),
        ((ROOM + 273.15) * 100, "16UC1", {"unit": "centikelvin"}, 0.01),
        ((ROOM + 273.15) * 10, "16UC1", {"unit": "decikelvin"}, 0.1),
        (ROOM + 273.15, "mono16", {"unit": "kelvin"}, 1),
        ((ROOM + 273.15) / 0.04, "mono16", {"scale": 0.04, "offset": -273.15}, 0.04),  # FLIR Duo
        (ROOM * 10 + 1000, "mono16", {"scale": 0.1, "offset": -100.0}, 0.1),  # Optris
        (ROOM, "32FC1", {}, 1e-4),
        (ROOM + 273.15, "32FC1", {}, 1e-4),
        (ROOM + 200, "32FC1", {"unit": "celsius"}, 1e-4),
        (ROOM * 10, "32FC1", {"unit": "counts", "scale": 0.1}, 1e-4),
        (ROOM / 0.2, "mono8", {}, 0.2),
        (ROOM, "8UC1", {"unit": "celsius"}, 1),
        (255 - ROOM * 2, "8UC1", {"scale": -0.5, "offset": 127.5}, 0.5),  # black is hot
    ],
)
def test_every_unit_gives_the_temperatures(pixels, encoding, options, tolerance):
    dtype = np.dtype(FORMATS[encoding].dtype)
    expected = ROOM + 200 if options == {"unit": "celsius"} and encoding == "32FC1" else ROOM
    if dtype.kind == "u":
        pixels = pixels.round()
    out = decode(pixels.astype(dtype), encoding, ThermalOptions(**options))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, expected, atol=tolerance)


sizes = st.tuples(st.integers(1, 20), st.integers(1, 20))


@settings(max_examples=150, deadline=None)
@given(st.data(), sizes, st.integers(0, 9), st.booleans(), st.booleans())
def test_any_layout_of_centikelvins_round_trips(data, size, padding, big, last_padding):
    pixels = data.draw(arrays(np.uint16, size, elements=st.integers(21_400, 47_000)))
    msg = image_message(pixels, "mono16", padding, big, last_padding)
    before = msg.data.tobytes()
    out = temperatures(msg, AUTO)
    np.testing.assert_allclose(out, pixels * 0.01 - 273.15, atol=1e-3)
    np.testing.assert_array_equal(out, temperatures(msg, AUTO))
    assert msg.data.tobytes() == before
    assert out.flags.writeable
    assert not np.shares_memory(out, np.frombuffer(msg.data, np.uint8))


@settings(max_examples=300, deadline=None)
@given(
    st.data(),
    sizes,
    st.sampled_from(["mono16", "16UC1", "32FC1", "mono8", "8UC1"]),
    st.booleans(),
    st.builds(
        ThermalOptions,
        unit=st.sampled_from(["auto", "centikelvin", "decikelvin", "kelvin", "celsius", "counts"]),
        scale=st.floats(-1000, 1000),
        offset=st.floats(-1e6, 1e6),
    ),
)
def test_garbage_is_one_sentence_or_plausible(data, size, encoding, big, options):
    length = size[0] * size[1] * 4
    raw = data.draw(st.binary(min_size=length, max_size=length))
    step = size[1] * np.dtype(FORMATS[encoding].dtype).itemsize
    msg = SimpleNamespace(
        height=size[0],
        width=size[1],
        encoding=encoding,
        is_bigendian=big,
        data=raw,
        step=step,
    )
    out, sentence = attempt(temperatures, msg, options)
    if out is None:
        assert "\n" not in sentence
        assert ";" in sentence
    else:
        assert out.shape == size
        assert out.dtype == np.float32
        assert LOWEST <= out.min() <= out.max() <= HIGHEST


@settings(max_examples=100, deadline=None)
@given(st.data(), sizes, st.sampled_from([np.nan, np.inf, -np.inf, 9e9, -273.15]))
def test_up_to_half_of_bad_pixels_are_mended_from_good_ones(data, size, bad_value):
    pixels = data.draw(arrays(np.float32, size, elements=st.floats(10, 40, width=32)))
    count = data.draw(st.integers(0, pixels.size // 2))
    places = data.draw(st.permutations(range(pixels.size)))[:count]
    bad = np.zeros(size, bool)
    bad.ravel()[places] = True
    pixels[bad] = bad_value
    out = decode(pixels, "32FC1")
    np.testing.assert_array_equal(out[~bad], pixels[~bad])
    assert out.min() >= pixels[~bad].min() - 1e-4
    assert out.max() <= pixels[~bad].max() + 1e-4


def test_a_bad_pixel_takes_after_its_neighbours_and_a_bad_block_after_the_scene():
    pixels = np.full((30, 40), 20, np.float32)
    pixels[:, 20:] = 60
    pixels[5, 5] = pixels[5, 35] = np.nan
    out = decode(pixels, "32FC1")
    assert (out[5, 5], out[5, 35]) == pytest.approx((20, 60))
    pixels[10:28, :15] = np.nan
    assert decode(pixels, "32FC1")[18, 5] == pytest.approx(60)  # the median of what is left


@pytest.mark.parametrize(
    ("pixels", "encoding", "options", "words"),
    [
        (np.full((8, 8), np.nan), "32FC1", {}, "100% of the thermal image is NaN"),
        (np.full((8, 8), np.inf), "32FC1", {}, "check the camera's driver"),
        (ROOM * 10 + 2731, "mono16", {}, r"unit to decikelvin \(median 29\.9"),
        (ROOM + 273, "mono16", {}, r"unit to kelvin \(median 29"),
        (ROOM * 100 + 27_315, "mono16", {"unit": "celsius"}, "unit to centikelvin"),
        (np.full((8, 8), 8_000), "mono16", {}, "unit to counts, with the camera's scale"),
        (np.full((8, 8), 30_000), "mono16", {"unit": "counts"}, "set scale and offset"),
        (np.pad(ROOM[:2, :2] + 273, 4), "32FC1", {"unit": "kelvin"}, "are 0, as holes are"),
        (np.full((8, 8), 0), "mono16", {}, "every pixel of the thermal image is 0"),
        (np.full((8, 8), 120), "mono8", {"unit": "centikelvin"}, "outside -100 .. 1500 deg C"),
    ],
)
def test_implausible_temperatures_are_one_sentence_with_advice(pixels, encoding, options, words):
    dtype = {"32FC1": np.float32, "mono16": np.uint16, "mono8": np.uint8}[encoding]
    with pytest.raises(RejectedSampleError, match=words):
        decode(pixels.astype(dtype), encoding, ThermalOptions(**options))


def test_a_dead_pixel_does_not_turn_kelvins_into_degrees():
    kelvins = (ROOM + 273.15).astype(np.float32)
    kelvins[3, 3] = 0
    assert np.median(decode(kelvins, "32FC1")) == pytest.approx(30, abs=0.2)


def test_colour_is_no_temperature():
    with pytest.raises(RejectedSampleError, match="'rgb8' is not supported; publish one of: mono"):
        decode(np.zeros((4, 4, 3), np.uint8), "rgb8")
    data = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()
    with pytest.raises(RejectedSampleError, match="in colour, which holds no temperatures"):
        decode_compressed_thermal(SimpleNamespace(format="png", data=data), AUTO)


def test_a_picture_of_more_pixels_than_any_thermal_camera_has_is_refused():
    with pytest.raises(RejectedSampleError, match="16 megapixels"):
        decode(np.zeros((4097, 4096), np.uint8), "mono8")


@pytest.mark.parametrize(("dtype", "scale"), [(np.uint16, 0.01), (np.uint8, 0.2)])
def test_a_grey_png_holds_counts(dtype, scale):
    offset = -273.15 if dtype == np.uint16 else 0
    counts = ((ROOM - offset) / scale).round().astype(dtype)
    data = cv2.imencode(".png", counts)[1].tobytes()
    msg = SimpleNamespace(format="png", data=data)
    out = temperatures(msg, AUTO, decode_compressed_thermal)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, ROOM, atol=scale)


@pytest.mark.parametrize("bad", [0, 10])
def test_an_image_a_hundred_times_larger_takes_a_few_times_its_own_memory(bad):
    pixels = np.full((1200, 1600), 30_000, np.uint16)
    pixels[:bad, :bad] = 0
    msg = image_message(pixels, "mono16", big=True)
    tracemalloc.start()
    try:
        assert temperatures(msg, AUTO).shape == (1200, 1600)
        assert tracemalloc.get_traced_memory()[1] < 10 * pixels.nbytes
    finally:
        tracemalloc.stop()


def test_the_sensor_types_have_options():
    for message in ("sensor_msgs/msg/Image", "sensor_msgs/CompressedImage"):
        assert SensorRegistry.installed().find("thermal", message).options is ThermalOptions
    assert SensorRegistry.installed().options_of("thermal", "sensor_msgs/Image") is ThermalOptions
    with pytest.raises(ParameterError, match="one of: auto, centikelvin"):
        check(ThermalOptions, "unit", "fahrenheit")
