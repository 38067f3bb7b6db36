"""The events of a window as a voxel grid, the input of the event student."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.sensors.event import EventWindow

from .manifest import TensorSpec
from .student import Prepared

INPUT = TensorSpec("event", (1, 5, 64, 64), "float32", "NCHW", "voxel grid of polarities")
"""Input of the shipped student."""

ENOUGH = (0.01, 0.25)
"""Numbers of events per cell of the grid's picture between which the quality rises from 0 to 1."""

OVERLOAD = (100.0, 400.0)
"""Numbers of events per pixel and second between which the quality falls from 1 to 0.

Simulated pans over photographs stay below the first, except over grass and gravel at high speed.
Lamps that flicker at 100 or 120 Hz give each pixel an event of either polarity in each period, and
mostly more.
"""

CLUSTERING = (0.04, 0.15)
"""Values of `clustering` between which the quality rises from 0 to 1.

Measured with 50 ms: background noise and hot pixels stay below the first; digits of N-MNIST (1.6
and more) and pans over photographs of objects (0.14 and more) lie above the second; a wall or lawn
that fills the picture cannot be told from noise (0.00 to 0.04).
"""


def _cells(length: int, cells: int, start: float = 0.0) -> npt.NDArray[np.int32]:
    """Return the cell of each of `length` pixels along one axis.

    Args:
        length: Pixels.
        cells: Cells along the axis.
        start: Cells that stay empty before the first pixel, and after the last.
    """
    scale = (cells - 2 * start) / length
    return (start + scale * (np.arange(length) + 0.5)).astype(np.int32)


def voxel_grid(window: EventWindow, bins: int, height: int, width: int) -> npt.NDArray[np.float32]:
    """Accumulate events with bilinear interpolation in time.

    Discretised event volume of Zhu et al., Unsupervised Event-based Learning of Optical Flow, Depth
    and Egomotion (CVPR 2019), equations 1 and 2: an event of polarity +-1 is shared by the two bins
    next to it. Here the first and last bin stand at the ends of the window, not at its first and
    last event, so that a few events are not stretched over all bins. The picture is scaled to fit,
    centred, its aspect ratio unchanged, by adding up the events of each cell.

    Args:
        window: The events.
        bins: Bins along time.
        height: Rows of the grid.
        width: Columns of the grid.

    Returns:
        float32 [bins, height, width], sums of polarities.
    """
    scale = min(width / window.width, height / window.height)
    columns = _cells(window.width, width, (width - scale * window.width) / 2)
    rows = _cells(window.height, height, (height - scale * window.height) / 2)
    cells = (rows * width)[window.y] + columns[window.x]

    # The sum and the first moment of the polarities between two bins give both bins.
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
    """Scale the cells that are not zero to mean 0 and standard deviation 1; the others stay 0.

    As in Rebecq et al., High Speed and High Dynamic Range Video with an Event Camera (TPAMI 2019):
    it removes the effect of the scene's speed and of the camera's sensitivity.
    """
    active = np.abs(grid) > 1e-6  # polarities that cancel leave a rounding error
    count = np.count_nonzero(active)
    if not count:
        return grid
    mean = float(grid.sum(dtype=np.float64)) / count
    variance = float(np.square(grid, dtype=np.float64).sum()) / count - mean * mean
    if variance < 1e-6:  # all alike, such as a single event
        return np.asarray(np.sign(grid), np.float32)
    return np.where(active, (grid - mean) / np.sqrt(variance), 0).astype(np.float32)


def clustering(window: EventWindow, height: int, width: int) -> float:
    """Measure whether events lie close together, as on a moving edge, or anywhere, as noise.

    Args:
        window: The events.
        height: Rows of the voxel grid; events are counted in cells of twice its side.
        width: Columns of the voxel grid.

    Returns:
        Covariance of the square roots of neighbouring cells' counts, divided by their squared mean.
        It is 0 for independent events of one rate, whatever the rate. The square root makes the
        variances of all counts alike, so that a hot pixel has little influence.
    """
    scale = min(width / window.width, height / window.height) / 2
    across, down = (max(round(scale * side), 1) for side in (window.width, window.height))
    rows, columns = _cells(window.height, down) * across, _cells(window.width, across)
    counts = np.bincount(rows[window.y] + columns[window.x], minlength=down * across)
    roots = np.sqrt(counts).reshape(down, across)
    mean = float(roots.mean())
    if mean == 0:
        return 0.0
    apart = roots - mean
    products = (apart[1:] * apart[:-1], apart[:, 1:] * apart[:, :-1])
    return float(np.mean([product.mean() if product.size else 0 for product in products])) / mean**2


def prepare(sample: Any, spec: TensorSpec) -> Prepared:
    """Turn a window of events into the input of the event student.

    Args:
        sample: `EventWindow`.
        spec: The input: float32 [1, bins, height, width].

    Returns:
        The normalised voxel grid. The quality grows with the number of events up to one for four
        cells, is 0 where the events are spread like noise, and falls where there are as many as
        from flicker or an overexposed camera.
    """
    _, bins, height, width = spec.shape
    grid = normalised(voxel_grid(sample, bins, height, width))
    count = sample.t.size
    rate = count / (sample.width * sample.height) / max(sample.duration_ns * 1e-9, 1e-9)
    quality = (
        np.interp(count / (height * width), ENOUGH, (0, 1))
        * np.interp(clustering(sample, height, width), CLUSTERING, (0, 1))
        * np.interp(rate, OVERLOAD, (1, 0))
    )
    return Prepared(grid[None], float(quality))
