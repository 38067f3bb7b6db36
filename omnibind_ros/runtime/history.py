"""What results over time tell: the belief over labels, and that the scene has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from omnibind_ros.recognition.belief import Belief
from omnibind_ros.recognition.distribution import Distribution
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser, Recognition
from omnibind_ros.recognition.scene_change import SceneChange


@dataclass
class HistorySettings:
    """How much results count that came before; it may be changed at any time.

    Attributes:
        memory: Seconds that the belief remembers; 0: each result counts alone.
    """

    memory: float = 1.0


class History:
    """Turns the distribution of an instant into a recognition. Used by one thread at a time."""

    def __init__(self, settings: HistorySettings) -> None:
        """Create it with nothing seen.

        Args:
            settings: Its parameters.
        """
        self._settings = settings
        self._belief = Belief()
        self._scene = SceneChange()
        self._held: tuple[str, bool] | None = None
        self._held_from = 0.0

    def reset(self) -> None:
        """Forget what was seen before."""
        self._belief.reset()
        self._scene.reset()
        self._held = None

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
        if held != self._held:
            self._held, self._held_from = held, now
        return replace(found, since=now - self._held_from)
