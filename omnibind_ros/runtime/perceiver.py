"""From fresh embeddings to a result: fuse and recognise, each time one of them is new."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.fusion import Fusion
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser, Recognition

from .channel import StoredEmbedding
from .engine import Engine


@dataclass(frozen=True)
class Result:
    """One fused perception.

    Attributes:
        stamp_ns: The newest sensor stamp used, nanoseconds.
        frame_id: Frame of the newest sample.
        sensors: N names.
        modalities: N names.
        weights: float32 [N], sum 1.
        ages: float32 [N], seconds since each sample was taken.
        values: float32 [D], unit vector in the shared space.
        recognition: What it is.
        samples: The N decoded samples, for drawing.
    """

    stamp_ns: int
    frame_id: str
    sensors: tuple[str, ...]
    modalities: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    ages: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]
    recognition: Recognition
    samples: tuple[Any, ...]


class Perceiver:
    """Listens to an engine; gives one result at a time."""

    def __init__(
        self,
        engine: Engine,
        fusion: Fusion,
        recogniser: Recogniser,
        on_result: Callable[[Result], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Listen to an engine.

        Args:
            engine: Whose embeddings to fuse.
            fusion: Fuses the fresh embeddings.
            recogniser: Names what was fused.
            on_result: Takes each result, in one of the engine's threads.
            monotonic: The engine's clock, seconds.
        """
        self.recogniser = recogniser
        self._engine = engine
        self._fusion = fusion
        self._on_result = on_result
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entropies: dict[str, tuple[StoredEmbedding, LabelBank, float]] = {}
        engine.on_embedding = self.update

    def update(self, _name: str) -> None:
        """Fuse what is fresh, name it and hand it on."""
        with self._lock:
            members = self._engine.members()
            if not members:
                return  # older than max_age by the time it was encoded
            with self._engine.meter.of("fuse"):
                result = self._fuse(members)
            self._on_result(result)

    def _fuse(self, members: list[Any]) -> Result:
        names = tuple(member.name for member in members)
        modalities = tuple(member.modality for member in members)
        kept = [member.embedding for member in members]
        now = self._monotonic()
        ages = np.array([now - embedding.taken for embedding in kept], np.float32)
        qualities = np.array([embedding.quality for embedding in kept], np.float32)
        entropies = self._entropies_of(names, kept)
        fused = self._fusion.fuse(
            np.stack([embedding.values for embedding in kept]),
            modalities,
            ages,
            qualities,
            entropies,
        )
        self._engine.weigh(names, fused.weights.tolist())
        newest = max(kept, key=lambda embedding: embedding.stamp_ns)
        return Result(
            stamp_ns=newest.stamp_ns,
            frame_id=newest.frame_id,
            sensors=names,
            modalities=modalities,
            weights=fused.weights,
            ages=ages,
            values=fused.values,
            recognition=self.recogniser.recognise(
                fused.values, modalities, fused.weights, qualities
            ),
            samples=tuple(embedding.sample for embedding in kept),
        )

    def _entropies_of(
        self, names: tuple[str, ...], kept: list[StoredEmbedding]
    ) -> npt.NDArray[np.float32]:
        """Return each embedding's entropy, computed once for an embedding and a label bank."""
        bank = self.recogniser.bank
        known = self._entropies
        self._entropies = {}
        for name, embedding in zip(names, kept, strict=True):
            entry = known.get(name)
            if entry is None or entry[0] is not embedding or entry[1] is not bank:
                entry = (embedding, bank, self.recogniser.entropy(embedding.values))
            self._entropies[name] = entry
        return np.array([self._entropies[name][2] for name in names], np.float32)
