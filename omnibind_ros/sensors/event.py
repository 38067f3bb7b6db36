"""Event cameras: packets of events to the events of a window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class EventWindow(NamedTuple):
    """The events of a stretch of time: a sample of the modality `event`.

    Attributes:
        x: uint16 [N], column, pixels from the left.
        y: uint16 [N], row, pixels from the top.
        t: int64 [N], nanoseconds after the window's start, ascending.
        p: uint8 [N], polarity: 0 darker, 1 brighter.
        width: Of the camera, pixels.
        height: Of the camera, pixels.
        duration_ns: Of the window, nanoseconds; no t is larger.
    """

    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    t: npt.NDArray[np.int64]
    p: npt.NDArray[np.uint8]
    width: int
    height: int
    duration_ns: int
