"""Draws prepared samples of a dataset: some to measure int8 ranges, others to check exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.framing import frame
from omnibind_ros.encoders.manifest import BundleError, TensorSpec
from omnibind_ros.learning.tensors.cache import TensorCache

MAX_CALIBRATION, MAX_HELD_OUT = 200, 500
"""Largest number of samples of each kind."""

Inputs = list[npt.NDArray[Any]]


@dataclass(frozen=True)
class Pictures:
    """Where the inputs of an image encoder come from.

    Attributes:
        dataset: Has the pictures.
        tensor: The encoder's input, which says how they are framed.
    """

    dataset: Dataset
    tensor: TensorSpec


@dataclass(frozen=True)
class ExportSamples:
    """Inputs of one encoder.

    Attributes:
        calibration: Inputs [1, ...] from training objects.
        held_out: Inputs [1, ...] from validation and test objects, or from training objects where
            there are no others; at least one.
        labels: int64 [len(held_out)], their classes.
    """

    calibration: Inputs
    held_out: Inputs
    labels: npt.NDArray[np.int64]


def choose_samples(
    cache: TensorCache,
    modality: str,
    pictures: Pictures | None = None,
    seed: int = 0,
) -> ExportSamples:
    """Draw samples of a modality.

    Args:
        cache: The tensors that the students were trained on.
        modality: A student modality, or image.
        pictures: Where the pictures are, for the modality image; the cache has none.
        seed: Of the draw.

    Raises:
        BundleError: There is no usable sample.
    """
    rng = np.random.default_rng(seed)
    rows = cache.index.rows[modality]
    usable = cache.quality(modality) > 0
    training = cache.index.splits[rows] == "train"

    def draw(split: npt.NDArray[np.bool_], most: int) -> tuple[Inputs, list[int]]:
        inputs, places = [], []
        for place in np.sort(rng.permutation(np.flatnonzero(split & usable))[:most]):
            try:
                inputs.append(_read_input(cache, modality, int(place), pictures))
            except CodecError:
                continue  # the shard was damaged after the tensors were cached
            places.append(int(place))
        return inputs, places

    calibration, _ = draw(training, MAX_CALIBRATION)
    held_out, places = draw(~training, MAX_HELD_OUT)
    if not held_out:  # a dataset whose objects are all for training
        held_out, places = draw(training, MAX_HELD_OUT)
    if not held_out:
        raise BundleError(
            f"the dataset has no usable {modality} samples to check the export on; give another "
            "--data"
        )
    return ExportSamples(
        calibration, held_out, np.asarray(cache.index.labels[rows[places]], np.int64)
    )


def _read_input(
    cache: TensorCache, modality: str, place: int, pictures: Pictures | None
) -> npt.NDArray[Any]:
    if pictures is None:
        return np.asarray(cache.inputs.tensors[modality][place], np.float32)[None]
    picture = pictures.dataset[int(cache.index.rows[modality][place])][modality]
    return frame(picture, pictures.tensor).pixels[None]
