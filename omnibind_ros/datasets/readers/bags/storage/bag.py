"""An open bag: its files, its topics and the definitions of its messages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from heapq import merge
from pathlib import Path
from typing import Any, NamedTuple

from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinitionFormat,
    Qos,
)
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.plain_text import one_line

from .file_reader import FOREVER
from .metadata import METADATA, Declared, choose_files, read_metadata
from .storage_file import StorageFile, UnreadableFileError, is_cdr
from .temporary import ZSTD_MAGIC

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_UNPACKED = 1 << 29
"""Bytes that a compressed message has unpacked at most."""

IDL_SEPARATOR = "=" * 80 + "\n"


class Topic(NamedTuple):
    """A topic of a bag; one with messages of two types occurs twice."""

    topic: str
    msgtype: str


class Bag:
    """An open bag.

    Attributes:
        connections: Its topics with their types.
        start_time: Time of the first message, ns since the epoch. Where the beginning is lost, the
            time that the metadata names, as labels count from it.
        end_time: Time after the last message, ns.

    Args:
        folder: The bag's folder.
        default: Returns the definitions of message types that the bag does not define.

    Raises:
        SkipError: Nothing in it can be read.
    """

    def __init__(self, folder: Path, default: Callable[[], Any]) -> None:
        """Open all files."""
        self._name = folder.name
        self._metadata = read_metadata(folder)
        paths, self._problems = choose_files(folder, self._metadata)
        if self._metadata.problem:
            self._problems.insert(0, self._metadata.problem)
        left_out = bool(set(self._metadata.names) - {path.name for path in paths})
        files: list[StorageFile] = []
        for path in paths:
            try:
                files.append(StorageFile(path))
            except UnreadableFileError as error:
                self._problems.append(str(error))
                left_out = True
        if not files:
            raise SkipError(
                self._name, "; ".join(self._problems) or "the folder has no .db3 or .mcap file"
            )
        self._files = sorted(files, key=lambda file: file.start)
        if not any(file.count for file in files) and any(file.damaged for file in files):
            whole = self._metadata.whole
            self.start_time = whole.start if whole else 0
            raise SkipError(self._name, "; ".join(self.problems()))
        self.start_time = min(file.start for file in files)
        self.end_time = max(file.end for file in files)
        self._check_metadata(left_out or any(file.damaged for file in files))
        connections = self._read_topics()
        self.connections = list({Topic(each.topic, each.msgtype): None for each in connections})
        self._load_default = default
        self._store = self._read_definitions(connections)

    def _check_metadata(self, incomplete: bool) -> None:
        """Compare the files with the metadata."""
        whole = self._metadata.whole
        count = sum(file.count for file in self._files)
        if whole is None:
            return
        if not incomplete:
            if whole.count != count:
                self._problems.append(
                    f"{METADATA} names {whole.count} messages, the files have {count}; "
                    "the files decide"
                )
        elif whole.count and whole.start < self.start_time and count:
            self._problems.append(
                f"the first {(self.start_time - whole.start) / 1e9:.3f} s are lost; times of "
                f"labels count from the beginning that {METADATA} names"
            )
            self.start_time = whole.start

    def _read_topics(self) -> list[Connection]:
        connections = [each for file in self._files for each in file.connections]
        for topic in dict.fromkeys(each.topic for each in connections if not is_cdr(each)):
            self._problems.append(f"{topic} is left out, as its messages are not serialized as CDR")
        return [each for each in connections if is_cdr(each)]

    def _read_definitions(self, connections: list[Connection]) -> Any:
        """Return a type store of the definitions in the files; a wrong one is replaced."""
        types: dict[str, Any] = {}
        digests = dict(self._metadata.digests)
        wrong: dict[str, str] = {}
        for msgtype, definition in dict.fromkeys(
            (each.msgtype, each.msgdef) for each in connections
        ):
            if definition.format != MessageDefinitionFormat.NONE:
                try:
                    types.update(_types(definition.format, definition.data, msgtype))
                except Exception:  # noqa: BLE001 - whatever the parser makes of damaged bytes
                    wrong[msgtype] = "cannot be read"
        digests.update({each.msgtype: each.digest for each in connections if each.digest})
        store = _store(types)
        for msgtype, digest in digests.items():
            if msgtype in store.fielddefs and _hash(store, msgtype) != digest:
                wrong[msgtype] = "does not have the hash that the bag names"
        for msgtype, why in wrong.items():
            types.pop(msgtype, None)
            default = self._default
            known = msgtype in default.fielddefs and (
                msgtype not in digests or digests[msgtype] == _hash(default, msgtype)
            )
            self._problems.append(
                f"the definition of {msgtype} in the bag {why}; "
                + ("that of ROS 2 is used" if known else "its messages are left out")
            )
            if not known:
                self.connections = [each for each in self.connections if each.msgtype != msgtype]
        return _store(types) if wrong else store

    @cached_property
    def _default(self) -> Any:
        return self._load_default()

    def deserialize(self, raw: bytes, msgtype: str) -> Any:
        """Decode a message.

        Args:
            raw: Its bytes, which may be compressed by zstd.
            msgtype: Its type.

        Raises:
            Exception: It is damaged; of what kind depends on the damage.
        """
        return self.definitions(msgtype).deserialize_cdr(uncompressed(raw), msgtype)

    def definitions(self, msgtype: str) -> Any:
        """Return the type store of rosbags that has the definition of a message type."""
        return self._store if msgtype in self._store.fielddefs else self._default

    @property
    def plugin(self) -> str:
        """The storage plugin of its first file, 'sqlite3' or 'mcap'."""
        return self._files[0].plugin

    def profiles(self, topic: Topic) -> list[Qos]:
        """Return the QoS profiles of a topic's publishers, as far as the bag names them."""
        return [
            profile
            for file in self._files
            for each in file.connections
            if (each.topic, each.msgtype) == topic and isinstance(each.ext, ConnectionExtRosbag2)
            for profile in each.ext.offered_qos_profiles
        ]

    def messages(
        self, topics: Collection[str], start: int | None, stop: int | None
    ) -> Iterator[tuple[Topic, int, bytes]]:
        """Yield topic, time in ns and bytes of messages, by time.

        Args:
            topics: Names of topics.
            start: Beginning, in ns.
            stop: End, in ns, exclusive.
        """
        chosen = {topic for topic in self.connections if topic.topic in topics}
        files = [
            file
            for file in self._files
            if (stop is None or file.start < stop) and (start is None or file.end > start)
        ]
        streams = [self._file_messages(file, chosen, start, stop) for file in files]
        for topic, time, raw in merge(*streams, key=lambda message: message[1]):
            if topic is not None:
                yield topic, time, raw

    def _file_messages(
        self, file: StorageFile, chosen: Collection[Topic], start: int | None, stop: int | None
    ) -> Iterator[tuple[Topic | None, int, bytes]]:
        yield None, file.start, b""  # `merge` waits here until it is the time of the file
        for connection, time, raw in file.messages(
            lambda each: is_cdr(each) and (each.topic, each.msgtype) in chosen, start, stop
        ):
            yield Topic(connection.topic, connection.msgtype), time, raw

    def problems(self) -> list[str]:
        """Return one sentence for each thing that was left out or repaired so far."""
        begin = self.start_time if self.start_time != FOREVER else 0
        files = self._metadata.files
        alone: Mapping[str, Declared | None] = (
            {self._files[0].name: self._metadata.whole} if len(self._metadata.names) == 1 else {}
        )
        texts = [
            file.problem(begin, files.get(file.name) or alone.get(file.name))
            for file in self._files
        ]
        return [one_line(text) for text in (*self._problems, *texts) if text]


