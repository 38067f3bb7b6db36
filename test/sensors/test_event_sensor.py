"""Packets of events of every kind become the same window, and bad ones one sentence."""

from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import Chunk, Doubtful, RejectedSampleError, SensorRegistry
from omnibind_ros.sensors import event as sensor
from omnibind_ros.sensors.event import EventOptions, decode_event_packet, decode_events, join

MS = 1_000_000


def message(x=(), y=(), t=(), p=(), width=640, height=480):
    return SimpleNamespace(
        width=width,
        height=height,
        x=array("H", x),
        y=array("H", y),
        t=array("I", t),
        p=array("B", p),
    )


def random_message(count, seed=0, width=640, height=480, length_ns=10 * MS):
    rng = np.random.default_rng(seed)
    return message(
        rng.integers(0, width, count).astype(np.uint16).tobytes(),
        rng.integers(0, height, count).astype(np.uint16).tobytes(),
        np.sort(rng.integers(0, length_ns, count)).astype(np.uint32).tobytes(),
        rng.integers(0, 2, count).astype(np.uint8).tobytes(),
        width,
        height,
    )


def packet(events, encoding="mono", width=640, height=480, is_bigendian=False):
    return SimpleNamespace(
        width=width,
        height=height,
        encoding=encoding,
        is_bigendian=is_bigendian,
        seq=1,
        time_base=99,
        events=array("B", events),
    )


def mono(x, y, t, p, order="<u8"):
    words = [p << 63 | y << 48 | x << 32 | t for x, y, t, p in zip(x, y, t, p, strict=True)]
    return np.array(words, np.uint64).astype(order).tobytes()


def without_doubts(decoded):
    return decoded.data if isinstance(decoded, Doubtful) else decoded  # padding was counted


def columns(window):
    return [column.tolist() for column in window[:4]]


event_lists = st.lists(
    st.tuples(
        st.integers(0, 639), st.integers(0, 479), st.integers(0, 2**32 - 1), st.integers(0, 1)
    ),
    max_size=50,
)


@settings(deadline=None)
@given(event_lists)
def test_events_come_back_in_order_of_time(made):
    x, y, t, p = zip(*made, strict=True) if made else ((), (), (), ())
    msg = message(x, y, t, p)
    window = decode_events(msg)
    expected = sorted(made, key=lambda event: event[2])
    assert list(zip(*columns(window), strict=True)) == expected
    assert [column.dtype for column in window[:4]] == [np.uint16, np.uint16, np.int64, np.uint8]
    assert window[4:] == (640, 480, max(t, default=0))
    assert vars(msg) == vars(message(x, y, t, p)), "the message was written to"


@settings(deadline=None)
@given(event_lists, st.booleans())
def test_mono_packets_come_back(made, big_endian):
    x, y, t, p = zip(*made, strict=True) if made else ((), (), (), ())
    data = mono(x, y, t, p, ">u8" if big_endian else "<u8")
    window = decode_event_packet(packet(data, is_bigendian=big_endian))
    assert columns(window) == columns(decode_events(message(x, y, t, p)))


def test_evt3_counts_from_its_first_event_and_leaves_out_what_is_outside():
    words = [0x8007, 0x6010, 5, 0x2803, 0x6012, 0x2000 | 700, 0x2004]
    window = decode_event_packet(packet(np.array(words, "<u2").tobytes(), "evt3"))
    assert columns(window) == [[3, 4], [5, 5], [0, 2000], [1, 0]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"t": array("I", [1, 2])}, "3 x, 3 y, 2 t, 3 p"),
        ({"p": array("B", [0, 1, 2])}, "event 2 has polarity 2"),
        ({"x": array("H", [1, 640, 1])}, "event 1 is at column 640, row 4"),
        ({"y": array("H", [480, 1, 1])}, "event 0 is at column 1, row 480"),
        ({"width": 0}, "0 x 480 pixels"),
        ({"height": 65535}, "640 x 65535 pixels"),
    ],
)
def test_a_bad_packet_is_one_sentence(changes, words):
    msg = message([1, 2, 3], [3, 4, 5], [0, 1, 2], [0, 1, 0])
    vars(msg).update(changes)
    with pytest.raises(RejectedSampleError, match=words):
        decode_events(msg)


@pytest.mark.parametrize(
    ("msg", "words"),
    [
        (packet(b"12345678", "libcaer_cmp"), "'libcaer_cmp' is not supported"),
        (packet(b"12345678", ""), "one of: evt3, mono"),
        (packet(b"1234567"), "7 bytes holds no whole number of 8-byte mono events"),
        (packet(b"123", "evt3"), "3 bytes"),
        (packet(mono([640], [0], [0], [1])), "column 640"),
        (packet(np.array([0x8000, 0x6000, 1, 0x22BC], "<u2").tobytes(), "evt3"), "column 700"),
        (packet(b"", width=2**32 - 1), "4294967295 x 480"),
    ],
)
def test_a_bad_encoded_packet_is_one_sentence(msg, words):
    with pytest.raises(RejectedSampleError, match=words):
        decode_event_packet(msg)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["evt3", "mono", "x"]),
    st.booleans(),
    st.integers(0, 2**16),
    st.integers(0, 2**16),
)
def test_no_packet_breaks_the_decoder(data, encoding, big_endian, width, height):
    msg = packet(data, encoding, width, height, big_endian)
    try:
        window = without_doubts(decode_event_packet(msg))
    except RejectedSampleError:
        return
    finally:
        assert msg.events.tobytes() == data
    assert (window.x < width).all()
    assert (window.y < height).all()
    assert (np.diff(window.t) >= 0).all()
    assert columns(window) == columns(without_doubts(decode_event_packet(msg)))


