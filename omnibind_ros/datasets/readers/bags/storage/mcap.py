"""Reads the messages of an MCAP file from places that are known.

The format: https://mcap.dev/spec. A file is a list of records, each with an opcode and a length;
most messages are in chunks. Only chunks that are whole, that have the right checksum where they
have one, and in which every record is valid are used.
"""

from __future__ import annotations

import struct
import sys
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple
from zlib import crc32

from lz4.frame import LZ4FrameDecompressor

from .file_reader import FileReader, Record
from .temporary import Source, read_at

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = b"\x89MCAP0\r\n"
MESSAGE = 5
LAST_OPCODE = 15
"""Opcodes above are reserved up to 0x7F, and private from 0x80; 0 is not valid."""
PRIVATE = 0x80
RECORD = struct.Struct("<BQ")
MESSAGE_HEAD = struct.Struct("<HIQQ")
CHUNK_HEAD = struct.Struct("<QQQI")


LZ4_RATIO = 256
"""lz4 makes no data shorter than by this factor (255, and a frame's head)."""


MOST_UNPACKED = 1 << 29
"""Bytes that a chunk has unpacked at most; recorders write chunks of about a megabyte."""


class DamageError(ValueError):
    """A record that is not valid; the text is a phrase."""


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


def read_text(data: memoryview, offset: int) -> tuple[str, int]:
    """Return a text and the offset behind it.

    Raises:
        DamageError: It is longer than its record.
    """
    (size,) = struct.unpack_from("<I", data, offset)
    end = offset + 4 + size
    if end > len(data):
        raise DamageError("a text is longer than its record")
    return str(data[offset + 4 : end], "utf-8"), end


def chunk_records(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield opcode and content of the records of a chunk.

    Raises:
        DamageError: They do not fill it exactly.
    """
    offset = 0
    while offset < len(data):
        opcode, size = RECORD.unpack_from(data, offset)
        offset += RECORD.size
        if not is_opcode(opcode) or offset + size > len(data):
            raise DamageError("a record in it is not valid")
        yield opcode, data[offset : offset + size]
        offset += size


def is_opcode(opcode: int) -> bool:
    """Return whether the specification allows an opcode."""
    return 1 <= opcode <= LAST_OPCODE or opcode >= PRIVATE


def unpack_chunk(content: memoryview) -> memoryview:
    """Return the records of a chunk, checked by size and checksum.

    Raises:
        Exception: It is damaged: DamageError, or an error of zstd, lz4 or struct.
    """
    _, _, size, checksum = CHUNK_HEAD.unpack_from(content)
    compression, offset = read_text(content, CHUNK_HEAD.size)
    if size > MOST_UNPACKED:
        raise DamageError(f"it is larger than {MOST_UNPACKED >> 20} MiB")
    (packed_size,) = struct.unpack_from("<Q", content, offset)
    packed = content[offset + 8 :]
    if len(packed) != packed_size:
        raise DamageError("its length is not that of its content")
    data = _decompress(compression, packed, size)
    if len(data) != size:
        raise DamageError("its length is not that of its content")
    if checksum and crc32(data) != checksum:
        raise DamageError("its checksum is wrong")
    return data


def _decompress(compression: str, packed: memoryview, size: int) -> memoryview:
    """Return what was packed, at most `size` bytes of it: a damaged head may claim any length."""
    if not compression:
        return packed
    if compression == "zstd":
        return memoryview(zstd.ZstdDecompressor().decompress(packed, max_length=size))
    if compression != "lz4":
        raise DamageError(f"its compression {compression!r} is not known")
    if size > LZ4_RATIO * (len(packed) + 1):
        raise DamageError("its length is not that of its content")
    return memoryview(LZ4FrameDecompressor().decompress(bytes(packed), max_length=size))


class McapFile(FileReader):
    """An MCAP file of which the places of chunks, and of messages outside chunks, are known.

    Attributes:
        chunks: Its chunks, in order of time.
        loose: Its messages outside chunks, in order of time.
    """

    def __init__(self, source: Source) -> None:
        """Open the file."""
        super().__init__(source)
        self.chunks: list[Chunk] = []
        self.loose: list[Loose] = []
        self._last_chunk = memoryview(b"")

    def content(self, offset: int, size: int) -> memoryview:
        """Return bytes of the file."""
        return memoryview(read_at(self.descriptor, size, offset))

    def _messages(self, keys: Collection[int], start: int, stop: int) -> Iterator[Record]:
        streams = [
            self._chunk_messages(part, keys)
            for part in self.chunks
            if part.start < stop and part.end >= start and not part.counts.keys().isdisjoint(keys)
        ]
        first, last = (bisect_left(self.loose, (time,)) for time in (start, stop))
        streams.append(self._loose_messages(self.loose[first:last], keys))
        for record in merge(*streams, key=lambda record: record.time):
            if start <= record.time < stop:
                yield record

    def _chunk_messages(self, part: Chunk, keys: Collection[int]) -> Iterator[Record]:
        yield Record(-1, part.start, None)  # `merge` waits here until it is the time of the chunk
        records = []
        data = unpack_chunk(self.content(part.offset, part.size))
        # With one chunk kept, the memory of the next is there already: half the time.
        self._last_chunk = data
        for opcode, content in chunk_records(data):
            if opcode == MESSAGE:
                key, _, time, _ = MESSAGE_HEAD.unpack_from(content)
                if key in keys:
                    records.append(Record(key, time, bytes(content[MESSAGE_HEAD.size :])))
        yield from sorted(records, key=lambda record: record.time)

    def _loose_messages(self, parts: Sequence[Loose], keys: Collection[int]) -> Iterator[Record]:
        for part in parts:
            if part.key in keys:
                content = self.content(part.offset, part.size)
                yield Record(part.key, part.time, bytes(content[MESSAGE_HEAD.size :]))
