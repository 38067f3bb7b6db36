"""From fresh embeddings to a result: fuse and recognise at each new embedding."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from omnibind_ros.fusion import Fused, Fusion
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.contradiction import RECENTLY
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser, Recognition
from omnibind_ros.sensors.region import Region

from .cpu_time import CpuTime
from .embeddings import FreshEmbedding, StoredEmbedding
from .history import History


@dataclass(frozen=True)
class PerceptionResult:
    """What the sensors show at one time.

    Attributes:
        stamp_ns: The newest sensor stamp used, nanoseconds.
        frame_id: Frame of the newest sample.
        frames: N names, the frame of each sample; '' where it has none.
        sensors: N names.
        modalities: N names.
        weights: float32 [N], sum 1.
        ages: float32 [N], seconds since each sample was taken.
        agreement: float32 [N], -1 (contradicts the others) .. 1; see `Fused`.
        distances: float32 [N], 0 .. 1; see `StoredEmbedding`.
        values: float32 [D], the fused embedding, a unit vector.
        recognition: Its labels.
        samples: The N decoded samples, for drawing.
        regions: N, the part of each sample that was encoded; None for all of it.
        members: N, as recognition took them.
    """

    stamp_ns: int
    frame_id: str
    frames: tuple[str, ...]
    sensors: tuple[str, ...]
    modalities: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    ages: npt.NDArray[np.float32]
    agreement: npt.NDArray[np.float32]
    distances: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]
    recognition: Recognition
    samples: tuple[Any, ...]
    regions: tuple[Region | None, ...]
    members: tuple[Member, ...] = ()


class EmbeddingSource(Protocol):
    """What perception needs of an engine."""

    cpu_time: CpuTime

    def fresh_embeddings(self) -> list[FreshEmbedding]:
        """Return the embeddings to fuse."""
        ...

    def set_weights(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Take the fusion's weights of N sensors, sum 1."""
        ...

    def forget(self, before: float) -> None:
        """Drop what the sensors have shown before a monotonic time, seconds."""
        ...

    def set_contradicting(self, names: Sequence[str], contradicting: Sequence[str]) -> None:
        """Take which of N sensors contradict the others."""
        ...


