"""Embeddings that the engine stores, one for each sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.sensors.region import Region


@dataclass(frozen=True)
class StoredEmbedding:
    """A sensor's newest embedding.

    Attributes:
        values: float32 [D], unit vector.
        quality: 0..1.
        sample: The sample it was encoded from, for drawing.
        stamp_ns: When the sample was taken, nanoseconds.
        frame_id: The sensor's frame.
        taken: Monotonic time when the sample was taken, seconds.
        distance: How far the sample is from what the encoder was trained on, 0 .. 1.
        features: float32 [F], what the encoder projects; None where it does not say.
        region: The part of the sample that was encoded; None: all of it.
        begins: When the oldest message of a window was taken, seconds; None: `taken`.
    """

    values: npt.NDArray[np.float32]
    quality: float
    sample: Any
    stamp_ns: int
    frame_id: str
    taken: float
    distance: float = 0.0
    features: npt.NDArray[np.float32] | None = None
    region: Region | None = None
    begins: float | None = None

    @property
    def oldest(self) -> float:
        """Monotonic time from which on it tells what was there, seconds."""
        return self.taken if self.begins is None else self.begins


class FreshEmbedding(NamedTuple):
    """An embedding younger than its sensor's max_age.

    Attributes:
        sensor: Name of the sensor.
        modality: The sensor's modality.
        embedding: Its newest embedding.
        max_age: The sensor's own, seconds; 0: that of its modality.
        source: Of the sensor whatever its name is; another sensor of that name has another one.
            Empty: its name.
    """

    sensor: str
    modality: str
    embedding: StoredEmbedding
    max_age: float = 0.0
    source: str = ""

    @property
    def key(self) -> str:
        """By what is remembered what the sensor has shown."""
        return self.source or self.sensor
