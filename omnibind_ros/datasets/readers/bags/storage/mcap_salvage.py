"""Finds what is whole in a damaged MCAP file: one that was cut, or of which a part is overwritten.

Of messages outside chunks, which have no checksums, whole records are used.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import NamedTuple

from .file_reader import FOREVER, Channel, Lost
from .mcap import (
    MAGIC,
    MESSAGE,
    MESSAGE_HEAD,
    RECORD,
    Chunk,
    DamageError,
    Loose,
    McapFile,
    chunk_records,
    is_opcode,
    read_text,
    unpack_chunk,
)
from .temporary import Source, read_at

HEADER, FOOTER, SCHEMA, CHANNEL, CHUNK, INDEX, DATA_END = 1, 2, 3, 4, 6, 7, 15
SIZES = {FOOTER: 20, DATA_END: 4}
"""Bytes of the records of fixed length."""


class Schema(NamedTuple):
    """The definition of a message type."""

    name: str
    encoding: str
    text: str


class SalvagedMcap(McapFile):
    """What is whole in an MCAP file.

    Args:
        source: The file.
        hints: Offsets of chunks, from the index of the file if it has one, to go on behind damage.
    """

    def __init__(self, source: Source, hints: Sequence[int] = ()) -> None:
        """Scan the file."""
        super().__init__(source)
        # What is defined twice must be equal; where it is not, one of both is damaged.
        self._schemas: dict[int, set[Schema]] = {}
        self._channels: dict[int, set[tuple[int, str, str]]] = {}
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
            if is_opcode(opcode) and end <= self._size:
                self._take(opcode, begin, size)
                offset = end
                continue
            last = self.loose[-1] if self.loose else None
            if not is_opcode(opcode) and last is not None and last.offset + last.size == offset:
                self.loose.pop()  # its own end may be overwritten, too
            after = next((hint for hint in hints if hint > offset), None)
            if after is None:
                what = f"it ends within a record, at byte {self._size}"
                self.lost.append(
                    Lost(what if is_opcode(opcode) else f"the record at byte {offset} is not valid")
                )
                return
            self.lost.append(Lost(f"bytes {offset} to {after} hold no valid record"))
            offset = after
        end = read_at(self.descriptor, len(MAGIC), self._size - len(MAGIC))
        if end != MAGIC or self._size < 2 * len(MAGIC):
            self.lost.append(Lost(f"it has no end and was cut at byte {self._size}"))

    def _take(self, opcode: int, offset: int, size: int) -> None:
        """Use one record of the file, or note that it is damaged."""
        try:
            self._use(opcode, offset, size)
        except Exception as error:  # noqa: BLE001 - of zstd, lz4, struct or the decoding of texts
            kind = "chunk" if opcode == CHUNK else "record"
            cause = str(error) if isinstance(error, DamageError) else "its content is damaged"
            at = offset - RECORD.size
            self.lost.append(Lost(f"the {kind} at byte {at} is left out, as {cause}"))

    def _use(self, opcode: int, offset: int, size: int) -> None:
        if opcode in (SCHEMA, CHANNEL):
            self._define(opcode, self.content(offset, size))
        elif opcode == MESSAGE:
            if self.lost:
                raise DamageError("it may be a part of what is damaged before it")
            head = read_at(self.descriptor, MESSAGE_HEAD.size, offset)
            key, _, time, _ = MESSAGE_HEAD.unpack(head)
            self.loose.append(Loose(time, key, offset, size))
        elif opcode == CHUNK:
            self.chunks.append(self._check(offset, size))
        elif opcode == INDEX:
            (length,) = struct.unpack("<I", read_at(self.descriptor, 4, offset + 2))
            if length + 6 != size:
                raise DamageError("it is no index of messages")
        elif SIZES.get(opcode, size) != size or (
            opcode == HEADER and offset != len(MAGIC) + RECORD.size
        ):
            raise DamageError("such a record cannot be there")

    def _check(self, offset: int, size: int) -> Chunk:
        """Read a chunk and what it defines."""
        part = Chunk(offset, size)
        definitions = []
        for opcode, content in chunk_records(unpack_chunk(self.content(offset, size))):
            if opcode == MESSAGE:
                channel, _, time, _ = MESSAGE_HEAD.unpack_from(content)
                part.add(channel, time)
            elif opcode in (SCHEMA, CHANNEL):
                definitions.append((opcode, content))
        for opcode, content in definitions:
            self._define(opcode, content)
        return part

    def _define(self, opcode: int, content: memoryview) -> None:
        (key,) = struct.unpack_from("<H", content)
        if opcode == SCHEMA:
            name, offset = read_text(content, 2)
            encoding, offset = read_text(content, offset)
            text, _ = read_text(content, offset)
            self._schemas.setdefault(key, set()).add(Schema(name, encoding, text))
        else:
            (schema,) = struct.unpack_from("<H", content, 2)
            topic, offset = read_text(content, 4)
            encoding, _ = read_text(content, offset)
            self._channels.setdefault(key, set()).add((schema, topic, encoding))

    def _finish(self) -> None:
        """Join channels with schemas, count, and sort by time."""
        if self.chunks and self.loose:  # a chunk of which the opcode is damaged, in all likelihood
            self.lost.append(
                Lost("messages outside its chunks are left out, as nothing checks them")
            )
            self.loose.clear()
        for key, channels in self._channels.items():
            schemas = {
                schema for number, *_ in channels for schema in self._schemas.get(number, ())
            }
            if len(channels) == len(schemas) == 1:
                ((_, topic, encoding),) = channels
                (schema,) = schemas
                self.channels[key] = Channel(
                    topic, schema.name, encoding, schema.encoding, schema.text
                )
        chunks = [(part.counts, part.start, part.end) for part in self.chunks]
        loose = [({part.key: 1}, part.time, part.time) for part in self.loose]
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
        self.chunks.sort(key=lambda part: part.start)
        self.loose.sort()
