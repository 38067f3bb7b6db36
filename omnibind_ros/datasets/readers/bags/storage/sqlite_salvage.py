"""Finds the messages that are whole in a damaged .db3 file.

The table is that of rosbag2_storage_sqlite3, schemas 1 to 4: id, topic_id, timestamp, data. SQLite
itself finds its rows through a tree of pages. The upper pages of the tree are written late, so that
it would not find most rows of a file that was cut. So the leaf pages are read here, by
https://www.sqlite.org/fileformat.html (sections 1.5, 1.6 and 2.1). Each page of a row must be
there, and not be of zeros only. (A long message that ends in a whole page of zeros, as a black
picture may, is left out, too; this is so in damaged files only.)
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

import apsw

from .file_reader import Channel, FileReader, Lost, Record
from .sqlite_view import HEADER, database_view, page_sizes
from .temporary import Source, read_at

LEAF = 0x0D
"""First byte of a leaf page of a table; that of an overflow page is 0 in files of up to 890 GB."""
BLOCK_PAGES = 512
INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of an integer by its serial type."""
BLOB = 12
"""The least serial type of a blob; those of blobs are even."""


class Place(NamedTuple):
    """A message: time in ns, id of the row, topic, and where its bytes are.

    The first bytes are `local` bytes at `offset`; the others in a list of pages from `page` on.
    """

    time: int
    key: int
    topic: int
    size: int
    offset: int
    local: int
    page: int


