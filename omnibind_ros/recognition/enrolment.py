"""Enrolment: a prototype for a label, from what the sensors show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats

from .member import Member

STRETCHES = 5
"""Parts of an enrolment, each of which gives one prototype of each sensor."""

LEAST_QUALITY = 0.05
"""Quality below which a sensor sees nothing that can be learned."""


class SensorViews(NamedTuple):
    """What one sensor has shown during an enrolment.

    Attributes:
        modality: The sensor's modality.
        values: float32 [n, D], the unit means of its embeddings in each of n stretches.
        features: float32 [n, F], the means of its features; F is 0 if some samples have none.
    """

    modality: str
    values: Floats
    features: Floats


class Learned(NamedTuple):
    """What an enrolment has learned.

    Attributes:
        values: float32 [D], the unit mean of the results.
        modalities: Those that were fused in any of the results, in alphabetical order.
        results: Number of results.
        sensors: What each sensor has shown.
        left_out: The sensors of which nothing was learned, each with a sentence that says why.
        names: The sensors that were learned from, in alphabetical order.
    """

    values: npt.NDArray[np.float32]
    modalities: tuple[str, ...]
    results: int
    sensors: tuple[SensorViews, ...] = ()
    left_out: Mapping[str, str] = MappingProxyType({})
    names: tuple[str, ...] = ()


class _Result(NamedTuple):
    values: npt.NDArray[np.float32]
    quality: float
    modalities: tuple[str, ...]
    members: tuple[Member, ...]


class Enrolment:
    """Collects fused embeddings for some seconds and returns their mean direction. Thread-safe."""

    def __init__(self) -> None:
        """Create an enrolment that collects nothing yet."""
        self._lock = threading.Lock()
        self._results: list[_Result] | None = None

    def add(
        self,
        values: npt.NDArray[np.float32],
        quality: float,
        modalities: Sequence[str] = (),
        members: Sequence[Member] = (),
    ) -> None:
        """Add a fused embedding; it is ignored unless `collect` is under way.

        Args:
            values: float32 [D], unit vector.
            quality: Weighted mean of its members' qualities, 0..1.
            modalities: Its members' modalities.
            members: Its members.
        """
        with self._lock:
            if self._results is not None:
                self._results.append(_Result(values, quality, tuple(modalities), tuple(members)))

    def collect(
        self,
        duration: float,
        wait: Callable[[float], object],
        least_quality: float = 0.0,
        spoiled: Callable[[], Mapping[str, str]] = dict,
    ) -> Learned:
        """Collect the embeddings that `add` gets meanwhile.

        Args:
            duration: Seconds, 0.1 .. 60.
            wait: Waits that many seconds.
            least_quality: Embeddings of a lower quality, and those of quality 0, are left out.
            spoiled: Returns the sensors of which nothing can be learned, each with a sentence that
                says why; it is called at the end.

        Raises:
            ValueError: The duration is out of range, another enrolment is under way, no embedding
                of sufficient quality was added, or all that was seen is of spoiled sensors.
        """
        if not 0.1 <= duration <= 60.0:
            raise ValueError(f"duration is {duration:g} s, but must be in 0.1 .. 60 s")
        with self._lock:
            if self._results is not None:
                raise ValueError("another enrolment is under way; wait until it has ended")
            self._results = []
        try:
            wait(duration)
        finally:
            with self._lock:
                collected, self._results = self._results, None
        doubts = spoiled()
        seen = {member.sensor for result in collected for member in result.members}
        left_out = {name: why for name, why in doubts.items() if name in seen}
        if collected and left_out:
            collected = [r for each in collected if (r := _without(each, left_out)) is not None]
            if not collected:
                raise ValueError(f"nothing was learned: {spoiled_sentence(left_out)}")
        if not collected:
            raise ValueError(
                f"no sensor gave a result within {duration:g} s; show the object to a fresh "
                "sensor, and do what its reason in ~/sensors says if it has one"
            )
        good = [result for result in collected if result.quality >= max(least_quality, 1e-6)]
        if not good:
            best = max(result.quality for result in collected)
            raise ValueError(
                f"the {len(collected)} results within {duration:g} s have a quality of at most "
                f"{best:.2f}, below {least_quality:.2f}: the sensors see nothing that can be "
                "learned, as a pad without contact or a dark picture; show them the object"
            )
        mean = np.mean([result.values for result in good], axis=0)
        length = float(np.linalg.norm(mean))
        if length < 1e-3:
            raise ValueError(
                f"the {len(good)} results within {duration:g} s have nothing in common; show the "
                "object alone"
            )
        unit = (mean / length).astype(np.float32)
        kept = _sensors(good)
        names = sorted({name for name, _ in kept})
        modalities = sorted({modality for _, modality in kept})
        if not kept:  # of these results the members are not known
            modalities = sorted({name for result in good for name in result.modalities})
        return Learned(
            unit, tuple(modalities), len(good), tuple(kept.values()), left_out, tuple(names)
        )


def spoiled_sentence(sensors: Mapping[str, str]) -> str:
    """Return that nothing can be learned of some sensors, and why.

    Args:
        sensors: A sentence by name.
    """
    return "; ".join(f"nothing can be learned of {name}, as {why}" for name, why in sensors.items())


def _without(result: _Result, sensors: Container[str]) -> _Result | None:
    """Return a result without what some sensors have shown; None if nothing is left.

    The weighted mean of the embeddings of the others takes the place of the fused embedding.
    """
    rest = tuple(member for member in result.members if member.sensor not in sensors)
    if len(rest) == len(result.members):
        return result
    weights = np.array([member.weight for member in rest], np.float64)
    if not weights.sum() > 0:
        return None
    weights /= weights.sum()
    mean = weights @ np.stack([member.values for member in rest])
    values = np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)
    quality = float(weights @ [member.quality for member in rest])
    return _Result(values, quality, tuple(member.modality for member in rest), rest)


def _sensors(results: Sequence[_Result]) -> dict[tuple[str, str], SensorViews]:
    """Return what each sensor has shown, by its name and modality.

    A sample that is in several results counts once, one of too low a quality does not.
    """
    shown: dict[tuple[str, str], list[Member]] = {}
    for result in results:
        for member in result.members:
            of = shown.setdefault((member.sensor, member.modality), [])
            new = not of or of[-1].values is not member.values
            if new and member.quality >= LEAST_QUALITY:
                of.append(member)
    return {key: _views(key[1], of) for key, of in shown.items() if of}


def _views(modality: str, members: Sequence[Member]) -> SensorViews:
    """Return the means of stretches of equal length, in the order of time."""
    cuts = np.array_split(np.arange(len(members)), min(STRETCHES, len(members)))
    values = np.stack([np.mean([members[i].values for i in cut], axis=0) for cut in cuts])
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    features = [member.features for member in members if member.features is not None]
    rows = np.zeros((len(cuts), 0))
    if len(features) == len(members) and len({each.shape for each in features}) == 1:
        rows = np.stack([np.mean([features[i] for i in cut], axis=0) for cut in cuts])
    return SensorViews(modality, values.astype(np.float32), rows.astype(np.float32))
