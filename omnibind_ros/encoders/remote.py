"""The encoder of embeddings that another host has made already: it only checks them."""

from __future__ import annotations

from typing import Any

from omnibind_ros.sensors import RejectedSampleError

from .base import Encoding


class RemoteEncoder:
    """Takes embeddings of one modality and one model as they are."""

    def __init__(self, modality: str, model: str, size: int) -> None:
        """Create an encoder.

        Args:
            modality: That of the sensor.
            model: Name and version of this node's bundle.
            size: Its embedding size.
        """
        self.modality = modality
        self.model = model
        self._size = size

    def encode(self, sample: Any) -> Encoding:
        """Check a sample and return its embedding.

        Args:
            sample: `omnibind_ros.sensors.embedding.RemoteEmbedding`.

        Raises:
            RejectedSampleError: It is of another model, size or modality, so it does not compare.
        """
        if sample.model != self.model or sample.values.size != self._size:
            raise RejectedSampleError(
                f"an embedding of {sample.values.size} values by model '{sample.model[:60]}' does "
                f"not compare with {self._size} values of {self.model}; give both hosts one bundle"
            )
        if sample.modality != self.modality:
            raise RejectedSampleError(
                f"an embedding of modality '{sample.modality[:20]}' came for a sensor of "
                f"'{self.modality}'; set the sensor's modality or topic"
            )
        return Encoding(
            sample.values, sample.quality, sample.distance, sample.features, sample.window
        )
