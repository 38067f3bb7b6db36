"""Whether the sensors have turned to another thing: their embeddings jump together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats

from .member import Member
from .newest import keep_newest

SPAN = 0.5
"""Seconds over which the mean direction of a sensor's embeddings is taken."""

USUAL = 3.0
"""Seconds over which the usual distance from that direction is taken."""

JUMP, LONE_JUMP = 4.0, 6.0
"""Standard deviations beyond the usual distance that are a jump; of a sensor that moves alone."""

LEAST_DEVIATION, LEAST_JUMP = 0.02, 0.1
"""Smallest standard deviation, and smallest jump, as 1 - cosine similarity."""

TOGETHER = 0.3
"""Seconds within which sensors jump together."""

SHARE = 1 / 3
"""More than this share of the sensors must jump; one of two alone must jump farther."""

LEAST = 5
"""Embeddings of a sensor before it has a say."""


@dataclass
class _Course:
    """How a sensor's embeddings have varied.

    Attributes:
        values: The newest embedding, float32 [D].
        time: When that was fused first, seconds.
        vector: Sum of the embeddings, float64 [D], those before `SPAN` seconds by 1/e.
        count: Number of embeddings.
        mean: Running mean of the distances from the direction of `vector`.
        variance: And their variance.
        jump: Standard deviations by which the newest one is beyond the mean; None: not known yet.
        taken: When the newest one was taken, seconds.
    """

    values: Floats
    time: float
    vector: npt.NDArray[np.float64]
    count: int = 1
    mean: float = 0.0
    variance: float = 0.0
    jump: float | None = None
    taken: float = 0.0

    def add(self, now: float, member: Member) -> None:
        """Take the next embedding."""
        length = max(math.sqrt(float(self.vector @ self.vector)), 1e-12)
        distance = 1.0 - float(member.values @ self.vector) / length
        deviation = max(math.sqrt(self.variance), LEAST_DEVIATION)
        beyond = (distance - self.mean) / deviation
        if self.count >= LEAST:
            self.jump = beyond if distance > LEAST_JUMP else 0.0
        # What is beyond a jump must not widen what is usual by more than a jump does.
        limited = min(distance, self.mean + JUMP * deviation) if self.count > 1 else distance
        rate = max(1.0 - math.exp(-(now - self.time) / USUAL), 1.0 / self.count)
        self.variance = (1.0 - rate) * (self.variance + rate * (limited - self.mean) ** 2)
        self.mean += rate * (limited - self.mean)
        self.vector = math.exp(-(now - self.time) / SPAN) * self.vector + member.values
        self.values, self.time, self.taken = member.values, now, member.taken
        self.count += 1


class SceneChange:
    """Finds changes of scene. Used by one thread at a time.

    For each new embedding of a sensor its distance 1 - cos from the mean direction of the last
    half second is compared with the mean and the standard deviation of such distances over the
    last seconds, as a control chart does (Shewhart, 1931, with running estimates). The scene has
    changed when more than a third of the sensors that have a new embedding jump at the same time.
    A third, since a sensor with a long window, or one that shows little, does not jump.
    """

    def __init__(self) -> None:
        """Create it with no sensors."""
        self._courses: dict[str, _Course] = {}

    def reset(self) -> None:
        """Forget how the embeddings have varied; nothing is found until each is known again."""
        self._courses.clear()

    def update(self, now: float, members: Sequence[Member]) -> float | None:
        """Take the members of a result.

        Args:
            now: Monotonic time, seconds.
            members: What was fused.

        Returns:
            If the scene has changed, the monotonic time when the first embedding of the new one
            was taken; then it is reset. Else None.
        """
        for member in members:
            course = self._courses.get(member.key)
            if course is None:
                vector = np.asarray(member.values, float)
                self._courses[member.key] = _Course(member.values, now, vector)
            elif member.values is not course.values:
                course.add(now, member)
        keep_newest(self._courses, len(members))
        keys = {member.key for member in members}
        heard = [
            course
            for key, course in self._courses.items()
            if course.jump is not None and now - course.time <= TOGETHER and key in keys
        ]
        jumped = [course for course in heard if (course.jump or 0.0) >= JUMP]
        largest = max((course.jump or 0.0 for course in jumped), default=0.0)
        if len(jumped) <= SHARE * len(heard) or (len(jumped) < 2 and largest < LONE_JUMP):
            return None
        began = min(course.taken for course in jumped)
        self.reset()
        return began