class Perception:
    """Fuses fresh embeddings and recognises what they show. Thread-safe: one result at a time.

    Attributes:
        recogniser: Finds the labels of the fused embedding.
    """

    def __init__(
        self,
        fusion: Fusion,
        recogniser: Recogniser,
        on_result: Callable[[PerceptionResult], None],
        monotonic: Callable[[], float] = time.monotonic,
        history: History | None = None,
    ) -> None:
        """Create it.

        Args:
            fusion: Fuses the embeddings.
            recogniser: Finds the labels of the fused embedding.
            on_result: Takes each result, in the thread that calls `update`.
            monotonic: The engine's clock, seconds.
            history: What the results before tell; None: each result is recognised by itself.
        """
        self.recogniser = recogniser
        self._disagreement = ""
        self._compared = -math.inf
        self._fusion = fusion
        self._on_result = on_result
        self._monotonic = monotonic
        self._history = history
        self._lock = threading.Lock()
        self._entropies: dict[str, tuple[StoredEmbedding, LabelBank, float]] = {}

    def update(self, source: EmbeddingSource) -> None:
        """Fuse the fresh embeddings and pass the result on; without any, do nothing.

        Args:
            source: Has the embeddings, and takes the weights.
        """
        with self._lock:
            embeddings = source.fresh_embeddings()
            if not embeddings:
                return  # the new embedding was older than max_age when it was stored
            with source.cpu_time.measure("fuse"):
                result = self._result(source, embeddings)
            if result is not None:
                self._on_result(result)

    def reset(self, source: EmbeddingSource) -> None:
        """Forget all that was seen until now, because the robot turns to another thing.

        Args:
            source: Has the embeddings, and forgets them too.
        """
        with self._lock:
            source.forget(self._monotonic())
            self._disagreement = ""
            if self._history is not None:
                self._history.reset()

    @property
    def disagreement(self) -> str:
        """A sentence if the only two sensors contradict each other; else ''."""
        gone = self._monotonic() - self._compared > RECENTLY
        return "" if gone else self._disagreement

    def _result(
        self, source: EmbeddingSource, fresh: Sequence[FreshEmbedding]
    ) -> PerceptionResult | None:
        """Return a result; None if all was of a scene that has changed."""
        now = self._monotonic()
        fused, members = self._fuse(source, now, fresh)
        changed = self._history.scene_changed(now, members) if self._history is not None else None
        if changed is not None:
            source.forget(changed)
            fresh = source.fresh_embeddings()  # those of the new scene
            if not fresh:
                return None  # the next embedding is the first of it
            fused, members = self._fuse(source, now, fresh)
        names = tuple(member.sensor for member in members)
        if self._history is not None:
            before = self._history.contradicting(members)
            self._history.compare(now, members, fused.agreement, fused.weights)
            contradicting = self._history.contradicting(members)
            if contradicting != before:
                fused, members = self._fuse(source, now, fresh)
            source.set_contradicting(names, contradicting)
            self._disagreement = self._history.disagreement(members)
            self._compared = now
        instant = self.recogniser.distribution(fused.values, members)
        if self._history is None:
            recognition = self.recogniser.name(instant)
        else:
            recognition = self._history.recognise(now, instant, members, self.recogniser)
        if self._disagreement and self._both_have_learned(recognition, members):
            self._disagreement = ""
        stored = [member.embedding for member in fresh]
        newest = max(stored, key=lambda embedding: embedding.stamp_ns)
        return PerceptionResult(
            stamp_ns=newest.stamp_ns,
            frame_id=newest.frame_id,
            frames=tuple(embedding.frame_id for embedding in stored),
            sensors=names,
            modalities=tuple(member.modality for member in fresh),
            weights=fused.weights,
            ages=_ages(now, stored),
            agreement=fused.agreement,
            distances=np.array([embedding.distance for embedding in stored], np.float32),
            values=fused.values,
            recognition=recognition,
            samples=tuple(embedding.sample for embedding in stored),
            regions=tuple(embedding.region for embedding in stored),
            members=tuple(members),
        )

    def _both_have_learned(self, recognition: Recognition, members: Sequence[Member]) -> bool:
        """Return whether each sensor recognises the enrolled thing that is the best label.

        Agreement is by the shared space, in which what two sensors have learned may lie far apart.
        """
        enrolled = self.recogniser.bank.enrolled
        best = recognition.labels[0]
        return recognition.known and enrolled is not None and enrolled.all_speak_for(best, members)

    def _fuse(
        self, source: EmbeddingSource, now: float, fresh: Sequence[FreshEmbedding]
    ) -> tuple[Fused, list[Member]]:
        """Fuse embeddings, and return the result and each one's part in it.

        What a sensor says that contradicts the others is left out: its weight is 0, its agreement
        is that with all.
        """
        names = [member.sensor for member in fresh]
        stored = [member.embedding for member in fresh]
        entropies = self._entropies_of(names, stored)
        fused = self._fuse_some(now, fresh, entropies)
        # The scheduler needs the weights that the sensors have, were they all right: one that is
        # left out must still be encoded to be found right again.
        source.set_weights(names, fused.weights.tolist())
        out = self._history.contradicting(fresh) if self._history is not None else ()
        if out:
            rest = np.array([i for i, name in enumerate(names) if name not in out])
            part = self._fuse_some(now, [fresh[i] for i in rest], entropies[rest])
            weights, agreement = np.zeros_like(fused.weights), fused.agreement.copy()
            weights[rest], agreement[rest] = part.weights, part.agreement
            fused = Fused(part.values, weights, agreement)
        members = [
            Member(
                modality=member.modality,
                values=member.embedding.values,
                quality=member.embedding.quality,
                weight=weight,
                features=member.embedding.features,
                sensor=member.sensor,
                taken=member.embedding.taken,
                source=member.source,
            )
            for member, weight in zip(fresh, fused.weights.tolist(), strict=True)
        ]
        return fused, members

    def _fuse_some(
        self, now: float, fresh: Sequence[FreshEmbedding], entropies: npt.NDArray[np.float32]
    ) -> Fused:
        stored = [member.embedding for member in fresh]
        return self._fusion.fuse(
            np.array([embedding.values for embedding in stored], np.float32),
            tuple(member.modality for member in fresh),
            _ages(now, stored) * _age_scale(fresh),
            np.array([embedding.quality for embedding in stored], np.float32),
            entropies,
        )

    def _entropies_of(
        self, names: Sequence[str], stored: Sequence[StoredEmbedding]
    ) -> npt.NDArray[np.float32]:
        """Return each embedding's entropy, computed once for an embedding and a label bank."""
        bank = self.recogniser.bank
        before = self._entropies
        self._entropies = {}
        for name, embedding in zip(names, stored, strict=True):
            entry = before.get(name)
            if entry is None or entry[0] is not embedding or entry[1] is not bank:
                entry = (embedding, bank, self.recogniser.entropy(embedding.values))
            self._entropies[name] = entry
        return np.array([self._entropies[name][2] for name in names], np.float32)


def _ages(now: float, stored: Sequence[StoredEmbedding]) -> npt.NDArray[np.float32]:
    return np.array([now - embedding.taken for embedding in stored], np.float32)


def _age_scale(fresh: Sequence[FreshEmbedding]) -> npt.NDArray[np.float32]:
    """Return by what the ages are multiplied before they are weighed.

    The fusion network knows the `max_age` of each modality, at which a member counts for nothing. A
    sensor with another one counts by the share of its own `max_age` that is over.
    """
    scale = np.ones(len(fresh), np.float32)
    for place, member in enumerate(fresh):
        known = MODALITIES.get(member.modality)
        if known is not None and member.max_age > 0:
            scale[place] = known.max_age / member.max_age
    return scale
