"""What the readers of damaged files share."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinition,
    MessageDefinitionFormat,
)

from .temporary import Source

FOREVER = 2**63 - 1
FORMATS = {
    "ros2msg": MessageDefinitionFormat.MSG,
    "ros2idl": MessageDefinitionFormat.IDL,
    "omgidl": MessageDefinitionFormat.IDL,
}


@dataclass(frozen=True)
class Channel:
    """A topic of a file.

    Attributes:
        topic: Its name.
        msgtype: The type of its messages.
        encoding: How they are serialized, 'cdr'.
        language: The language of the definition, e.g. 'ros2msg'; empty without a definition.
        definition: The definition of the type; may be empty.
        digest: Hash of the definition; may be empty.
    """

    topic: str
    msgtype: str
    encoding: str
    language: str = ""
    definition: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Lost:
    """Something that cannot be read.

    Attributes:
        cause: Why and where, a phrase.
        count: Number of messages, where it is known.
    """

    cause: str
    count: int = 0


class Record(NamedTuple):
    """A message.

    Attributes:
        key: Of its channel.
        time: Of recording, ns.
        data: Its bytes; None for a mark that is no message.
    """

    key: int
    time: int
    data: bytes | None


class FileReader:
    """What is whole in a damaged file, with the methods of the readers of rosbags.

    Attributes:
        source: The file.
        descriptor: The open file.
        channels: Its topics, by key.
        lost: What cannot be read.
        count: Number of messages that can be read.
        start: Time of the first of them, ns.
        end: Time after the last of them, ns.
    """

    def __init__(self, source: Source) -> None:
        """Open the file."""
        self.source = source
        self.descriptor = source.open()
        self.channels: dict[int, Channel] = {}
        self.lost: list[Lost] = []
        self.count = self.start = self.end = 0

    def __del__(self) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        descriptor, self.descriptor = getattr(self, "descriptor", -1), -1
        if descriptor >= 0:
            os.close(descriptor)

    @property
    def connections(self) -> list[Connection]:
        """The topics, as rosbags describes them."""
        return [
            Connection(
                key,
                channel.topic,
                channel.msgtype,
                MessageDefinition(
                    FORMATS.get(channel.language, MessageDefinitionFormat.NONE), channel.definition
                ),
                channel.digest,
                0,
                ConnectionExtRosbag2(channel.encoding, []),
                self,
            )
            for key, channel in self.channels.items()
        ]

    def messages(
        self,
        connections: Collection[Connection],
        start: int | None = None,
        stop: int | None = None,
    ) -> Iterator[tuple[Connection, int, bytes]]:
        """Yield connection, time in ns and bytes of messages, by time.

        Args:
            connections: The connections to read.
            start: Beginning, in ns.
            stop: End, in ns, exclusive.
        """
        chosen = {connection.id: connection for connection in connections}
        first = -FOREVER if start is None else start
        last = FOREVER if stop is None else stop
        for record in self._messages(chosen, first, last):
            if record.data is not None:
                yield chosen[record.key], record.time, record.data

    def _messages(self, keys: Collection[int], start: int, stop: int) -> Iterator[Record]:
        raise NotImplementedError
