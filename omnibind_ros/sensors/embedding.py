"""Embeddings from other hosts: an encoder node's output is read as a sensor of its modality."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.modalities import MODALITIES

from .base import RejectedSampleError, SensorType

MESSAGE = "omnibind_msgs/msg/Embedding"

UNIT_TOLERANCE = 0.01
"""Largest allowed difference of an embedding's length from 1."""

MAX_WINDOW = 3600.0
"""Longest window of a sample, seconds."""


class RemoteEmbedding(NamedTuple):
    """An embedding that another host has made.

    Attributes:
        values: float32 [D], unit vector.
        quality: 0..1.
        modality: A key of `MODALITIES`.
        model: Name and version of the bundle that made it.
        distance: 0 .. 1, from what the encoder was trained on.
        features: float32 [F], what the encoder projects; None where it does not say.
        window: Seconds before its stamp that its sample reaches back to.
    """

    values: npt.NDArray[np.float32]
    quality: float
    modality: str
    model: str
    distance: float = 0.0
    features: npt.NDArray[np.float32] | None = None
    window: float = 0.0


def decode_embedding(msg: Any, _options: Any = None) -> RemoteEmbedding:
    """Return the embedding of an omnibind_msgs/Embedding.

    Args:
        msg: Anything with values, quality, modality, model, distance, features and window.

    Raises:
        RejectedSampleError: Empty, not finite, no unit vector, a quality or distance outside 0..1,
            or a window outside 0..`MAX_WINDOW`.
    """
    values = np.array(msg.values, np.float32)
    length = float(np.linalg.norm(values.astype(np.float64)))  # float32 may overflow
    if not abs(length - 1.0) <= UNIT_TOLERANCE:  # false for NaN too
        raise RejectedSampleError(
            f"an embedding of {values.size} values has length {length:.3g} instead of 1; publish "
            "what an encoder node publishes"
        )
    for name, value in (("quality", msg.quality), ("distance", msg.distance)):
        if not 0.0 <= value <= 1.0:
            raise RejectedSampleError(f"an embedding's {name} is {value:g}; it must be in 0 .. 1")
    if not 0.0 <= msg.window <= MAX_WINDOW:
        raise RejectedSampleError(
            f"an embedding's window is {msg.window:g} s; it must be in 0 .. {MAX_WINDOW:g}"
        )
    features = np.array(msg.features, np.float32)
    if not np.isfinite(features).all():
        raise RejectedSampleError(
            "an embedding's features are not finite; publish what an encoder node publishes"
        )
    return RemoteEmbedding(
        values / length,
        float(msg.quality),
        msg.modality,
        msg.model,
        float(msg.distance),
        features if features.size else None,
        float(msg.window),
    )


SENSOR_TYPES = tuple(
    SensorType(modality, MESSAGE, decode_embedding, encoded=True) for modality in MODALITIES
)