def uncompressed(raw: bytes) -> bytes:
    """Return a message as CDR; it may be compressed by zstd.

    Raises:
        Exception: It is damaged, or larger than `MOST_UNPACKED`.
    """
    # CDR begins with a zero byte, so that it cannot be taken for zstd.
    if raw[:4] != ZSTD_MAGIC:
        return raw
    decompressor = zstd.ZstdDecompressor()
    data = bytes(decompressor.decompress(raw, max_length=MOST_UNPACKED))
    if not decompressor.eof:
        raise ValueError("a compressed message is not whole, or too large")
    return data


def _store(types: Mapping[str, Any]) -> Any:
    store = get_typestore(Stores.EMPTY)
    store.register(dict(types))
    return store


def _hash(store: Any, msgtype: str) -> str:
    with suppress(Exception):  # a type that it needs is missing
        return str(store.hash_rihs01(msgtype))
    return ""


def _types(language: MessageDefinitionFormat, text: str, msgtype: str) -> dict[str, Any]:
    """Return the types in a definition, which holds those that it needs, too."""
    if language == MessageDefinitionFormat.MSG:
        return dict(get_types_from_msg(text, msgtype))
    if not text.startswith(f"{IDL_SEPARATOR}IDL: "):
        return dict(get_types_from_idl(text))
    types: dict[str, Any] = {}
    for part in text.split(IDL_SEPARATOR)[1:]:
        types.update(get_types_from_idl(part.split("\n", 1)[1]))
    return types
