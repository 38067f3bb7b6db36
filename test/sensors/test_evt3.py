"""EVT 3.0: what an encoder written from the same document sends comes back, event for event."""

import numpy as np
import pytest
from evt3_words import decode_evt3
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import RejectedSampleError

MANY = 10**6

events = st.lists(
    st.tuples(
        st.integers(0, 30),  # microseconds since the last, mostly few
        st.integers(0, 1300),  # x
        st.integers(0, 40),  # y
        st.integers(0, 1),  # p
    ),
    min_size=1,
    max_size=200,
)


def encode(columns, vectors=True):
    """Write events as EVT 3.0: words only for what changes, rows as vectors where they fit."""
    words, high, low, row = [], None, None, None
    remaining = list(zip(*(column.tolist() for column in columns), strict=True))
    while remaining:
        x, y, t, p = remaining[0]
        if t >> 12 != high:
            high, low = t >> 12, None
            words.append(0x8000 | high & 0xFFF)
        if t & 0xFFF != low:
            low = t & 0xFFF
            words.append(0x6000 | low)
        if y != row:
            row = y
            words.append(y)
        run = [x]
        for nx, ny, nt, np_ in remaining[1:]:
            if not vectors or (ny, nt, np_) != (y, t, p) or not run[-1] < nx < x + 32:
                break
            run.append(nx)
        if len(run) > 1:
            mask = sum(1 << (column - x) for column in run)
            words += [0x3000 | p << 11 | x, 0x4000 | mask & 0xFFF, 0x4000 | mask >> 12 & 0xFFF]
            words.append(0x5000 | mask >> 24)
        else:
            words.append(0x2000 | p << 11 | x)
        remaining = remaining[len(run) :]
    return np.array(words, np.uint16)


def columns_of(made, start=0):
    steps, x, y, p = (np.array(column, np.int64) for column in zip(*made, strict=True))
    return x, y, start + np.cumsum(steps), p


def data(words, order="<u2"):
    return np.asarray(words, np.uint16).astype(order).view(np.uint8)


def assert_same(got, x, y, t, p):
    assert got.x.tolist() == list(x)
    assert got.y.tolist() == list(y)
    assert got.p.tolist() == list(p)
    assert got.t.tolist() == list(t)


@settings(deadline=None)
@given(events, st.integers(0, 4096**2 - 1), st.sampled_from(["<u2", ">u2"]), st.booleans())
def test_events_come_back(made, start, order, vectors):
    x, y, t, p = columns_of(made, start)
    got = decode_evt3(data(encode((x, y, t, p), vectors), order), order == ">u2", MANY)
    # The camera's clock starts anew after 24 bits, in the middle of a packet too.
    assert_same(got, x, y, t - (t[0] >> 24 << 24), p)


@settings(deadline=None)
@given(events, st.integers(1, 50))
def test_the_newest_events_are_kept(made, newest):
    columns = columns_of(made)
    got = decode_evt3(data(encode(columns, vectors=False)), False, newest)
    kept = len(got.x)
    assert kept <= newest
    assert_same(got, *(column[len(made) - kept :] for column in columns))


def test_a_bound_cuts_no_vector_in_two():
    got = decode_evt3(data([0x8000, 0x6000, 5, 0x3000, 0x4FFF, 0x4FFF]), False, 20)
    assert got.x.tolist() == list(range(12, 24))


@pytest.mark.parametrize(
    "words",
    [
        [7, 0x2001, 0x6003, 0x2002, 0x8001, 0x2003],  # no time yet
        [0x8001, 0x6004, 0x2001],  # no row yet
        [7, 0x8001, 0x6004, 0x4001, 0x5001],  # no base of a vector yet
    ],
)
def test_what_depends_on_earlier_packets_is_left_out(words):
    got = decode_evt3(data([*words, 0x8001, 0x6004, 7, 0x2005]), False, MANY)
    assert_same(got, [5], [7], [4096 + 4], [0])


def test_a_repeated_time_high_changes_nothing():
    got = decode_evt3(data([0x8005, 0x6010, 1, 0x8005, 0x2001]), False, MANY)
    assert got.t.tolist() == [5 * 4096 + 0x10]


def test_a_time_that_steps_back_is_held():
    words = [0x8005, 0x6010, 1, 0x2000, 0x8004, 0x6001, 0x2001, 0x8005, 0x6020, 0x2002]
    got = decode_evt3(data(words), False, MANY)
    assert (np.diff(got.t) >= 0).all()
    assert got.t[-1] == 5 * 4096 + 0x20


def test_triggers_and_vendor_words_mean_nothing():
    words = [0x8000, 0x6000, 3, 0xA101, 0xE014, 0x7001, 0xF123, 0x2801]
    assert_same(decode_evt3(data(words), False, MANY), [1], [3], [0], [1])


def test_half_a_word_is_one_sentence():
    with pytest.raises(RejectedSampleError, match="3 bytes"):
        decode_evt3(np.zeros(3, np.uint8), False, MANY)


@settings(deadline=None)
@given(st.binary(max_size=2000), st.booleans(), st.integers(1, 300))
def test_no_data_breaks_the_decoder(raw, big_endian, newest):
    before = np.frombuffer(raw, np.uint8).copy()
    given_data = before.copy()
    try:
        got = decode_evt3(given_data, big_endian, newest)
    except RejectedSampleError:
        return
    assert (given_data == before).all()
    assert len({len(column) for column in got}) == 1
    assert len(got.x) <= newest
    assert (np.diff(got.t) >= 0).all()


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 479),  # row
            st.builds(lambda p, x: [0x2000 | p << 11 | x], st.integers(0, 1), st.integers(0, 639)),
            st.builds(
                lambda p, x, masks: [0x3000 | p << 11 | x, *(0x4000 | m for m in masks)],
                st.integers(0, 1),
                st.integers(0, 600),
                st.lists(st.integers(0, 4095), max_size=3),
            ),
            st.integers(0, 255).map(lambda step: ("low", step)),
            st.just(("high",)),
        ),
        max_size=200,
    )
)
def test_another_decoder_agrees(parts):
    evt3 = pytest.importorskip("evt3", reason="pip install evt3 to compare with it")
    high, low, words = 5, 0, [0x8005, 0x6000, 7]
    for part in parts:
        if isinstance(part, int):
            words.append(part)
        elif isinstance(part, list):
            words += part
        elif part[0] == "low":
            low = min(low + part[1], 4095)
            words.append(0x6000 | low)
        else:
            high, low = high + 1, 0
            words += [0x8000 | high, 0x6000]
    got = decode_evt3(data(words), False, MANY)
    theirs = evt3.decode_bytes(data(words).tobytes(), sensor_width=2048, sensor_height=2048)
    assert_same(got, theirs.x, theirs.y, theirs.timestamp, theirs.polarity)
