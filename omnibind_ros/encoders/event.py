"""The events of a window as a voxel grid, the input of the event student."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.sensors.event import EventWindow

from .manifest import TensorSpec
from .student import Prepared

ENOUGH = (0.01, 0.25)
"""Events per cell of the grid's picture at which a window begins to count, and counts in full."""

OVERLOAD = (100.0, 400.0)
"""Events per pixel and second beyond which a window counts less, and counts for nothing.

Moving scenes stay below the first; lamps that flicker at 100 or 120 Hz in the whole picture give
at least one event of each polarity a period and pixel, and mostly several.
"""


def voxel_grid(window: EventWindow, bins: int, height: int, width: int) -> npt.NDArray[np.float32]:
    """Accumulate events with bilinear interpolation in time.

    Discretised event volume of Zhu et al., Unsupervised Event-based Learning of Optical Flow, Depth
    and Egomotion (CVPR 2019), equations 1 and 2: an event of polarity +-1 is shared by the two bins
    next to it. Here the first and last bin stand at the window's ends, not at its first and last
    event, so that few events are not stretched. The picture is scaled to fit, its sides in
    proportion and centred, by adding up the events of each cell.

    Args:
        window: The events.
        bins: Bins of time.
        height: Rows of the grid.
        width: Columns of the grid.

    Returns:
        float32 [bins, height, width], sums of polarities.
    """
    scale = min(width / window.width, height / window.height)
    left, top = (width - scale * window.width) / 2, (height - scale * window.height) / 2
    columns = (left + scale * (np.arange(window.width) + 0.5)).astype(np.int32)
    rows = (top + scale * (np.arange(window.height) + 0.5)).astype(np.int32) * width
    cells = rows[window.y] + columns[window.x]

    # Between two bins only the sum and the moment of the polarities matter.
    gaps = max(bins - 1, 1)
    position = window.t * (gaps / max(window.duration_ns, 1))
    gap = np.minimum(position.astype(np.int32), gaps - 1)
    polarity = window.p * 2.0 - 1.0
    cells += gap * (height * width)
    size = gaps * height * width
    total = np.bincount(cells, polarity, size).reshape(gaps, height, width)
    if bins == 1:
        return total.astype(np.float32)
    moment = np.bincount(cells, polarity * (position - gap), size).reshape(total.shape)
    grid = np.zeros((bins, height, width))
    grid[:-1] = total - moment
    grid[1:] += moment
    return grid.astype(np.float32)


def normalised(grid: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bring the cells that are not zero to mean 0 and standard deviation 1; the others stay 0.

    As Rebecq et al., High Speed and High Dynamic Range Video with an Event Camera (TPAMI 2019) do:
    it takes out how fast the scene moves and how sensitive the camera is.
    """
    active = grid != 0
    count = np.count_nonzero(active)
    if not count:
        return grid
    mean = float(grid.sum(dtype=np.float64)) / count
    variance = float(np.square(grid, dtype=np.float64).sum()) / count - mean * mean
    if variance < 1e-6:  # all alike, such as a single event
        return np.asarray(np.sign(grid), np.float32)
    return np.where(active, (grid - mean) / np.sqrt(variance), 0).astype(np.float32)


def prepare_events(sample: Any, spec: TensorSpec) -> Prepared:
    """Make a window of events the input of the event student.

    Args:
        sample: `EventWindow`.
        spec: Of the input: float32 [1, bins, height, width].

    Returns:
        The normalised voxel grid. The quality grows with the number of events up to one for four
        cells, and falls where the rate is that of flicker or overload.
    """
    _, bins, height, width = spec.shape
    grid = normalised(voxel_grid(sample, bins, height, width))
    count = sample.t.size
    few = np.interp(count / (height * width), ENOUGH, (0, 1))
    rate = count / (sample.width * sample.height) / max(sample.duration_ns * 1e-9, 1e-9)
    return Prepared(grid[None], float(few * np.interp(rate, OVERLOAD, (1, 0))))
