"""What the demo shows when: labels and sentences of the subjects, when the camera is unplugged."""

from __future__ import annotations

LABELS = {
    "astronaut": "person",
    "camera": "camera",
    "chelsea": "cat",
    "coffee": "cup",
    "motorcycle_left": "motorcycle",
    "rocket": "rocket",
}
"""The correct label of each photograph, by file stem."""

SENTENCES = {
    "astronaut": "there is a person in front of me",
    "camera": "he is taking pictures with his camera",
    "chelsea": "a cat is looking at me",
    "coffee": "i can see a cup of coffee",
    "motorcycle_left": "someone has parked a motorcycle here",
    "rocket": "a rocket stands on the launch pad",
}
"""What a person might say who sees the same photograph."""

SHORTEST = 10.0
"""Shortest run, seconds: perception must start, and the camera be unplugged and plugged in."""

SETTLE = 0.5
"""Seconds after a change of subject in which results are not scored."""

SENTENCE_DELAY = 0.7
"""Seconds from a change of subject to its sentence."""

UNPLUG_AT = 0.4
"""When the camera is unplugged, as a share of the run."""

UNPLUG_FOR = 2.0
"""Seconds that the camera stays unplugged."""


class Story:
    """Chooses the sentence that is due."""

    def __init__(self) -> None:
        """Create a story of which nothing has been told."""
        self._told_for = 0.0

    def sentence(self, subject: str, since: float, now: float) -> str:
        """Return the sentence that is due; empty if none is.

        Args:
            subject: The subject that is shown.
            since: When it was changed last, monotonic seconds.
            now: Monotonic time, seconds.
        """
        if since == self._told_for or now - since < SENTENCE_DELAY:
            return ""
        self._told_for = since
        return SENTENCES.get(subject, f"this is a {subject}")
