"""What the modules of this room share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .labels import Topic

NS = 1_000_000_000


@dataclass(frozen=True)
class MessageSource:
    """Where the messages of a sample come from.

    Attributes:
        name: Bag and topic, for errors.
        topic: The topic, with what the user has written about it.
        first: Returns the first message of the topic in the bag; may raise SkipError.
    """

    name: str
    topic: Topic
    first: Callable[[], Any]


def stamp_ns(msg: Any) -> int:
    """Return a header's stamp in nanoseconds."""
    return int(msg.header.stamp.sec) * NS + int(msg.header.stamp.nanosec)
