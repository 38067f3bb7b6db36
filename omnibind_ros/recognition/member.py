"""A member: one sensor's embedding among those that are fused, as recognition takes it."""

from __future__ import annotations

from dataclasses import dataclass

from omnibind_ros.arrays import Floats


@dataclass(frozen=True)
class Member:
    """One sensor's embedding, and what the fusion made of it.

    Attributes:
        modality: The sensor's modality.
        values: float32 [D], unit vector.
        quality: 0..1.
        weight: Its share in the fusion, 0..1; those of all members sum to 1.
        features: float32 [F], what the encoder projects; None where it does not say.
        sensor: Name of the sensor; empty where there is none.
        taken: Monotonic time when its sample was taken, seconds.
        source: Of the sensor whatever its name is; empty: its name.
    """

    modality: str
    values: Floats
    quality: float = 1.0
    weight: float = 1.0
    features: Floats | None = None
    sensor: str = ""
    taken: float = 0.0
    source: str = ""

    @property
    def key(self) -> str:
        """By what is remembered what the sensor has shown."""
        return self.source or self.sensor
