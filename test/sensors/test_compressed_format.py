"""What CompressedImage.format says decides how the pixels are read.

The files are made as image_transport_plugins makes them: OpenCV's encoder, which takes BGR, is
given the array that the format names.
"""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import RejectedSampleError, SensorRegistry
from omnibind_ros.sensors.compressed_format import parse_format
from omnibind_ros.sensors.image import CompressedOptions, decode_compressed_image
from omnibind_ros.sensors.thermal import ThermalOptions, decode_compressed_thermal

PATTERNS = ("rggb", "bggr", "gbrg", "grbg")


def scene(height=48, width=64):
    """Smooth and coloured: red grows to the right, green to the bottom, blue to the left."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.stack([40 + 180 * x, 30 + 200 * y, 220 - 160 * x], -1).round().astype(np.uint8)


def mosaic(rgb, pattern):
    """Keep of each pixel the channel that the filter over it lets through: the first two letters
    of the pattern are those of an even row, as in sensor_msgs/image_encodings.hpp."""
    out = np.empty(rgb.shape[:2], rgb.dtype)
    for place, colour in enumerate(pattern):
        rows, columns = slice(place // 2, None, 2), slice(place % 2, None, 2)
        out[rows, columns] = rgb[rows, columns, "rgb".index(colour)]
    return out


def message(told, extension, pixels):
    return SimpleNamespace(format=told, data=cv2.imencode(extension, pixels)[1].tobytes())


def errors(out, rgb):
    """Mean error away from the border, where demosaicing has no neighbours."""
    return np.abs(out.astype(int) - rgb)[2:-2, 2:-2].mean(axis=(0, 1))


@pytest.mark.parametrize(
    ("text", "expected", "bits", "pattern"),
    [
        ("rgb8; jpeg compressed bgr8", ("rgb8", "jpeg", "bgr8"), 8, ""),
        ("bayer_rggb8; jpeg compressed ", ("bayer_rggb8", "jpeg", ""), 8, "rggb"),
        ("bayer_gbrg8; jpeg compressed mono8", ("bayer_gbrg8", "jpeg", "mono8"), 8, ""),
        ("bayer_grbg16; png compressed ", ("bayer_grbg16", "png", ""), 16, "grbg"),
        ("mono16; png compressed mono16", ("mono16", "png", "mono16"), 16, ""),
        ("16UC1; compressedDepth png", ("16uc1", "compresseddepth", ""), 16, ""),
        ("32FC1; compressedDepth", ("32fc1", "compresseddepth", ""), 32, ""),
        ("jpeg", ("", "jpeg", ""), 0, ""),
        ("jpg; a word", ("", "a", ""), 0, ""),
        ("mono16", ("mono16", "", ""), 16, ""),
        ("", ("", "", ""), 0, ""),
    ],
)
def test_a_format_has_three_parts(text, expected, bits, pattern):
    described = parse_format(text)
    assert described == expected
    assert (described.bits, described.pattern) == (bits, pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("extension", "limit", "shift", "depth"),
    [(".jpg", 6, 0, 8), (".png", 1.5, 0, 8), (".png", 2.5, 4, 16), (".png", 1.5, 8, 16)],
)
def test_a_mosaic_becomes_colour(pattern, extension, limit, shift, depth):
    rgb = scene()
    pixels = mosaic(rgb, pattern)
    if depth == 16:
        pixels = pixels.astype(np.uint16) << shift
    codec = {".jpg": "jpeg", ".png": "png"}[extension]
    told = f"bayer_{pattern}{depth}; {codec} compressed "
    out = decode_compressed_image(message(told, extension, pixels), CompressedOptions(8 + shift))
    assert out.shape == rgb.shape
    assert out.dtype == np.uint8
    assert (errors(out, rgb) < limit).all()


@pytest.mark.parametrize(
    "told", ["bayer_rggb12; png compressed ", "BayerRG8; png", "bayer_rggb8 jpeg compressed"]
)
def test_a_mosaic_of_an_unknown_name_is_refused(told):
    with pytest.raises(RejectedSampleError, match="no Bayer pattern that is known"):
        decode_compressed_image(message(told, ".png", mosaic(scene(), "rggb")))


def test_a_mosaic_that_was_made_grey_or_colour_by_the_publisher_is_no_mosaic():
    rgb = scene()
    grey = rgb[..., 1]
    out = decode_compressed_image(message("bayer_rggb8; jpeg compressed mono8", ".jpg", grey))
    assert (errors(out, np.repeat(grey[..., None], 3, -1)) < 2).all()
    for told in ("bayer_rggb8; jpeg compressed bgr8", "bayer_rggb8; jpeg compressed "):
        assert (
            errors(decode_compressed_image(message(told, ".jpg", rgb[..., ::-1])), rgb) < 4
        ).all()


@pytest.mark.parametrize(
    ("told", "swapped"),
    [
        ("rgb8; jpeg compressed bgr8", False),
        ("bgr8; jpeg compressed bgr8", False),
        ("rgb8; png compressed rgb8", True),
        ("bgr8; jpeg compressed rgb8", True),
        ("jpeg", False),
        ("png", False),
        ("rgb8; jpeg", False),
    ],
)
def test_red_and_blue_are_exchanged_where_the_codec_was_given_rgb(told, swapped):
    rgb = scene()
    given = rgb if swapped else rgb[..., ::-1]
    out = decode_compressed_image(message(told, ".png" if "png" in told else ".jpg", given))
    assert (errors(out, rgb) < 4).all()


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("told", ["mono16; png compressed ", "rgb16; png compressed bgr16", "png"])
def test_16_bits_are_scaled_by_their_full_scale(bits, told):
    full = 2**bits - 1
    values = np.linspace(0, full, 64 * 48).round().astype(np.uint16).reshape(48, 64)
    pixels = values if told != "rgb16; png compressed bgr16" else np.stack([values] * 3, -1)
    out = decode_compressed_image(message(told, ".png", pixels), CompressedOptions(bits))
    expected = values / full * 255
    np.testing.assert_allclose(out, np.repeat(expected[..., None], 3, -1), atol=0.51)


def test_the_full_scale_of_16_bits_is_seen_or_asked_for():
    bright = np.full((8, 8), 40_000, np.uint16)
    out = decode_compressed_image(message("mono16; png compressed ", ".png", bright))
    assert (out == round(40_000 / 65_535 * 255)).all()
    for value, options in ((4095, None), (200, None), (5000, CompressedOptions(12))):
        dark = np.full((8, 8), value, np.uint16)
        with pytest.raises(RejectedSampleError, match=rf"up to {value}, .*set the parameter bits"):
            decode_compressed_image(message("mono16; png compressed ", ".png", dark), options)


def test_16_bits_that_a_publisher_made_8_are_scaled_or_refused():
    rgb = scene()
    twelve = message("rgb16; jpeg compressed bgr8", ".jpg", rgb[..., ::-1] >> 4)
    with pytest.raises(RejectedSampleError, match="set the parameter bits"):
        decode_compressed_image(twelve)
    out = decode_compressed_image(twelve, CompressedOptions(12))
    assert (errors(out, rgb) < 30).all()  # four bits are left
    sixteen = message("rgb16; jpeg compressed bgr8", ".jpg", rgb[..., ::-1])
    assert (errors(decode_compressed_image(sixteen), rgb) < 4).all()
    cut = message("mono16; jpeg compressed ", ".jpg", rgb[..., 0])
    with pytest.raises(RejectedSampleError, match="mono16 and is cut to 8 bits"):
        decode_compressed_image(cut)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("16UC1; compressedDepth png", "is a depth image"),
        ("32FC1; compressedDepth png", "is a depth image"),
        ("16UC1; png compressed ", "16uc1, which holds depths or counts"),
        ("32FC1; png compressed ", "32fc1, which holds depths or counts"),
        ("16SC1; png compressed ", "not brightness"),
    ],
)
def test_depth_is_no_picture(told, words):
    pixels = np.full((8, 8), 50_000, np.uint16)
    with pytest.raises(RejectedSampleError, match=words):
        decode_compressed_image(message(told, ".png", pixels))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("mono16; jpeg compressed mono8", "mono16 and is cut to 8 bits"),
        ("mono16; jpeg compressed ", "set the image_transport plugin to png"),
        ("16UC1; jpeg compressed ", "temperatures are lost"),
        ("32FC1; jpeg compressed ", "for 32FC1 take the sensor_msgs/Image"),
        ("bayer_rggb8; jpeg compressed ", "in colour"),
        ("rgb8; jpeg compressed mono8", "in colour"),
    ],
)
def test_what_holds_no_temperatures_is_refused_for_thermal(told, words):
    with pytest.raises(RejectedSampleError, match=words):
        decode_compressed_thermal(
            message(told, ".jpg", scene()[..., 0]), ThermalOptions(scale=0.2, offset=0.0)
        )


def test_a_radiometric_png_keeps_its_temperatures():
    celsius = np.linspace(10, 60, 48 * 64).reshape(48, 64)
    pixels = ((celsius + 273.15) * 100).round().astype(np.uint16)
    for told in ("mono16; png compressed ", "16UC1; png compressed 16UC1", "png"):
        out = decode_compressed_thermal(message(told, ".png", pixels), ThermalOptions())
        np.testing.assert_allclose(out.data, celsius, atol=0.006)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_format_is_read(text):
    described = parse_format(text)
    assert described.bits in (0, 8, 16, 32, 64)
    assert described.pattern in ("", *PATTERNS)


def test_the_sensor_types_have_the_option():
    registry = SensorRegistry.installed()
    assert registry.options_of("image", "sensor_msgs/CompressedImage") is CompressedOptions
    assert issubclass(
        registry.options_of("touch", "sensor_msgs/CompressedImage"), CompressedOptions
    )
