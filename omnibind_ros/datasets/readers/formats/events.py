"""Files of event cameras: the 5-byte events of the ATIS camera, and N-ImageNet's npz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, read_npz
from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.files.formats.event_streams import read_atis

from .files import shown

NS_PER_US = 1_000

Event = dict[str, Any]
"""A window of events: x, y uint16 [N] px, t int64 [N] ns after the start (ascending), p uint8 [N],
0 darker and 1 brighter, width and height in px, duration_ns."""


def window(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    t_ns: npt.NDArray[np.int64],
    p: npt.ArrayLike,
    size: tuple[int, int],
    what: str,
) -> Event:
    """Make a window of events that begins at the first of them.

    Args:
        x: [N], columns.
        y: [N], rows.
        t_ns: int64 [N], times in ns, in any order.
        p: [N], above 0 where it got brighter.
        size: Width and height of the sensor in pixels.
        what: The file, for the error.

    Raises:
        SkipError: There is no event, or one lies outside the sensor.
    """
    x, y, p = np.asarray(x), np.asarray(y), np.asarray(p)
    if not t_ns.size:
        raise SkipError(what, "the recording holds no events")
    if not (x.min() >= 0 and x.max() < size[0] and y.min() >= 0 and y.max() < size[1]):
        raise SkipError(what, f"events lie outside the sensor of {size[0]} x {size[1]} pixels")
    order = np.argsort(t_ns, kind="stable")
    t = t_ns[order] - t_ns[order[0]]
    return {
        "x": x[order].astype(np.uint16),
        "y": y[order].astype(np.uint16),
        "t": t,
        "p": (p[order] > 0).astype(np.uint8),
        "width": size[0],
        "height": size[1],
        "duration_ns": int(t[-1]) + 1,
    }


def load_atis(path: Path, size: tuple[int, int]) -> Event:
    """Read the binary format of N-MNIST and N-Caltech101, see `read_atis`.

    Args:
        path: The file, .bin or .bs2.
        size: Width and height of the sensor.

    Raises:
        SkipError: The file is missing, cut off, or its events cannot be used.
    """
    try:
        events = read_atis(np.fromfile(path, np.uint8))
    except OSError as error:
        raise SkipError(shown(path), f"the recording cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SkipError(shown(path), str(error)) from error
    return window(events.x, events.y, events.t, events.p, size, shown(path))


def load_nimagenet(path: Path, size: tuple[int, int] = (640, 480)) -> Event:
    """Read a file of N-ImageNet.

    It is an npz with a structured array event_data (x, y, t, p), or, uncompressed, with the arrays
    x_pos, y_pos, timestamp and polarity; times in microseconds (82magnolia/n_imagenet on GitHub).

    Args:
        path: The file.
        size: Width and height of the sensor, a Samsung DVS Gen3.

    Raises:
        SkipError: The file is missing, broken, or its events cannot be used.
    """
    try:
        file = read_npz(path)
        if "event_data" in file:
            events = file["event_data"]
            x, y, t, p = (events[name] for name in ("x", "y", "t", "p"))
        else:
            x, y, t, p = (file[k] for k in ("x_pos", "y_pos", "timestamp", "polarity"))
    except FileNotFoundError as error:
        raise SkipError(shown(path), "the recording is missing") from error
    except DAMAGED_ARCHIVE as error:
        raise SkipError(shown(path), "the recording is no npz with events") from error
    t_ns = (np.asarray(t).astype(np.float64) * NS_PER_US).astype(np.int64)
    return window(x, y, t_ns, p, size, shown(path))
