"""EVT 3.0 with padding is read, and other encodings and byte orders are refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from evt3_words import data, decode_evt3, padded, rows, slow_decode, stream

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.sensors import Doubtful, RejectedSampleError, SensorRegistry
from omnibind_ros.sensors.event import decode_event_packet


def test_the_packet_of_a_vendor_that_pads():
    got = decode_evt3(data([0x8000, 0x6001, 0x0005, 0x2802, 0x9999]), False, 10)
    assert rows(got) == [(2, 5, 1, 1)]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
@pytest.mark.parametrize("count", [5, 60, 3000])
def test_padding_changes_no_event(share, order, count):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        words = stream(rng, count)
        raw = data(padded(rng, words, share), order)
        got = decode_evt3(raw, order == ">u2", 10**6, 640, 480)
        want = slow_decode(words)
        assert want
        assert rows(got) == want


@pytest.mark.parametrize("pad", [0x1000, 0x9999, 0xBBBB, 0xCCCC, 0xDDDD])
def test_a_block_of_padding_at_the_end_may_be_larger_than_the_events(pad):
    words = stream(np.random.default_rng(pad), 40)
    got = decode_evt3(data(words + [pad] * 500), False, 10**6, 640, 480)
    assert rows(got) == slow_decode(words)


def test_another_decoder_agrees_on_padded_packets():
    evt3 = pytest.importorskip("evt3", reason="pip install evt3 to compare with it")
    for seed in range(30):
        rng = np.random.default_rng(seed)
        words = stream(rng, 300, start=5 << 12)
        theirs = evt3.decode_bytes(data(words).tobytes(), sensor_width=640, sensor_height=480)
        got = decode_evt3(data(padded(rng, words, 0.2)), False, 10**6, 640, 480)
        assert got.x.tolist() == theirs.x.tolist()
        assert got.y.tolist() == theirs.y.tolist()
        assert got.p.tolist() == theirs.polarity.tolist()
        assert got.t.tolist() == theirs.timestamp.tolist()


@pytest.mark.parametrize(
    "words", [[0x9999], [0x1000, 0xBBBB, 0xD000], [0x0580, 0x9060], [0x0005, 0x2802, 0x9999]]
)
def test_reserved_words_without_a_time_are_one_sentence(words):
    with pytest.raises(RejectedSampleError, match="types that EVT3 reserves") as error:
        decode_evt3(data(words), False, 10)
    assert "is_bigendian" in str(error.value)


def test_time_and_padding_alone_is_a_packet_without_events():
    assert decode_evt3(data([0x8001, 0x6001, 0x9999, 0x8001]), False, 10).t.size == 0


def event_packet(words, width=640, height=480, big_endian=False):
    return SimpleNamespace(
        width=width,
        height=height,
        encoding="evt3",
        is_bigendian=big_endian,
        events=data(words).tobytes(),
    )


def evt2(rng, count):
    """EVT 2.0: 32-bit words, type (4 bits), time (6), x (11), y (11)."""
    times = int(rng.integers(0, 1 << 20)) + np.sort(rng.integers(0, 5 * count, count))
    words, high = [], None
    for time in times.tolist():
        if time >> 6 != high:
            high = time >> 6
            words.append(8 << 28 | high)
        kind, x, y = rng.integers(0, (2, 640, 480))
        words.append(int(kind) << 28 | (time & 63) << 22 | int(x) << 11 | int(y))
    return np.array(words, np.uint32).view(np.uint16)


def evt21(rng, count):
    """EVT 2.1: 64-bit words, type (4 bits), time (6), x (11), y (11), 32 pixels."""
    low = evt2(rng, count).view(np.uint32).astype(np.uint64)
    return (low << np.uint64(32) | rng.integers(0, 1 << 32, low.size, np.uint64)).view(np.uint16)


def mono(rng, count):
    """64-bit words, polarity (1 bit), y (15), x (16), nanoseconds (32)."""
    x, y, p = (rng.integers(0, top, count, np.uint64) for top in (640, 480, 2))
    t = np.sort(rng.integers(0, 10_000_000, count, np.uint64))
    words = p << np.uint64(63) | y << np.uint64(48) | x << np.uint64(32) | t
    return words.view(np.uint16)


OTHERS = {
    "random bytes": lambda rng: rng.integers(0, 1 << 16, 200),
    "EVT 2.0": lambda rng: evt2(rng, 100),
    "EVT 2.0, big-endian": lambda rng: evt2(rng, 100).byteswap(),
    "EVT 2.1": lambda rng: evt21(rng, 60),
    "mono": lambda rng: mono(rng, 60),
    "mono, big-endian": lambda rng: mono(rng, 60).view(np.uint64).byteswap().view(np.uint16),
    "EVT 3.0 of the other byte order": lambda rng: np.array(stream(rng, 200), "u2").byteswap(),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_encoding_gives_no_events(kind):
    for seed in range(200):
        words = OTHERS[kind](np.random.default_rng(seed))
        try:
            decoded = decode_event_packet(event_packet(words))
            events = (decoded.data if isinstance(decoded, Doubtful) else decoded).t.size
        except RejectedSampleError:
            events = 0
        assert not events


@pytest.mark.parametrize(("width", "height"), [(320, 240), (480, 640), (640, 200)])
def test_a_header_of_a_smaller_sensor_is_one_sentence(width, height):
    words = stream(np.random.default_rng(0), 400)
    with pytest.raises(RejectedSampleError, match=r"outside the sensor of .* driver's width"):
        decode_event_packet(event_packet(words, width, height))


def test_one_damaged_event_among_many_is_left_out():
    words = stream(np.random.default_rng(0), 400)
    window = decode_event_packet(event_packet([*words, 0x2000 | 700]))
    want = slow_decode(words)
    assert [(x, y, p) for x, y, _t, p in rows(window)] == [(x, y, p) for x, y, _t, p in want]


def test_a_packet_may_miss_a_part():
    words = stream(np.random.default_rng(0), 400, start=0) + stream(
        np.random.default_rng(1), 400, start=2_000_000
    )
    assert rows(decode_evt3(data(words), False, 10**6)) == slow_decode(words)


def test_times_that_jump_are_one_sentence():
    words = [word for high in (5, 900, 30, 2000) for word in (0x8000 | high, 0x6000, 7, 0x2001)]
    with pytest.raises(RejectedSampleError, match="3 of 3 steps of the packet's words"):
        decode_evt3(data(words), False, 10)


def test_words_that_were_left_out_are_counted():
    kind = SensorRegistry.installed().find("event", "event_camera_msgs/msg/EventPacket")
    config = SensorConfig(modality="event", max_age=1.0)
    channel = Channel("event", config, kind, None, options=kind.options())
    for number in range(3):
        words = [0x8000, 0x6001 + number, 0x0005, 0x2802, *[0x9999] * number]
        channel.put(event_packet(words), None, "", 0, 0.01 * number)
        decoded = channel.decoder.decode(channel.take(0.01 * number))
        assert not decoded.bad
    assert channel.state(0.03).left_out == 1 + 2
