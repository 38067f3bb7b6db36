"""Windows of sounds that are longer than the input of a student.

A published clip is five seconds long, an input two, and a bark in it half a second: the end of the
clip, which is all that `encoders.audio.prepare` takes, is often silence. So a long sound is several
inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.audio import DEFAULTS
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.units import SAMPLE_RATE

HOP = SAMPLE_RATE
"""Samples from a window to the next, about: one second."""


def input_length(spec: TensorSpec) -> int:
    """Return how many samples of sound an input of M bands and T frames takes."""
    given = {**DEFAULTS, **spec.parameters}
    rate = given["sample_rate"]
    return (spec.shape[3] - 1) * round(given["hop"] * rate) + round(given["window"] * rate)


def window_count(length: int, wanted: int) -> int:
    """Return how many windows a sound is cut into: one if it is hardly longer than a window.

    Args:
        length: Samples of the sound.
        wanted: Samples of a window.
    """
    return 1 + max(round((length - wanted) / HOP), 0)


def window(sound: npt.NDArray[Any], number: int, count: int, wanted: int) -> npt.NDArray[Any]:
    """Return one of a sound's evenly spaced windows; the last ends with the sound.

    Args:
        sound: [n].
        number: Which, from 0.
        count: Of how many.
        wanted: Samples of a window.

    Returns:
        [wanted]; the sound itself if there is only one window.
    """
    if count == 1:
        return sound
    start = round((len(sound) - wanted) * number / (count - 1))
    return sound[start : start + wanted]


def sound_windows(
    dataset: Dataset, rows: npt.NDArray[np.int64], spec: TensorSpec
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the windows of a dataset's sounds.

    Args:
        dataset: The dataset.
        rows: int [n], samples that have a sound.
        spec: The student's input.

    Returns:
        int [W], the sample of each window; and int [W, 2], which of its windows it is, of how many.
    """
    wanted = input_length(spec)
    counts = np.ones(len(rows), np.int64)
    for place, row in enumerate(rows):
        try:
            counts[place] = window_count(dataset[int(row)].length("audio"), wanted)
        except CodecError:
            continue  # one window; its preparation finds that it is damaged
    number = np.concatenate([np.arange(count) for count in counts]) if len(rows) else counts
    return np.repeat(rows, counts), np.stack([number, np.repeat(counts, counts)], 1)


def best_rows(
    rows: npt.NDArray[np.int64], quality: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """Return one place of each sample, ascending: that of its best window.

    Args:
        rows: int [W], the sample of each window.
        quality: float32 [W].
    """
    order = np.lexsort((np.arange(len(rows)), -quality, rows))
    first = np.r_[True, np.diff(rows[order]) > 0] if len(rows) else np.zeros(0, bool)
    return np.asarray(np.sort(order[first]))
