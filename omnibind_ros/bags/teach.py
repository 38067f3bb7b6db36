"""Which messages of a recording of enrolments are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from .moments import LastSeconds, Message

STATIC = "/tf_static"
"""Where sensors are on the robot: always kept, as it is told once."""

LONGEST_ENROLMENT = 60.0
"""Seconds; `Enrolment.collect` allows no longer one."""

AFTER = 1.0
"""Seconds after an enrolment that are kept as well."""

AT_START = 3.0
"""Seconds of the recording's beginning that are kept of sensors that need them, such as the picture
of a tactile pad at rest."""

LEAST_LOST = 0.1
"""Seconds missing at the beginning of an enrolment that are worth a sentence."""


class Moment(NamedTuple):
    """One enrolment that was kept.

    Attributes:
        seconds: Its length.
        messages: Messages that were in memory, less those that are still to come.
        problems: One sentence for each topic of which the beginning is missing.
    """

    seconds: float
    messages: int
    problems: tuple[str, ...]


class TeachFilter:
    """Passes on the messages from an enrolment's beginning to a second after its end.

    An enrolment is known at its end alone, so the last minute of each topic is held until then.
    """

    def __init__(
        self,
        keep: Callable[[Iterable[Message]], None],
        max_bytes: int,
        always: Collection[str] = (),
    ) -> None:
        """Create it.

        Args:
            keep: Takes the messages that are kept, by time.
            max_bytes: Size of all messages that are held.
            always: Topics of which every message is kept.
        """
        self._keep = keep
        self._always = always
        self._held = LastSeconds(LONGEST_ENROLMENT + 2 * AFTER, max_bytes)
        self._until = -1
        self._start_until: dict[str, int] = {}

    def keep_beginning(self, topic: str, now: int) -> None:
        """Keep the first seconds of a topic from now on, ns."""
        self._start_until[topic] = now + round(AT_START * 1e9)

    def keep_newest(self, topic: str) -> None:
        """Keep the last message before an enrolment of a topic whose publisher keeps it, too."""
        self._held.keep_newest(topic)

    def add(self, message: Message) -> None:
        """Keep a message, or hold it."""
        until = max(self._until, self._start_until.get(message.topic, -1))
        if message.topic in self._always or message.time <= until:
            self._keep([message])
        else:
            self._held.add(message)

    def enrolled(self, start: int, end: int, now: int) -> Moment:
        """Keep the messages of an enrolment.

        Args:
            start: Its beginning, ns by the clock of the messages' times.
            end: Its end, ns.
            now: When it was told, ns.
        """
        taken = self._held.take(start)
        self._keep(taken.messages)
        self._until = max(self._until, max(end, now) + round(AFTER * 1e9))
        problems = tuple(
            f"the first {lost:.1f} s of {topic} were no longer in memory; give more with --memory"
            for topic, lost in taken.lost.items()
            if lost >= LEAST_LOST
        )
        return Moment((end - start) / 1e9, len(taken.messages), problems)
