"""Events as arrays: packets as a driver publishes them, and what npz files call them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, read_npz
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.recording import LONGEST_NS, Recording, Timed
from omnibind_ros.sensors import Doubt, Issue
from omnibind_ros.sensors.evt3 import Columns

PACKET_NS = 5_000_000
"""Length of a packet, nanoseconds."""

SIZES = (
    *((34, 34), (128, 128), (240, 180), (304, 240), (320, 240), (346, 260)),
    *((640, 480), (1280, 720), (1280, 800)),
)
"""Widths and heights of event cameras, small ones first; of N-MNIST, the DVS128, the DAVIS240 and
346, ATIS, the DVXplorer Lite and cameras with the sensors of Prophesee's generations 3 to 4."""

NS_PER_US = 1_000

SECONDS = 1000.0
"""Floats that span less are seconds, others microseconds."""


def recording(
    path: Path, events: Columns, size: tuple[int, int] | None, modality: str
) -> Recording:
    """Return events as a recording of omnibind_msgs/Events.

    Args:
        path: The file, for errors.
        events: The events, t in nanoseconds of any zero, in any order.
        size: Width and height, pixels; None: the smallest of `SIZES` that holds the events, which
            is a doubt.
        modality: The modality.

    Raises:
        FileError: There is no event, or their times span more than `LONGEST_NS`.
    """
    if not events.t.size:
        raise FileError(path, "the recording holds no events; record it anew")
    events = events.in_order()
    start, end = int(events.t[0]), int(events.t[-1])
    if end - start > LONGEST_NS:
        raise FileError(path, _NO_TIMES)
    t = events.t.astype(np.int64) - start
    doubts: tuple[Doubt, ...] = ()
    if size is None:
        size = _guessed_size(events)
        text = (
            f"the camera was taken to have {size[0]} x {size[1]} pixels, since the file does not "
            "say; save the events as npz with width and height"
        )
        doubts = (Doubt(Issue.UNIT_GUESSED, text),)
    duration = int(t[-1]) + 1
    return Recording(
        modality,
        "omnibind_msgs/msg/Events",
        _packets(events._replace(t=t), size, duration),
        duration,
        doubts,
    )


_NO_TIMES = "its times span more than a year, so they are damaged; restore the file"


def _guessed_size(events: Columns) -> tuple[int, int]:
    x, y = int(events.x.max()), int(events.y.max())
    return next(((w, h) for w, h in SIZES if x < w and y < h), (x + 1, y + 1))


def _packets(events: Columns, size: tuple[int, int], duration: int) -> Iterator[Timed]:
    """Yield the packets that have events: a damaged time may be hours away from the others."""
    number = events.t // PACKET_NS
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
    for first, last in pairwise(edges):
        x, y, t, p = events.pick(slice(first, last))
        begin = int(number[first]) * PACKET_NS
        message = SimpleNamespace(
            width=size[0], height=size[1], x=x, y=y, t=(t - begin).astype(np.uint32), p=p
        )
        yield Timed(message, begin, min(begin + PACKET_NS, duration))


def columns(path: Path, x: Any, y: Any, t_ns: Any, p: Any) -> Columns:
    """Return arrays of any type as events.

    Args:
        path: The file, for errors.
        x: [N], columns.
        y: [N], rows.
        t_ns: [N], nanoseconds.
        p: [N], 0 and 1, or -1 and 1.

    Raises:
        FileError: They differ in length, or have values that no event has.
    """
    arrays = [np.asarray(values) for values in (x, y, t_ns, p)]
    if any(array.ndim != 1 for array in arrays) or len({array.size for array in arrays}) > 1:
        lengths = ", ".join(str(array.shape) for array in arrays)
        raise FileError(path, f"x, y, t and p are of shapes {lengths}; save [N] each")
    for name, values in (("x", arrays[0]), ("y", arrays[1])):
        if values.size and not (values.min() >= 0 and values.max() < 1 << 14):
            raise FileError(
                path,
                f"{name} has values of {values.min()} .. {values.max()}, which are no pixels; "
                "save them in pixels from 0 on",
            )
    polarities = np.unique(arrays[3])
    if not np.isin(polarities, (-1, 0, 1)).all() or polarities.size > 2:
        shown = ", ".join(map(str, polarities[:4]))
        raise FileError(path, f"p has the values {shown}; save 0 for darker and 1 for brighter")
    return Columns(
        arrays[0].astype(np.uint16),
        arrays[1].astype(np.uint16),
        arrays[2].astype(np.int64),
        (arrays[3] > 0).astype(np.uint8),
    )


def from_structured(path: Path, events: npt.NDArray[Any], modality: str) -> Recording:
    """Return a structured array with the fields x, y, t and p, t in microseconds.

    Raises:
        FileError: A field is missing, or the events cannot be used.
    """
    names = events.dtype.names or ()
    if not {"x", "y", "t", "p"} <= set(names):
        raise FileError(path, "the array has no fields x, y, t and p; save events with them")
    flat = events.reshape(-1)
    t_ns = _nanoseconds(path, flat["t"])
    return recording(path, columns(path, flat["x"], flat["y"], t_ns, flat["p"]), None, modality)


def _nanoseconds(path: Path, t: Any) -> npt.NDArray[np.int64]:
    """Return times in nanoseconds: of microseconds, or of floats that span less than `SECONDS`.

    Raises:
        FileError: A time is not finite, or has more nanoseconds than 64 bits hold.
    """
    times = np.asarray(t)
    if times.size and not all(abs(float(end)) < 9e15 for end in (times.min(), times.max())):
        raise FileError(path, _NO_TIMES)
    if times.dtype.kind == "f":
        unit = 1e9 if not times.size or np.ptp(times) < SECONDS else NS_PER_US
        return np.asarray(np.rint(times.astype(np.float64) * unit), np.int64)
    return times.astype(np.int64) * NS_PER_US


def open_npz_file(path: Path, modality: str) -> Recording:
    """Open an npz file with events.

    It has x, y, t and p (t: microseconds, or seconds as floats), and perhaps width and
    height; or those of a dataset of this package, with size and t as differences in nanoseconds; or
    N-ImageNet's event_data, or x_pos, y_pos, timestamp and polarity.

    Raises:
        FileError: It is damaged, or has no such arrays.
    """
    try:
        arrays = read_npz(path)
    except DAMAGED_ARCHIVE as error:
        raise FileError(
            path, f"the npz cannot be read ({str(error)[:80]}); restore or save it anew"
        ) from error
    if "event_data" in arrays and arrays["event_data"].dtype.names:
        return from_structured(path, arrays["event_data"], modality)
    names = ("x", "y", "t", "p") if "t" in arrays else ("x_pos", "y_pos", "timestamp", "polarity")
    if not set(names) <= set(arrays):
        there = ", ".join(sorted(arrays)[:8]) or "nothing"
        raise FileError(path, f"the npz has {there}; save x, y, t, p, width and height")
    x, y, t, p = (arrays[name] for name in names)
    size: tuple[int, int] | None = None
    if {"width", "height"} <= set(arrays):
        size = int(arrays["width"]), int(arrays["height"])
    if "size" in arrays and "t" in arrays:
        size, t_ns = (int(arrays["size"][0]), int(arrays["size"][1])), np.cumsum(t, dtype=np.int64)
    else:
        t_ns = _nanoseconds(path, t)
    return recording(path, columns(path, x, y, t_ns, p), size, modality)
