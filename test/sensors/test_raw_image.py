"""The pixels of a message are found wherever its header puts them, and never changed."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from image_messages import attempt, image_message

from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.raw_image import PixelFormat, raw_pixels

FORMATS = {
    "u1": PixelFormat("u1"),
    "u2": PixelFormat("u2"),
    "f4": PixelFormat("f4"),
    "U1x3": PixelFormat("u1", 3),
    "f4x2": PixelFormat("f4", 2),
}


@st.composite
def pictures(draw):
    name = draw(st.sampled_from(list(FORMATS)))
    layout = FORMATS[name]
    shape = (draw(st.integers(1, 12)), draw(st.integers(1, 12)))
    shape += (layout.channels,) if layout.channels > 1 else ()
    return name, draw(arrays(np.dtype(layout.dtype), shape))


@settings(max_examples=200, deadline=None)
@given(pictures(), st.integers(0, 9), st.booleans(), st.booleans())
def test_any_layout_gives_the_pixels(picture, padding, big, last_padding):
    name, pixels = picture
    msg = image_message(pixels, name.upper(), padding, big, last_padding)
    before = msg.data.tobytes()
    out = raw_pixels(msg, FORMATS)
    assert out.shape == pixels.shape
    np.testing.assert_array_equal(out, pixels)
    assert not out.flags.writeable
    assert np.shares_memory(out, np.frombuffer(msg.data, np.uint8))
    assert msg.data.tobytes() == before


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2**32 - 1) | st.integers(0, 20),
    st.integers(0, 2**32 - 1) | st.integers(0, 20),
    st.integers(0, 2**32 - 1) | st.integers(0, 100),
    st.integers(0, 255),
    st.sampled_from([*FORMATS, "", "x" * 100]),
    st.binary(max_size=1000),
)
def test_no_header_reads_beyond_the_data(height, width, step, big, encoding, data):
    msg = SimpleNamespace(
        height=height, width=width, step=step, encoding=encoding, is_bigendian=big, data=data
    )
    out, sentence = attempt(raw_pixels, msg, FORMATS)
    if out is None:
        assert "\n" not in sentence
        assert len(sentence) < 300
    else:
        assert out.shape[:2] == (height, width)
        out.copy()  # reads every byte


def test_an_encoding_that_is_not_known_names_those_that_are():
    msg = image_message(np.zeros((2, 2), np.uint8), "64FC1")
    with pytest.raises(RejectedSampleError, match="'64FC1' is not supported; publish one of: u1"):
        raw_pixels(msg, FORMATS)
