"""Any layout, encoding and format of a picture gives its colours or one sentence.

OMNIBIND_EXAMPLES sets the number of examples.
"""

import os
from types import SimpleNamespace

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from image_messages import attempt, image_message

from omnibind_ros.sensors.image import (
    CompressedOptions,
    decode_compressed_image,
    decode_image,
)

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "150"))
SEEDS = st.integers(0, 2**32 - 1)

CHANNELS = {
    "rgb8": (0, 1, 2),
    "bgr8": (2, 1, 0),
    "rgba8": (0, 1, 2, 3),
    "bgra8": (2, 1, 0, 3),
    "mono8": (0,),
}


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    SEEDS,
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(list(CHANNELS)),
    st.integers(0, 9),
    st.booleans(),
    st.booleans(),
)
def test_raw_pictures(seed, height, width, encoding, padding, big, last_padding):
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    pixels = rgba[..., CHANNELS[encoding]]
    if encoding == "mono8":
        pixels, rgba = pixels[..., 0], rgba[..., [0, 0, 0]]
    msg = image_message(pixels, encoding, padding, big, last_padding)
    np.testing.assert_array_equal(decode_image(msg), rgba[..., :3])


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    SEEDS,
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(["rgb", "bgr", "rgba", "bgra", "mono", "bayer_rggb", "16UC1", "32FC1", ""]),
    st.sampled_from([8, 10, 12, 14, 16]),
    st.sampled_from(["bgr", "rgb", "mono", ""]),
    st.booleans(),
)
def test_formats_of_png(seed, height, width, original, bits, target, told):
    """A PNG holds the values exactly, so that the colours are known to half a step."""
    rng = np.random.default_rng(seed)
    full = 2**bits - 1
    values = rng.integers(0, full + 1, (height, width, 3)).astype(
        np.uint8 if bits == 8 else np.uint16
    )
    depth = 8 if bits == 8 else 16
    if original in ("mono", "16UC1", "32FC1", "bayer_rggb") or target == "mono":
        values[:] = values[..., :1]
    grey = target == "mono" or (not target and original in ("mono", "16UC1", "32FC1", "bayer_rggb"))
    given_pixels = values[..., 0] if grey else values if target == "rgb" else values[..., ::-1]
    name = f"{original}{depth}" if original and not original[0].isdigit() else original
    msg = SimpleNamespace(
        format=f"{name}; png compressed {target + str(depth) if target else ''}",
        data=cv2.imencode(".png", given_pixels)[1].tobytes(),
    )
    options = CompressedOptions(bits if told else 0)
    out, sentence = attempt(decode_compressed_image, msg, options)
    if out is None:
        unknown = not told and depth == 16 and values.max() < 2**15
        depths = original in ("16UC1", "32FC1")
        small = original == "bayer_rggb" and min(height, width) < 2
        assert unknown or depths or small, sentence
        return
    assert original not in ("16UC1", "32FC1")
    assert told or depth == 8 or bits == 16
    if original == "bayer_rggb" and grey and not target:
        assert out.shape == (height, width, 3)  # its colours: test_compressed_format.py
        return
    np.testing.assert_allclose(out, values / full * 255, atol=0.51)


def smooth(seed, height, width):
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    SEEDS,
    st.integers(16, 48),
    st.integers(16, 48),
    st.integers(50, 95),
    st.sampled_from([(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)]),
    st.booleans(),
    st.floats(0, 1),
    st.sampled_from([b"", b"\xff\xd9", bytes(100), bytes(100) + b"\xff\xd9"]),
)
def test_jpegs_are_whole_or_refused(seed, height, width, quality, options, grey, share, end):
    """Any cut through the data is refused, but where the rest of the code was padding."""
    picture = smooth(seed, height, width)
    if grey:
        picture = picture[..., 0]
    params = [cv2.IMWRITE_JPEG_QUALITY, quality, *options]
    data = cv2.imencode(".jpg", picture, params)[1].tobytes()
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]

    def decode(data):
        return decode_compressed_image(SimpleNamespace(format="jpeg", data=data))

    np.testing.assert_array_equal(decode(data), whole)
    cut = round(share * (len(data) - 3))
    out, sentence = attempt(decode, data[:cut] + end)
    if out is None:
        assert "lost data" in sentence or "neither JPEG" in sentence or "do not decode" in sentence
    else:
        np.testing.assert_array_equal(out, whole)
