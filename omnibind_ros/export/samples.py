"""Prepared samples of a dataset: int8 ranges are measured on some, exported networks on others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.image import centre_crop
from omnibind_ros.learning.tensors.cache import TensorCache

CALIBRATION, CHECKED = 200, 500
"""At most so many of each."""

Inputs = list[npt.NDArray[Any]]


@dataclass(frozen=True)
class Samples:
    """Inputs of one encoder.

    Attributes:
        calibration: Inputs [1, ...] of training objects.
        checked: Inputs [1, ...] of objects that training has not seen.
        labels: int64 [len(checked)], their classes.
    """

    calibration: Inputs
    checked: Inputs
    labels: npt.NDArray[np.int64]


def choose_samples(
    cache: TensorCache, modality: str, dataset: Dataset | None = None, size: int = 0, seed: int = 0
) -> Samples:
    """Draw samples of a modality.

    Args:
        cache: The tensors that the students were trained on.
        modality: A student modality, or image.
        dataset: Of the pictures, for the modality image; the cache has none.
        size: Sides of a picture that the image encoder takes, pixels.
        seed: Of the draw.
    """
    rng = np.random.default_rng(seed)
    rows = cache.rows[modality]
    usable = cache.quality[modality] > 0
    training = cache.splits[rows] == "train"
    chosen = []
    for which, most in ((training, CALIBRATION), (~training, CHECKED)):
        places = np.flatnonzero(which & usable)
        chosen.append(np.sort(rng.permutation(places)[:most]))

    def read(places: npt.NDArray[np.int64]) -> tuple[Inputs, list[int]]:
        found, kept = [], []
        for place in places:
            try:
                found.append(_input(cache, modality, int(place), dataset, size))
            except CodecError:
                continue  # such a sample has quality 0, unless its shard was damaged since
            kept.append(int(place))
        return found, kept

    calibration, _ = read(chosen[0])
    checked, kept = read(chosen[1])
    return Samples(calibration, checked, np.asarray(cache.labels[rows[kept]], np.int64))


def _input(
    cache: TensorCache, modality: str, place: int, dataset: Dataset | None, size: int
) -> npt.NDArray[Any]:
    if dataset is None:
        return np.asarray(cache.tensors[modality][place], np.float32)[None]
    picture = dataset[int(cache.rows[modality][place])][modality]
    return centre_crop(picture, size)[None]
