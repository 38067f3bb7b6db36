"""A bag that is being written, so that a killed process loses the last second at most."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from rosbags.interfaces import Connection, Qos
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError
from rosbags.rosbag2.storage_mcap import McapWriter
from rosbags.rosbag2.storage_sqlite3 import Sqlite3Writer

from .definitions import Definitions
from .errors import RecordingError

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
VERSION: Literal[9] = 9
"""Of rosbag2's metadata: that of ROS 2 Jazzy."""


class BagWriter:
    """Writes one bag.

    Attributes:
        folder: Its folder.
        counts: Messages written, by topic.
        bytes: Their size.
    """

    def __init__(self, folder: Path, storage: str = "mcap") -> None:
        """Make the folder.

        Args:
            folder: The bag's folder, which must not exist.
            storage: A key of `STORAGES`.

        Raises:
            RecordingError: The folder exists or cannot be made.
        """
        self.folder = folder
        self.counts: dict[str, int] = {}
        self.bytes = 0
        self._flushed = 0
        self._definitions = Definitions()
        self._connections: dict[str, Connection] = {}
        self._types: dict[str, str] = {}
        self._lock = contextlib.ExitStack()
        try:
            self._writer = Writer(folder, version=VERSION, storage_plugin=STORAGES[storage])
            self._writer.open()
            self._lock.enter_context(lock_bag(folder))
        except WriterError as error:
            raise RecordingError(
                f"{folder} exists already; name another folder with --out, or remove it"
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise RecordingError(
                f"{folder} cannot be made ({_cause(error)}); name another folder with --out"
            ) from error

    def add_topic(
        self, topic: str, msgtype: str, profiles: Sequence[Qos] = (), store: Any = None
    ) -> None:
        """Add a topic; one that is there already stays as it is.

        Args:
            topic: Its name.
            msgtype: Its message type, three parts.
            profiles: The profiles of its publishers.
            store: A type store of rosbags that defines the type; None: that of `Definitions`.

        Raises:
            RecordingError: Its type is not defined anywhere, the topic has another type, or the
                disk cannot be written.
        """
        if topic in self._connections:
            if self._types[topic] != msgtype:
                raise RecordingError(
                    f"{topic} has messages of {self._types[topic]} and of {msgtype}; only the "
                    "first are recorded"
                )
            return
        store = self._definitions.store(msgtype) if store is None else store
        with self._told():
            self._connections[topic] = self._writer.add_connection(
                topic, msgtype, typestore=store, offered_qos_profiles=profiles
            )
        self._types[topic] = msgtype
        self.counts[topic] = 0

    def write(self, topic: str, time: int, data: bytes) -> None:
        """Write a message.

        Args:
            topic: A topic that was added.
            time: When it was received, ns since the epoch.
            data: The message, serialized as CDR.

        Raises:
            RecordingError: The disk cannot be written.
        """
        with self._told():
            self._writer.write(self._connections[topic], time, data)
        self.counts[topic] += 1
        self.bytes += len(data)

    def flush(self) -> None:
        """Give what was written to the operating system, so that it is there after a kill.

        Raises:
            RecordingError: The disk cannot be written.
        """
        storage = self._writer.storage
        with self._told():
            if isinstance(storage, McapWriter):
                if storage.chunk.msgs:
                    storage.close_chunk()
                storage.bio.flush()
            elif isinstance(storage, Sqlite3Writer):
                storage.conn.commit()
        self._flushed = sum(self.counts.values())

    def close(self) -> None:
        """Write the index and metadata.yaml; a bag without messages is removed.

        Raises:
            RecordingError: The disk cannot be written.
        """
        if not sum(self.counts.values()):
            self.abort()
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        try:
            with self._told():
                self._writer.close()
        except RecordingError:
            self.abort()
            raise
        self._lock.close()

    def abort(self) -> None:
        """Close without index and metadata.yaml: what was written stays."""
        # The disk may be full, so that what is left in memory cannot be written.
        with contextlib.suppress(OSError, sqlite3.Error):
            self._writer.abort()
        self._lock.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn errors of the disk into one sentence."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise RecordingError(
                f"the bag {self.folder} cannot be written any more ({_cause(error)}); "
                f"the {self._flushed} messages until a second before can be read from "
                f"bag:{self.folder}; free the disk and record the rest anew"
            ) from error


@contextlib.contextmanager
def lock_bag(folder: Path) -> Iterator[None]:
    """Keep other processes from changing a bag; the lock ends with the process.

    Args:
        folder: The bag's folder.

    Raises:
        RecordingError: Another process is recording or changing it.
    """
    lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecordingError(
                f"{folder} is being recorded or changed by another process; end it first"
            ) from error
        yield
    finally:
        os.close(lock)


def _cause(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