def test_a_packet_without_events_is_a_scene_without_motion():
    window = join([Chunk(decode_events(message()), 5)], 50 * MS)
    assert window[4:] == (640, 480, 50 * MS)
    assert window.t.size == 0


def test_stamps_place_packets_in_the_window():
    chunks = [
        Chunk(decode_events(message([i, i + 10], [0, 0], [0, 9 * MS], [1, 0])), 1000 + i * 10 * MS)
        for i in range(8)
    ]
    window = join(chunks, 50 * MS)
    # It ends at 79 ms, with the last event, and so starts at 29 ms, with one of the third packet.
    assert window.x.tolist() == [12, 3, 13, 4, 14, 5, 15, 6, 16, 7, 17]
    assert window.t.tolist() == [MS * t for t in (0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50)]
    assert window.duration_ns == 50 * MS


def test_overlapping_packets_are_put_in_order():
    first = decode_events(message([1, 2], [0, 0], [0, 5 * MS], [1, 1]))
    second = decode_events(message([3, 4], [0, 0], [0, 5 * MS], [0, 0]))
    window = join([Chunk(first, 0), Chunk(second, 3 * MS)], 50 * MS)
    assert window.x.tolist() == [1, 3, 2, 4]


def test_packets_from_before_a_clock_that_was_set_back_are_left_out():
    events = decode_events(message([1], [0], [0], [1]))
    window = join([Chunk(events, 3600 * 1000 * MS), Chunk(events, 1000 * MS)], 50 * MS)
    assert window.t.tolist() == [50 * MS]


def test_packets_of_another_resolution_are_left_out():
    small = decode_events(message([1], [0], [0], [1], 32, 24))
    large = decode_events(message([600], [0], [0], [1]))
    window = join([Chunk(large, 0), Chunk(small, MS)], 50 * MS)
    assert (window.width, window.height, window.x.tolist()) == (32, 24, [1])


def test_a_long_packet_is_cut_to_the_window():
    packet_of_a_second = decode_events(random_message(1000, length_ns=1000 * MS))
    window = join([Chunk(packet_of_a_second, 0)], 50 * MS)
    assert 20 < window.t.size < 100
    assert window.t.min() >= 0
    assert window.t.max() == window.duration_ns == 50 * MS


def test_a_message_a_hundred_times_larger_keeps_the_newest():
    msg = random_message(1_000_000)
    window = decode_events(msg)
    assert window.t.size == sensor.MAX_EVENTS
    assert window.x.tolist() == msg.x[-sensor.MAX_EVENTS :].tolist()
    joined = join([Chunk(window, 0), Chunk(window, 10 * MS)], 50 * MS)
    assert joined.t.size == sensor.MAX_EVENTS
    assert joined.t[0] == 0
    assert joined.t[-1] == joined.duration_ns < 10 * MS


@settings(deadline=None)
@given(st.lists(st.tuples(event_lists, st.integers(-(2**31), 2**31)), min_size=1, max_size=5))
def test_no_stamps_break_the_window(packets):
    chunks = [
        Chunk(decode_events(message(*(zip(*made, strict=True) if made else ()))), stamp * 10**9)
        for made, stamp in packets
    ]
    window = join(chunks, 50 * MS)
    assert (np.diff(window.t) >= 0).all()
    assert ((window.t >= 0) & (window.t <= window.duration_ns)).all()
    assert columns(window) == columns(join(chunks, 50 * MS))


@pytest.mark.parametrize("name", ["omnibind_msgs/msg/Events", "event_camera_msgs/msg/EventPacket"])
def test_both_message_types_are_registered(name):
    kind = SensorRegistry.installed().find("event", name)
    assert SensorRegistry.installed().options_of("event", name) is EventOptions
    assert kind.window(EventOptions(window=0.1)) == 0.1
    window = kind.make_combiner(EventOptions(window=0.1))([Chunk(decode_events(message()), 0)])
    assert window.duration_ns == 100 * MS
    # 10 ms packets of the longest window that is usual.
    assert kind.depth >= 20


def test_the_name_of_an_encoding_may_be_written_otherwise():
    data = mono((1,), (2,), (3,), (1,), "<u8")
    assert columns(decode_event_packet(packet(data, " Mono"))) == [[1], [2], [3], [1]]


def _steady(each_ns, seconds, side=10):
    """Return packets of 10 ms of a camera of side x side pixels, an event each `each_ns`."""
    per_packet = 10 * MS // each_ns
    times = [number * each_ns for number in range(per_packet)]
    still = message([1] * per_packet, [2] * per_packet, times, [1] * per_packet, side, side)
    return [Chunk(decode_events(still), number * 10 * MS) for number in range(round(100 * seconds))]


@pytest.mark.parametrize(
    ("each_ms", "lasts_ms"),
    [
        (1, 60),  # 0.6 events of each of 100 pixels are there after 60 ms
        (0.1, 50),  # fast: as short as it may be
        (5, 300),
        (10, 400),  # slow: the whole window
    ],
)
def test_a_window_is_as_long_as_it_takes_to_have_enough_events(each_ms, lasts_ms):
    chunks = _steady(round(each_ms * MS), 0.5)
    window = join(chunks, 400 * MS, 0.6)
    assert window.duration_ns == pytest.approx(lasts_ms * MS, abs=each_ms * MS)
    assert window.t[-1] == window.duration_ns
    assert (window.t >= 0).all()
    whole = join(chunks, 400 * MS)
    assert whole.duration_ns == 400 * MS
    assert window.x.tolist() == whole.x[-window.t.size :].tolist()
    assert np.array_equal(np.diff(window.t), np.diff(whole.t)[-window.t.size + 1 :])
