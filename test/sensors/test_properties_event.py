"""Properties of event packets; OMNIBIND_EXAMPLES sets how many of each are tried."""

import os
from types import SimpleNamespace

import numpy as np
from evt3_words import data, decode_evt3, padded, rows, slow_decode, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import Doubtful, RejectedSampleError
from omnibind_ros.sensors.event import decode_event_packet

many = settings(deadline=None, max_examples=int(os.environ.get("OMNIBIND_EXAMPLES", "150")))


def event_packet(raw, encoding, width, height, big_endian):
    return SimpleNamespace(
        width=width, height=height, encoding=encoding, is_bigendian=big_endian, events=raw
    )


@many
@given(
    st.integers(0, 2**32 - 1),
    st.integers(4, 300),
    st.floats(0.0, 0.8),
    st.booleans(),
    st.integers(64, 2000),
    st.integers(64, 2000),
)
def test_padding_never_changes_events(seed, count, share, big_endian, width, height):
    rng = np.random.default_rng(seed)
    words = stream(rng, count, width, height)
    raw = data(padded(rng, words, share), ">u2" if big_endian else "<u2")
    assert rows(decode_evt3(raw, big_endian, 10**6, width, height)) == slow_decode(words)


@many
@given(st.integers(0, 2**32 - 1), st.integers(100, 300), st.booleans())
def test_the_wrong_byte_order_gives_no_events(seed, count, big_endian):
    words = stream(np.random.default_rng(seed), count)
    raw = data(words, "<u2" if big_endian else ">u2").tobytes()
    try:
        decoded = decode_event_packet(event_packet(raw, "evt3", 640, 480, big_endian))
        events = (decoded.data if isinstance(decoded, Doubtful) else decoded).t.size
    except RejectedSampleError:
        events = 0
    assert not events


@many
@given(
    st.lists(
        st.tuples(
            st.integers(0, 639), st.integers(0, 479), st.integers(0, 10**7), st.integers(0, 1)
        ),
        max_size=40,
    ),
    st.booleans(),
)
def test_mono_words_are_their_events(made, big_endian):
    raw = b"".join(
        (p << 63 | y << 48 | x << 32 | t).to_bytes(8, "big" if big_endian else "little")
        for x, y, t, p in made
    )
    window = decode_event_packet(event_packet(raw, "mono", 640, 480, big_endian))
    assert rows(window) == sorted(made, key=lambda event: event[2])
