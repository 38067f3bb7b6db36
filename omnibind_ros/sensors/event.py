"""Event cameras: packets of events to the events of a sliding window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter

from .base import Chunk, Combiner, Doubtful, RejectedSampleError, SensorType
from .evt3 import Columns, decode_evt3

MAX_EVENTS = 200_000
"""Most events of a packet or window; older ones are left out."""

_NEWEST = slice(-MAX_EVENTS, None)

SHORTEST_NS = 50_000_000
"""Length of a sample's window that is never gone below, nanoseconds: that of the training."""

MAX_SIDE = 1 << 14
"""Largest width and height, pixels; a header that announces more is rejected."""


class EventWindow(NamedTuple):
    """The events of an interval: a sample of the modality `event`.

    Attributes:
        x: uint16 [N], column, pixels from the left.
        y: uint16 [N], row, pixels from the top.
        t: int64 [N], nanoseconds after the window's start, ascending.
        p: uint8 [N], polarity: 0 darker, 1 brighter.
        width: Width of the camera, pixels.
        height: Height of the camera, pixels.
        duration_ns: Length of the window, nanoseconds; no t is larger.
    """

    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    t: npt.NDArray[np.int64]
    p: npt.NDArray[np.uint8]
    width: int
    height: int
    duration_ns: int


@dataclass
class EventOptions:
    """Parameters of an event camera."""

    window: float = parameter(
        0.4,
        "Seconds of events that make a sample at most, back from the newest.",
        low=0.001,
        high=1.0,
    )
    density: float = parameter(
        0.6,
        "Events per pixel that are enough for a sample. What moves fast has them sooner, and the "
        "sample begins with the oldest of them, but lasts 0.05 s at least. 0.0: the whole window.",
        low=0.0,
        high=100.0,
    )


def decode_events(msg: Any, _options: Any = None) -> EventWindow:
    """Return the events of an omnibind_msgs/Events.

    Args:
        msg: Anything with width, height and the parallel arrays x, y, t (nanoseconds after the
            stamp) and p.

    Returns:
        The newest `MAX_EVENTS` events, in order of time. t counts from the stamp, and the duration
        is the last t. A packet without events is valid: nothing moves before the camera.

    Raises:
        RejectedSampleError: A width or height out of range, arrays of unequal lengths, events
            outside the sensor, or polarities other than 0 and 1.
    """
    columns = Columns(
        np.asarray(msg.x, np.uint16),
        np.asarray(msg.y, np.uint16),
        np.asarray(msg.t, np.uint32).astype(np.int64),
        np.asarray(msg.p, np.uint8),
    )
    if len({column.size for column in columns}) > 1:
        lengths = ", ".join(f"{column.size} {name}" for name, column in columns._asdict().items())
        raise RejectedSampleError(
            f"the packet has {lengths}; publish one entry of each for every event"
        )
    if columns.p.size and columns.p.max() > 1:
        raise RejectedSampleError(
            f"event {int(np.argmax(columns.p > 1))} has polarity {columns.p.max()}; publish 0 for "
            "darker and 1 for brighter"
        )
    return _packet(msg, columns)


def decode_event_packet(msg: Any, _options: Any = None) -> EventWindow | Doubtful:
    """Return the events of an event_camera_msgs/EventPacket, as `decode_events` does.

    Args:
        msg: Anything with width, height, encoding ('evt3' or 'mono'), is_bigendian and events, the
            encoded bytes. time_base is not needed: mono counts from the stamp too, and the first
            event of an evt3 packet is assumed to lie at the stamp.

    Raises:
        RejectedSampleError: A width or height out of range, another encoding, damaged data, or
            events outside the sensor; single ones in evt3 are left out as transmission errors.
    """
    decoder = _PACKET_DECODERS.get(str(msg.encoding).strip().lower())
    if decoder is None:
        raise RejectedSampleError(
            f"event encoding '{str(msg.encoding)[:40]}' is not supported; let the camera's driver "
            f"publish one of: {', '.join(_PACKET_DECODERS)}"
        )
    return decoder(msg, np.frombuffer(msg.events, np.uint8))


def _mono(msg: Any, data: npt.NDArray[np.uint8]) -> EventWindow:
    """Decode 64-bit words: polarity (1 bit), y (15), x (16), nanoseconds after the stamp (32)."""
    if data.size % 8:
        raise RejectedSampleError(
            f"a packet of {data.size} bytes holds no whole number of 8-byte mono events; "
            "check the driver's encoding"
        )
    words = data.view(">u8" if msg.is_bigendian else "<u8")
    return _packet(
        msg,
        Columns(
            (words >> 32 & 0xFFFF).astype(np.uint16),
            (words >> 48 & 0x7FFF).astype(np.uint16),
            (words & 0xFFFF_FFFF).astype(np.int64),
            (words >> 63).astype(np.uint8),
        ),
    )