class DamagedRowError(ValueError):
    """A row that is not whole, or is no message."""


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = data[offset + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, offset + place + 1
    return value << 8 | data[offset + 8], offset + 9


class SalvagedSqlite(FileReader):
    """The messages that are whole in a database.

    Args:
        source: The file.

    Raises:
        apsw.Error: Its list of topics is not readable.
    """

    def __init__(self, source: Source) -> None:
        """Read all pages."""
        super().__init__(source)
        header = read_at(self.descriptor, HEADER, 0)
        self._page, pages = page_sizes(header)
        if not self._page:
            raise apsw.NotADBError("its header is damaged")
        size = os.fstat(self.descriptor).st_size
        self._pages = size // self._page
        self._usable = self._page - header[20]
        if size < self._page * pages:
            self.lost.append(Lost(f"it was cut at byte {size} of {self._page * pages}"))
        self._read_topics()
        self._index = self._scan(self._free_pages(header))
        self._times = [place.time for place in self._index]
        self.count = len(self._index)
        self.start = self._times[0] if self._times else 0
        self.end = self._times[-1] + 1 if self._times else 0

    def _read_topics(self) -> None:
        with database_view(self.descriptor, self._page) as database:
            definitions: dict[str, tuple[str, str, str]] = {}
            with suppress(apsw.Error):  # schemas before 4 have no such table
                for msgtype, language, text, digest in database.execute(
                    "SELECT topic_type, encoding, encoded_message_definition, "
                    "type_description_hash FROM message_definitions"
                ):
                    definitions[str(msgtype)] = (str(language), str(text), str(digest))
            for key, topic, msgtype, encoding in database.execute(
                "SELECT id, name, type, serialization_format FROM topics"
            ):
                definition = definitions.get(str(msgtype), ("", "", ""))
                self.channels[int(str(key))] = Channel(
                    str(topic), str(msgtype), str(encoding), *definition
                )

    def _free_pages(self, header: bytes) -> set[int]:
        """Return the numbers of the pages that deleted rows have left.

        Raises:
            DamagedRowError: Their list is not whole.
        """
        trunk, free = int.from_bytes(header[32:36], "big"), set[int]()
        while trunk:
            if trunk in free:
                break
            free.add(trunk)
            try:
                data = self._page_content(trunk)
            except DamagedRowError as error:
                raise DamagedRowError("it cannot be told which rows were deleted") from error
            count = min(int.from_bytes(data[4:8], "big"), self._usable // 4 - 2)
            numbers = data[8 : 8 + 4 * count]
            free |= {int.from_bytes(numbers[n : n + 4], "big") for n in range(0, len(numbers), 4)}
            trunk = int.from_bytes(data[:4], "big")
        return free

    def _page_content(self, number: int) -> bytes:
        """Return a page.

        Raises:
            DamagedRowError: It is not wholly there, or holds nothing but zeros.
        """
        if not 1 <= number <= self._pages:
            raise DamagedRowError(f"page {number} is missing")
        data = read_at(self.descriptor, self._page, (number - 1) * self._page)
        if len(data) < self._page or not data.strip(b"\0"):
            raise DamagedRowError(f"page {number} is empty")
        return data

    def _scan(self, free: Collection[int]) -> list[Place]:
        """Return the places of all messages that are whole, by time."""
        found: dict[int, Place] = {}
        twice = set[int]()  # differently: a page was written, and the one that it replaces is left
        damaged = 0
        for number, data in self._leaves():
            if number in free:
                continue
            cells = int.from_bytes(data[3:5], "big")
            for cell in range(min(cells, (self._usable - 8) // 2)):
                start = int.from_bytes(data[8 + 2 * cell : 10 + 2 * cell], "big")
                try:
                    place = self._row(number, data, start)
                    if place is not None:
                        for _ in self._overflow(place):
                            pass
                        if found.setdefault(place.key, place)[:4] != place[:4]:
                            twice.add(place.key)
                except (DamagedRowError, IndexError):
                    damaged += 1
        damaged += len(twice)
        if damaged:
            self.lost.append(Lost("some of its pages are missing or damaged", damaged))
        return sorted(place for key, place in found.items() if key not in twice)

    def _leaves(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and content of each leaf page of any table but the first page."""
        for first in range(1, self._pages, BLOCK_PAGES):
            count = min(BLOCK_PAGES, self._pages - first)
            block = read_at(self.descriptor, count * self._page, first * self._page)
            for place in range(len(block) // self._page):
                if block[place * self._page] == LEAF:
                    start = place * self._page
                    yield first + place + 1, block[start : start + self._page]

    def _row(self, number: int, page: bytes, start: int) -> Place | None:
        """Return the place of a message; None if the row is of another table.

        Raises:
            DamagedRowError: The row is not valid.
            IndexError: As before.
        """
        size, offset = _varint(page, start)
        key, begin = _varint(page, offset)
        local = self._local(size)
        header_size, offset = _varint(page, begin)
        types = []
        while offset < begin + header_size:
            kind, offset = _varint(page, offset)
            types.append(kind)
        if len(types) != 4 or types[0] != 0:
            return None
        topic, offset = _integer(page, offset, types[1])
        time, offset = _integer(page, offset, types[2])
        length = (types[3] - BLOB) // 2
        if types[3] < BLOB or types[3] % 2 or topic not in self.channels:
            raise DamagedRowError("the row is no message of a known topic")
        if begin + local > self._usable or offset - begin + length != size:
            raise DamagedRowError("the row has another length than its message")
        after = begin + local
        overflow = int.from_bytes(page[after : after + 4], "big") if local < size else 0
        return Place(
            time,
            key,
            topic,
            length,
            (number - 1) * self._page + offset,
            after - offset,
            overflow,
        )

    def _local(self, size: int) -> int:
        """Return how many bytes of a row of `size` bytes are in its leaf page."""
        most, least = self._usable - 35, (self._usable - 12) * 32 // 255 - 23
        if size <= most:
            return size
        local = least + (size - least) % (self._usable - 4)
        return local if local <= most else least

    def _overflow(self, place: Place) -> Iterator[bytes]:
        """Yield the bytes of a message that are in other pages.

        Raises:
            DamagedRowError: One of the pages is missing.
        """
        left, number = place.size - place.local, place.page
        while left > 0:
            data = self._page_content(number)
            number = int.from_bytes(data[:4], "big")
            part = data[4 : min(self._usable, 4 + left)]
            left -= len(part)
            yield part
        if number and place.local < place.size:
            raise DamagedRowError("the list of its pages does not end with it")

    def _messages(self, keys: Collection[int], start: int, stop: int) -> Iterator[Record]:
        for place in self._index[bisect_left(self._times, start) : bisect_left(self._times, stop)]:
            if place.topic in keys:
                first = read_at(self.descriptor, place.local, place.offset)
                yield Record(place.topic, place.time, b"".join([first, *self._overflow(place)]))


def _integer(data: bytes, offset: int, kind: int) -> tuple[int, int]:
    if kind in (8, 9):
        return kind - 8, offset
    if kind not in INTEGERS:
        raise DamagedRowError("the row has no integer where a message has one")
    end = offset + INTEGERS[kind]
    return int.from_bytes(data[offset:end], "big", signed=True), end
