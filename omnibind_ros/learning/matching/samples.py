"""Encodes the samples of a dataset with a bundle, features included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.af.encoding import Piece, read_observation
from omnibind_ros.progress import Progress, no_progress


@dataclass(frozen=True)
class Views:
    """What an encoder makes of n samples.

    Attributes:
        values: float32 [n, D], embeddings.
        features: float32 [n, F]; F is 0 where the encoder has none.
        quality: float32 [n].
        rows: int64 [n], which samples of the dataset.
    """

    values: Floats
    features: Floats
    quality: Floats
    rows: npt.NDArray[np.int64]


def encode_views(
    bundle: Bundle,
    dataset: Dataset,
    modality: str,
    rows: npt.NDArray[np.int64],
    progress: Progress = no_progress,
) -> Views:
    """Encode samples of one modality; damaged ones are left out.

    Args:
        bundle: Has the encoder.
        dataset: Has the samples.
        modality: The modality.
        rows: Which samples.
        progress: Called with (samples done, samples).

    Raises:
        BundleError: The encoder is missing or broken.
    """
    encoder = bundle.encoder(modality)
    values, features, quality, kept = [], [], [], []
    for number, row in enumerate(rows.tolist()):
        observation = read_observation(dataset, row, Piece(modality, "", (row,)))
        if observation is not None:
            encoding = encoder.encode(observation)
            none = np.zeros(0, np.float32)
            values.append(encoding.values)
            features.append(none if encoding.features is None else encoding.features)
            quality.append(encoding.quality)
            kept.append(row)
        progress(number + 1, len(rows))
    return Views(
        np.array(values, np.float32),
        np.array(features, np.float32),
        np.array(quality, np.float32),
        np.array(kept, np.int64),
    )