def _evt3(msg: Any, data: npt.NDArray[np.uint8]) -> EventWindow | Doubtful:
    size = int(msg.width), int(msg.height)
    columns, reserved = decode_evt3(data, bool(msg.is_bigendian), MAX_EVENTS, *size)
    first = columns.t[0] if columns.t.size else 0
    window = _packet(msg, columns._replace(t=(columns.t - first) * 1000))
    return Doubtful(window, (), reserved) if reserved else window


_PACKET_DECODERS = {"evt3": _evt3, "mono": _mono}


def _packet(msg: Any, columns: Columns) -> EventWindow:
    width, height = int(msg.width), int(msg.height)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise RejectedSampleError(
            f"the header announces {width} x {height} pixels; check the driver's width and height"
        )
    outside = (columns.x >= width) | (columns.y >= height)
    if outside.any():
        bad = int(np.argmax(outside))
        raise RejectedSampleError(
            f"event {bad} is at column {columns.x[bad]}, row {columns.y[bad]} of a sensor of "
            f"{width} x {height} pixels; check the driver's width and height"
        )
    columns = columns.in_order().pick(_NEWEST)
    return EventWindow(*columns, width, height, int(columns.t[-1]) if columns.t.size else 0)


def join(chunks: Sequence[Chunk], duration_ns: int, density: float = 0.0) -> EventWindow:
    """Join packets to the window that ends with the newest packet's last event.

    Windows of a number of events, as in Gallego et al., Event-based Vision: A Survey (TPAMI 2022),
    section 3.1, show slow and fast movements alike; those of one duration are nearly empty where
    little moves.

    Args:
        chunks: Packets, oldest first, at the times of their stamps. Those of another width or
            height than the newest are left out: the camera's mode has changed.
        duration_ns: Longest window, nanoseconds.
        density: Events per pixel that are enough; 0: the window is always the longest.

    Returns:
        The window's newest events: those that are enough, or all of `SHORTEST_NS` if these are
        more, and at most `MAX_EVENTS`; the window starts with the oldest of them, unless it is the
        longest. It may have no events.
    """
    newest = chunks[-1].data
    start_ns = chunks[-1].stamp_ns + newest.duration_ns - duration_ns
    shortest = max(duration_ns - SHORTEST_NS, 0)
    enough = math.ceil(density * newest.width * newest.height) or MAX_EVENTS
    pieces = [Columns(newest.x[:0], newest.y[:0], newest.t[:0], newest.p[:0])]
    count = 0
    for packet, stamp_ns in reversed(chunks):
        if (packet.width, packet.height) != (newest.width, newest.height):
            continue
        after = stamp_ns - start_ns
        if count >= enough and after + packet.duration_ns < shortest:
            break
        low = np.searchsorted(packet.t, -after)
        high = np.searchsorted(packet.t, duration_ns - after, side="right")
        if low < high:
            x, y, t, p = (column[low:high] for column in packet[:4])
            pieces.append(Columns(x, y, t + after, p))
            count += t.size
    # Packets overlap where a driver's stamps jitter.
    columns = Columns(*map(np.concatenate, zip(*reversed(pieces), strict=True))).in_order()
    first = min(int(columns.t[-enough]), shortest) if columns.t.size >= enough else 0
    columns = columns.pick(slice(int(np.searchsorted(columns.t, first)), None))
    if columns.t.size > MAX_EVENTS:
        columns = columns.pick(_NEWEST)
        first = int(columns.t[0])
    columns = columns._replace(t=columns.t - first)
    return EventWindow(*columns, newest.width, newest.height, duration_ns - first)


def _joiner(options: EventOptions) -> Combiner:
    duration_ns = round(options.window * 1e9)
    return lambda chunks: join(chunks, duration_ns, options.density)


def _window(options: EventOptions) -> float:
    return options.window


def _columns(msg: Any) -> Any:
    return (msg.x, msg.y, msg.t, msg.p) if len(msg.p) else None


def _encoded_events(msg: Any) -> Any:
    return msg.events if len(msg.events) else None


SENSOR_TYPES = tuple(
    SensorType(
        "event",
        message,
        decode,
        options=EventOptions,
        make_combiner=_joiner,
        window=_window,
        depth=32,  # a third of a second of 10 ms packets
        discover=("",),
        payload=payload,
    )
    for message, decode, payload in (
        ("omnibind_msgs/msg/Events", decode_events, _columns),
        ("event_camera_msgs/msg/EventPacket", decode_event_packet, _encoded_events),
    )
)
