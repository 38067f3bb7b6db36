"""What results over time tell: the belief, changes of scene, and sensors that contradict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from omnibind_ros.arrays import Floats
from omnibind_ros.recognition.belief import Belief
from omnibind_ros.recognition.contradiction import Contradictions
from omnibind_ros.recognition.distribution import Distribution
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser, Recognition
from omnibind_ros.recognition.scene_change import SceneChange

PAUSE = 3.0
"""Seconds without a result after which no label has been held; for so long a sentence counts."""


@dataclass
class HistorySettings:
    """How much results count that came before; it may be changed at any time.

    Attributes:
        memory: Seconds that the belief remembers; 0: each result counts alone.
        contradiction_after: Seconds after which a sensor that contradicts the others is named and
            left out; 0: never.
    """

    memory: float = 1.0
    contradiction_after: float = 2.0


class Fusible(Protocol):
    """One sensor of those that are fused."""

    @property
    def sensor(self) -> str:
        """Its name."""
        ...

    @property
    def key(self) -> str:
        """By what is remembered what it has shown."""
        ...


class History:
    """Turns the distribution of an instant into a recognition. Used by one thread at a time."""

    def __init__(
        self, settings: HistorySettings, contradiction: Mapping[str, float] | None = None
    ) -> None:
        """Create it with nothing seen.

        Args:
            settings: Its parameters.
            contradiction: Limits by modality, see `Contradictions`.
        """
        self._settings = settings
        self._belief = Belief()
        self._scene = SceneChange()
        self._contradictions = Contradictions(contradiction)
        self._held: tuple[str, bool] | None = None
        self._held_from = 0.0
        self._last = 0.0

    def reset(self) -> None:
        """Forget what was seen before; sensors that contradict the others stay named."""
        self._belief.reset()
        self._scene.reset()
        self._contradictions.begin_scene()
        self._held = None

    def contradicting(self, fused: Sequence[Fusible]) -> tuple[str, ...]:
        """Return the names of the sensors that contradict the others, of those that are fused."""
        named = self._contradictions.named([each.key for each in fused])
        return tuple(each.sensor for each in fused if each.key in named)

    def disagreement(self, fused: Sequence[Fusible]) -> str:
        """Return a sentence if two sensors are fused that contradict each other; else ''."""
        keys = [each.key for each in fused]
        if not self._contradictions.disagree(keys, self._settings.contradiction_after):
            return ""
        names = " and ".join(each.sensor for each in fused)
        return (
            f"the sensors {names} disagree, and between two it cannot be told which one is wrong; "
            "look at what they show, or add a third"
        )

    def compare(
        self, now: float, members: Sequence[Member], agreement: Floats, weights: Floats
    ) -> None:
        """Take how well N sensors agree with each other in the next result.

        Args:
            now: Monotonic time, seconds.
            members: What is fused now, N.
            agreement: float32 [N], see `Contradictions.update`.
            weights: float32 [N], sum 1.
        """
        after = self._settings.contradiction_after
        keys = [member.key for member in members]
        modalities = [member.modality for member in members]
        self._contradictions.update(now, keys, modalities, agreement, weights, after)

    def scene_changed(self, now: float, members: Sequence[Member]) -> float | None:
        """Return from when on the sensors show another thing, and forget what was before.

        Args:
            now: Monotonic time, seconds.
            members: What is fused now.

        Returns:
            Monotonic time in seconds; None if the scene is the same, or nothing is remembered.
        """
        if self._settings.memory <= 0.0:
            return None
        began = self._scene.update(now, members)
        if began is not None:
            self._belief.reset()
            self._contradictions.begin_scene()
        return began

    def recognise(
        self, now: float, instant: Distribution, members: Sequence[Member], recogniser: Recogniser
    ) -> Recognition:
        """Take the next result, and return what is believed.

        Args:
            now: Monotonic time, seconds.
            instant: How probable the labels are from this result alone.
            members: What was fused.
            recogniser: Names the labels.
        """
        belief = self._belief.update(now, instant, members, self._settings.memory)
        found = recogniser.name(belief)
        held = (found.labels[0], found.known)
        paused, self._last = now - self._last > PAUSE, now
        if paused or held != self._held:
            self._held, self._held_from = held, now
        named = self.contradicting(members)
        return replace(found, since=now - self._held_from, contradicting=named)
