"""Reads what is whole in a damaged MCAP file: one that was cut, or of which a part is overwritten.

The format: https://mcap.dev/spec. A file is a list of records, each with an opcode and a
length; most messages are in chunks. Only chunks that are whole, that have the right checksum where
they have one, and in which every record is valid are used; of messages outside chunks, whole
records.
"""

from __future__ import annotations

import os
import struct
import sys
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple
from zlib import crc32

from lz4.frame import decompress as lz4_decompress

from .salvage import FOREVER, Channel, Lost, Record, Salvaged
from .temporary import Source, read_at

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = b"\x89MCAP0\r\n"
SCHEMA, CHANNEL, MESSAGE, CHUNK = 3, 4, 5, 6
LAST_OPCODE = 15
"""Opcodes above are reserved up to 0x7F, and private from 0x80; 0 is not valid."""
PRIVATE = 0x80
RECORD = struct.Struct("<BQ")
MESSAGE_HEAD = struct.Struct("<HIQQ")
CHUNK_HEAD = struct.Struct("<QQQI")


class DamageError(ValueError):
    """A record that is not valid; the text is a phrase."""


class Schema(NamedTuple):
    """The definition of a message type."""

    name: str
    encoding: str
    text: str


class Loose(NamedTuple):
    """A message outside chunks: time in ns, channel, and where the record's content is."""

    time: int
    key: int
    offset: int
    size: int


@dataclass
class Chunk:
    """A chunk that is whole.

    Attributes:
        offset: Of the record's content in the file.
        size: Of the record's content.
        start: Time of the first message, ns.
        end: Time of the last message, ns.
        counts: Number of messages by channel.
    """

    offset: int
    size: int
    start: int = 2**63 - 1
    end: int = -1
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, channel: int, time: int) -> None:
        """Count a message."""
        self.start, self.end = min(self.start, time), max(self.end, time)
        self.counts[channel] = self.counts.get(channel, 0) + 1


def _text(data: memoryview, offset: int) -> tuple[str, int]:
    (size,) = struct.unpack_from("<I", data, offset)
    end = offset + 4 + size
    if end > len(data):
        raise DamageError("a text is longer than its record")
    return str(data[offset + 4 : end], "utf-8"), end


