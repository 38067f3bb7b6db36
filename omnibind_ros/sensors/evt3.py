"""EVT 3.0, the stream of 16-bit words that Prophesee's event cameras send.

No decoder can be installed on every supported platform: event_camera_py is part of a ROS
distribution, and evt3 (PyPI) has wheels for neither aarch64 nor glibc below 2.34. The tests compare
with evt3 where it is installed. Format: docs.prophesee.ai, Data Encoding Formats, EVT 3.0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError

ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8, TIME_LOW, TIME_HIGH = (
    0x0,
    0x2,
    0x3,
    0x4,
    0x5,
    0x6,
    0x8,
)
_RESERVED = np.isin(np.arange(16), (0x1, 0x9, 0xB, 0xC, 0xD))
_ONES = np.array([mask.bit_count() for mask in range(1 << 12)], np.uint8)
_WIDTH = np.zeros(16, np.int64)  # columns by which a vector word advances the base
_WIDTH[VECT_12], _WIDTH[VECT_8] = 12, 8
_MASK = np.zeros(16, np.uint16)  # bits of a vector word that mark events
_MASK[VECT_12], _MASK[VECT_8] = 0xFFF, 0xFF

_HIGH_PERIOD = 1 << 12  # TIME_HIGH wraps around after 16.8 s
_STEP_BACK, _STEP_ON = 2, 64
"""Largest plausible steps of TIME_HIGH inside a packet: 8 ms back, 262 ms on."""

BAD_SHARE = 0.1
"""Largest share, in a good packet, of events outside the sensor, and of implausible steps.

