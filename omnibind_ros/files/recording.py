"""What a file holds: the messages that a driver would have published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from omnibind_ros.sensors import Doubt

LONGEST_NS = 366 * 24 * 3600 * 10**9
"""Longest time that a recording may span, nanoseconds: a year."""


class Timed(NamedTuple):
    """One message.

    Attributes:
        message: Has the attributes of a message of the recording's type.
        start_ns: When it begins, nanoseconds after the start of the recording.
        end_ns: When it ends, likewise; of a picture the same.
    """

    message: Any
    start_ns: int = 0
    end_ns: int = 0


@dataclass(frozen=True)
class Recording:
    """A file as messages.

    Attributes:
        modality: A key of `MODALITIES`.
        type: ROS message type, three parts.
        messages: The messages, oldest first; they are made when they are asked for, and may raise
            `FileError`.
        duration_ns: Length, nanoseconds; 0 for a single message.
        doubts: What was assumed of the file.
    """

    modality: str
    type: str
    messages: Iterable[Timed]
    duration_ns: int = 0
    doubts: tuple[Doubt, ...] = ()
