"""The last seconds of each topic, from which the messages of an enrolment are taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import NamedTuple


class Message(NamedTuple):
    """A message as it was received.

    Attributes:
        topic: Its topic.
        time: When it was received, ns since the epoch.
        data: The message, serialized.
    """

    topic: str
    time: int
    data: bytes


class Taken(NamedTuple):
    """The messages of a period of time.

    Attributes:
        messages: By time.
        lost: For each topic of which the beginning was no longer there, the seconds that are
            missing.
    """

    messages: list[Message]
    lost: Mapping[str, float]


class LastSeconds:
    """Holds the messages of the last seconds, at most so many bytes.

    Where the bytes do not suffice, the oldest message of the topic with the most bytes goes first,
    so that a camera does not push out a microphone.
    """

    def __init__(self, seconds: float, max_bytes: int) -> None:
        """Create it.

        Args:
            seconds: How long messages are held.
            max_bytes: Size of all messages together.
        """
        self._length = round(seconds * 1e9)
        self._max_bytes = max_bytes
        self._topics: dict[str, deque[Message]] = {}
        self._sizes: dict[str, int] = {}
        self._lost_until: dict[str, int] = {}
        self._latched: set[str] = set()

    @property
    def bytes(self) -> int:
        """Size of the messages that are held."""
        return sum(self._sizes.values())

    def keep_newest(self, topic: str) -> None:
        """Hold the newest message of a topic however old it is, as its publisher does."""
        self._latched.add(topic)

    def add(self, message: Message) -> None:
        """Hold a message, and drop what is too old or too much."""
        held = self._topics.setdefault(message.topic, deque())
        held.append(message)
        self._sizes[message.topic] = self._sizes.get(message.topic, 0) + len(message.data)
        least = 1 if message.topic in self._latched else 0
        while len(held) > least and held[0].time < message.time - self._length:
            self._drop(message.topic)
        while self.bytes > self._max_bytes:
            largest = max(self._sizes, key=self._sizes.__getitem__)
            self._lost_until[largest] = self._drop(largest).time

    def take(self, start: int) -> Taken:
        """Remove and return the messages received from a time on.

        Of a topic of `keep_newest`, the last message before is among them.

        Args:
            start: The time, ns since the epoch.
        """
        found: list[Message] = []
        for topic, held in self._topics.items():
            before: Message | None = None
            while held and held[0].time < start:
                before = self._drop(topic)
            if before is not None and topic in self._latched:
                found.append(before)
            found += held
            held.clear()
            self._sizes[topic] = 0
        lost = {
            topic: (until - start) / 1e9
            for topic, until in self._lost_until.items()
            if until >= start
        }
        return Taken(sorted(found, key=lambda message: message.time), lost)

    def topics(self) -> Collection[str]:
        """Return the topics of which messages are held."""
        return [topic for topic, held in self._topics.items() if held]

    def _drop(self, topic: str) -> Message:
        message = self._topics[topic].popleft()
        self._sizes[topic] -= len(message.data)
        return message