`docs/how-to/points_and_events.md` has the share of packets in other encodings that are taken.
"""


class Columns(NamedTuple):
    """Events as parallel arrays.

    Attributes:
        x: uint16 [N], pixels.
        y: uint16 [N], pixels.
        t: int64 [N], time; the function that returns them documents the unit.
        p: uint8 [N], 0 darker, 1 brighter.
    """

    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    t: npt.NDArray[np.int64]
    p: npt.NDArray[np.uint8]

    def pick(self, which: slice | npt.NDArray[Any]) -> Columns:
        """Return the events that a slice, mask or array of indices chooses."""
        return Columns(self.x[which], self.y[which], self.t[which], self.p[which])

    def in_order(self) -> Columns:
        """Return the events in order of time, which they mostly have already."""
        if (self.t[1:] >= self.t[:-1]).all():
            return self
        return self.pick(np.argsort(self.t, kind="stable"))


def decode_evt3(
    data: npt.NDArray[np.uint8],
    big_endian: bool,
    newest: int,
    width: int = 1 << 11,
    height: int = 1 << 11,
) -> tuple[Columns, int]:
    """Decode the events of one packet by itself, and count its words of reserved types.

    The format sends time, row and vector base only where they change. Events at the start of a
    packet that depend on earlier packets are left out: those before its first TIME_HIGH with a
    TIME_LOW after it. These are a few microseconds, since cameras repeat the words all the time.
    Where the time steps back, as cameras are known to send it, the latest time is used.

    Words of reserved types are left out: vendors fill packets with them. Data in another encoding
    or byte order has many of them too, but its times jump, its vectors have no base, and its events
    are outside the sensor. In a packet without reserved words, one event outside and one jump are
    taken for errors of transmission, however small the packet.

    Args:
        data: uint8 [n], the words.
        big_endian: Their byte order.
        newest: How many events to return at most. At most 4 words for each of these are read, from
            the end: a word each for time, row and event, and a spare one.
        width: Width of the camera, pixels.
        height: Height of the camera, pixels.

    Returns:
        The events inside the sensor, oldest first; t in microseconds of the camera's clock, with an
        arbitrary zero. And the number of words that were left out because their type is reserved.

    Raises:
        RejectedSampleError: Half a word; reserved words without any time; or more than `BAD_SHARE`
            of the events outside the sensor or of the steps from word to word implausible.
    """
    if data.size % 2:
        raise RejectedSampleError(
            f"a packet of {data.size} bytes holds no whole number of EVT3's 16-bit words; "
            "check the driver's encoding"
        )
    words = data.view(">u2" if big_endian else "<u2")[-4 * newest :].astype(np.uint16)
    kind = (words >> 12).astype(np.uint8)
    reserved = int(np.count_nonzero(_RESERVED[kind]))
    _check(words, kind, reserved)
    time, at = _times(words, kind)
    is_vector = _WIDTH[kind[at]] > 0

    rows, seen_row = _latest(kind == ADDR_Y, at)
    bases, seen_base = _latest(kind == VECT_BASE_X, at)
    ready = seen_row & (seen_base | ~is_vector)
    time, at, rows, bases = (array[ready] for array in (time, at, rows, bases))
    is_vector = is_vector[ready]

    moved = np.cumsum(_WIDTH[kind])
    shift = np.where(is_vector, moved[at] - _WIDTH[kind[at]] - moved[bases], 0)
    source = words[np.where(is_vector, bases, at)]  # the word with column and polarity
    masks = np.where(is_vector, words[at] & _MASK[kind[at]], 1)

    # Only as many words from the end as needed, so that memory is bounded for any masks.
    after = np.cumsum(_ONES[masks][::-1], dtype=np.int64)[::-1]
    start = np.searchsorted(-after, -newest)
    bits = np.arange(12 if is_vector.any() else 1, dtype=np.uint16)
    word, bit = np.nonzero((masks[start:, None] >> bits) & 1)
    word += start
    columns = Columns(
        np.minimum((source[word] & 0x7FF) + shift[word] + bit, 0xFFFF).astype(np.uint16),
        (words[rows[word]] & 0x7FF).astype(np.uint16),
        time[word],
        ((source[word] >> 11) & 1).astype(np.uint8),
    )
    inside = (columns.x < width) & (columns.y < height)
    outside = inside.size - int(np.count_nonzero(inside))
    if not outside:
        return columns, reserved
    if outside == inside.size or outside > BAD_SHARE * inside.size + (not reserved):
        bad = int(np.argmin(inside))
        raise RejectedSampleError(
            f"{outside} of the packet's {inside.size} events are outside the sensor of {width} x "
            f"{height} pixels, one at column {columns.x[bad]}, row {columns.y[bad]}"
            f"{_and_reserved(reserved, words)}; check the driver's width, height, encoding and "
            "is_bigendian"
        )
    return columns.pick(inside), reserved


def _and_reserved(count: int, words: npt.NDArray[np.uint16]) -> str:
    return f", and {count} of its {words.size} words are of reserved types" if count else ""


def _check(words: npt.NDArray[np.uint16], kind: npt.NDArray[np.uint8], reserved: int) -> None:
    """Raise RejectedSampleError where the words cannot be EVT3 of this byte order."""
    high = words[kind == TIME_HIGH] & 0xFFF
    if reserved and not high.size:
        raise RejectedSampleError(
            f"{reserved} of the packet's {words.size} words are of types that EVT3 reserves and "
            "none gives a time, so the packet is in another encoding or byte order; check the "
            "driver's encoding and is_bigendian"
        )
    steps = (high[1:] - high[:-1] + _STEP_BACK) & 0xFFF  # uint16 wraps around
    checks = [steps > _STEP_BACK + _STEP_ON]
    if reserved:
        times = words[(kind == TIME_HIGH) | (kind == TIME_LOW)]
        low = times >> 12 == TIME_LOW
        checks.append((times[1:] < times[:-1])[low[1:] & low[:-1]])  # it grows until TIME_HIGH
        events = kind[np.isin(kind, (ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8))]
        checks.append((events[:-1] < VECT_BASE_X)[events[1:] > VECT_BASE_X])  # no base before
    bad, count = (sum(map(how, checks)) for how in (np.count_nonzero, len))
    if bad > BAD_SHARE * count + (not reserved):
        raise RejectedSampleError(
            f"{bad} of {count} steps of the packet's words are implausible"
            f"{_and_reserved(reserved, words)}, so the packet is in another encoding or byte "
            "order; check the driver's encoding and is_bigendian"
        )


def _latest(
    marked: npt.NDArray[np.bool_], at: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return, for each position, the last marked position before it, and whether there is one."""
    where = np.flatnonzero(marked)
    if not where.size:
        return np.zeros_like(at), np.zeros(at.shape, np.bool_)
    before = np.cumsum(marked, dtype=np.int32)[at]
    return where[np.maximum(before - 1, 0)], before > 0


def _times(
    words: npt.NDArray[np.uint16], kind: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the times, microseconds, and the positions of the words with events."""
    highs = np.flatnonzero(kind == TIME_HIGH)
    at = np.flatnonzero((kind == ADDR_X) | (_WIDTH[kind] > 0))
    if not highs.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    high = np.unwrap((words[highs] & 0xFFF).astype(np.int64), period=_HIGH_PERIOD)
    high = np.maximum.accumulate(high)

    lows, seen = _latest(kind == TIME_LOW, at)
    ready = seen & (lows > highs[0])
    at, lows = at[ready], lows[ready]
    now = np.searchsorted(highs, at) - 1
    # After a new TIME_HIGH the old TIME_LOW is no longer valid; a new one follows at once.
    renewed = np.maximum.accumulate(np.where(np.diff(high, prepend=high[0]) > 0, highs, -1))
    low = np.where(lows > renewed[now], words[lows] & 0xFFF, 0)
    return np.maximum.accumulate(high[now] * _HIGH_PERIOD + low), at