def _records(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield opcode and content of the records of a chunk, which must fill it."""
    offset = 0
    while offset < len(data):
        opcode, size = RECORD.unpack_from(data, offset)
        offset += RECORD.size
        if not _valid(opcode) or offset + size > len(data):
            raise DamageError("a record in it is not valid")
        yield opcode, data[offset : offset + size]
        offset += size


def _valid(opcode: int) -> bool:
    return 1 <= opcode <= LAST_OPCODE or opcode >= PRIVATE


def _unpacked(content: memoryview) -> memoryview:
    """Return the records of a chunk, checked by size and checksum."""
    _, _, size, checksum = CHUNK_HEAD.unpack_from(content)
    compression, offset = _text(content, CHUNK_HEAD.size)
    (packed_size,) = struct.unpack_from("<Q", content, offset)
    packed = content[offset + 8 :]
    if len(packed) != packed_size:
        raise DamageError("its length is not that of its content")
    if compression == "zstd":
        data = memoryview(zstd.decompress(packed))
    elif compression == "lz4":
        data = memoryview(lz4_decompress(packed))
    elif not compression:
        data = packed
    else:
        raise DamageError(f"its compression {compression!r} is not known")
    if len(data) != size:
        raise DamageError("its length is not that of its content")
    if checksum and crc32(data) != checksum:
        raise DamageError("its checksum is wrong")
    return data


class SalvagedMcap(Salvaged):
    """What is whole in an MCAP file.

    Args:
        source: The file.
        hints: Offsets of chunks, from the index of the file if it has one, to go on behind damage.
    """

    def __init__(self, source: Source, hints: Sequence[int] = ()) -> None:
        """Scan the file."""
        super().__init__(source)
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, tuple[int, str, str]] = {}
        self._chunks: list[Chunk] = []
        self._loose: list[Loose] = []
        self._size = os.fstat(self.descriptor).st_size
        if read_at(self.descriptor, len(MAGIC), 0) != MAGIC:
            raise DamageError("its first bytes are not those of an MCAP file")
        self._scan(sorted(hints))
        self._finish()

    def _scan(self, hints: Sequence[int]) -> None:
        offset = len(MAGIC)
        while offset < self._size - len(MAGIC):
            head = read_at(self.descriptor, RECORD.size, offset)
            opcode, size = RECORD.unpack(head) if len(head) == RECORD.size else (MESSAGE, 0)
            begin, end = offset + RECORD.size, offset + RECORD.size + size
            if _valid(opcode) and end <= self._size:
                self._take(opcode, begin, size)
                offset = end
                continue
            last = self._loose[-1] if self._loose else None
            if not _valid(opcode) and last is not None and last.offset + last.size == offset:
                self._loose.pop()  # its own end may be overwritten, too
            after = next((hint for hint in hints if hint > offset), None)
            if after is None:
                what = f"it ends within a record, at byte {self._size}"
                self.lost.append(
                    Lost(what if _valid(opcode) else f"the record at byte {offset} is not valid")
                )
                return
            self.lost.append(Lost(f"bytes {offset} to {after} hold no valid record"))
            offset = after
        if read_at(self.descriptor, len(MAGIC), self._size - len(MAGIC)) != MAGIC:
            self.lost.append(Lost(f"it has no end and was cut at byte {self._size}"))

    def _take(self, opcode: int, offset: int, size: int) -> None:
        """Use one record of the file."""
        try:
            if opcode in (SCHEMA, CHANNEL):
                self._define(opcode, self._content(offset, size))
            elif opcode == MESSAGE:
                head = read_at(self.descriptor, MESSAGE_HEAD.size, offset)
                key, _, time, _ = MESSAGE_HEAD.unpack(head)
                self._loose.append(Loose(time, key, offset, size))
            elif opcode == CHUNK:
                self._chunks.append(self._check(offset, size))
        except Exception as error:  # noqa: BLE001 - of zstd, lz4, struct or the decoding of texts
            kind = "chunk" if opcode == CHUNK else "record"
            cause = str(error) if isinstance(error, DamageError) else "its content is damaged"
            self.lost.append(
                Lost(f"the {kind} at byte {offset - RECORD.size} is left out, as {cause}")
            )

    def _check(self, offset: int, size: int) -> Chunk:
        """Read a chunk and what it defines."""
        part = Chunk(offset, size)
        definitions = []
        for opcode, content in _records(_unpacked(self._content(offset, size))):
            if opcode == MESSAGE:
                channel, _, time, _ = MESSAGE_HEAD.unpack_from(content)
                part.add(channel, time)
            elif opcode in (SCHEMA, CHANNEL):
                definitions.append((opcode, content))
        for opcode, content in definitions:
            self._define(opcode, content)
        return part

    def _content(self, offset: int, size: int) -> memoryview:
        return memoryview(read_at(self.descriptor, size, offset))

    def _define(self, opcode: int, content: memoryview) -> None:
        (key,) = struct.unpack_from("<H", content)
        if opcode == SCHEMA:
            name, offset = _text(content, 2)
            encoding, offset = _text(content, offset)
            text, _ = _text(content, offset)
            self._schemas.setdefault(key, Schema(name, encoding, text))
        else:
            (schema,) = struct.unpack_from("<H", content, 2)
            topic, offset = _text(content, 4)
            encoding, _ = _text(content, offset)
            self._channels.setdefault(key, (schema, topic, encoding))

    def _finish(self) -> None:
        """Join channels with schemas, count, and sort by time."""
        for key, (schema_key, topic, encoding) in self._channels.items():
            if schema := self._schemas.get(schema_key):
                self.channels[key] = Channel(
                    topic, schema.name, encoding, schema.encoding, schema.text
                )
        chunks = [(part.counts, part.start, part.end) for part in self._chunks]
        loose = [({part.key: 1}, part.time, part.time) for part in self._loose]
        nameless = 0
        self.start = FOREVER
        for counts, start, end in [*chunks, *loose]:
            named = sum(count for key, count in counts.items() if key in self.channels)
            nameless += sum(counts.values()) - named
            if named:
                self.count += named
                self.start, self.end = min(self.start, start), max(self.end, end + 1)
        if nameless:
            self.lost.append(Lost("the names of the topics of some messages are lost", nameless))
        self._chunks.sort(key=lambda part: part.start)
        self._loose.sort()

    def _messages(self, keys: Collection[int], start: int, stop: int) -> Iterator[Record]:
        streams = [
            self._chunk_messages(part, keys)
            for part in self._chunks
            if part.start < stop and part.end >= start and not part.counts.keys().isdisjoint(keys)
        ]
        first, last = (bisect_left(self._loose, (time,)) for time in (start, stop))
        streams.append(self._loose_messages(self._loose[first:last], keys))
        for record in merge(*streams, key=lambda record: record.time):
            if start <= record.time < stop:
                yield record

    def _chunk_messages(self, part: Chunk, keys: Collection[int]) -> Iterator[Record]:
        yield Record(-1, part.start, None)  # `merge` waits here until it is the time of the chunk
        records = []
        for opcode, content in _records(_unpacked(self._content(part.offset, part.size))):
            if opcode == MESSAGE:
                key, _, time, _ = MESSAGE_HEAD.unpack_from(content)
                if key in keys:
                    records.append(Record(key, time, content[MESSAGE_HEAD.size :]))
        yield from sorted(records, key=lambda record: record.time)

    def _loose_messages(self, parts: Sequence[Loose], keys: Collection[int]) -> Iterator[Record]:
        for part in parts:
            if part.key in keys:
                content = self._content(part.offset, part.size)
                yield Record(part.key, part.time, content[MESSAGE_HEAD.size :])
