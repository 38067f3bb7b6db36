"""Writes messages to a bag in a thread of its own, so that a slow disk delays no subscription."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path

from rosbags.interfaces import Qos

from .errors import RecordingError
from .moments import Message
from .writing import BagWriter

WAITING_BYTES = 256 << 20
"""Size of messages that may wait for the disk; more are lost, which is told."""

FREE_BYTES = 128 << 20
"""Space that is left on the disk; the bag is closed whole before it is used up."""

FLUSH_EVERY = 1.0
"""Seconds of recording that a kill can lose."""


class Recorder:
    """Takes messages from any thread and writes them in the order in which it got them.

    Attributes:
        folder: The bag's folder.
        counts: Messages written, by topic.
        bytes: Their size.
        lost: Messages that came faster than the disk takes them, by topic.
        problem: Why it writes no more, one sentence; '' while it does.
    """

    def __init__(
        self,
        folder: Path,
        storage: str = "mcap",
        waiting_bytes: int = WAITING_BYTES,
        free_bytes: int = FREE_BYTES,
    ) -> None:
        """Make the bag and start the thread.

        Args:
            folder: The bag's folder, which must not exist.
            storage: A key of `writing.STORAGES`.
            waiting_bytes: Size of messages that may wait.
            free_bytes: Space to leave on the disk.

        Raises:
            RecordingError: The folder exists or cannot be made.
        """
        self.folder = folder
        self.lost: dict[str, int] = {}
        self.problem = ""
        self._waiting_bytes = waiting_bytes
        self._free_bytes = free_bytes
        self._waiting: deque[Message | _Call] = deque()
        self._size = 0
        self._changed = threading.Condition()
        self._closing = False
        self._failed = False
        made: Future[BagWriter] = Future()
        # All is done in the thread, as a connection of SQLite is used in the thread that made it.
        self._thread = threading.Thread(
            target=self._run, args=(made, storage), name="bag writer", daemon=True
        )
        self._thread.start()
        writer = made.result()
        self.counts = writer.counts
        self._writer = writer

    @property
    def bytes(self) -> int:
        """Size of the messages that were written."""
        return self._writer.bytes

    def add_topic(self, topic: str, msgtype: str, profiles: Sequence[Qos] = ()) -> None:
        """Add a topic; raises `RecordingError` as `BagWriter.add_topic` does."""
        call = _Call(lambda writer: writer.add_topic(topic, msgtype, profiles))
        with self._changed:
            if self.problem:
                raise RecordingError(self.problem)
            self._waiting.append(call)
            self._changed.notify()
        call.done.result()

    def add(self, message: Message) -> None:
        """Write a message soon; it is counted as lost if too many wait."""
        with self._changed:
            if self._size + len(message.data) > self._waiting_bytes:
                self.lost[message.topic] = self.lost.get(message.topic, 0) + 1
            else:
                self._put(message)

    def add_held(self, messages: Iterable[Message]) -> None:
        """Write messages soon that are in memory already, however many they are."""
        with self._changed:
            for message in messages:
                self._put(message)

    def close(self) -> None:
        """Write what waits, and close the bag.

        Raises:
            RecordingError: The disk cannot be written; what was written stays.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        if self._failed:
            raise RecordingError(self.problem)

    def _put(self, message: Message) -> None:
        if not self.problem:
            self._waiting.append(message)
            self._size += len(message.data)
            self._changed.notify()

    def _next(self) -> Message | _Call | None:
        """Wait for something to do, at most until it is time to flush."""
        with self._changed:
            if not self._waiting and not self._closing:
                self._changed.wait(FLUSH_EVERY)
            if not self._waiting:
                return None
            found = self._waiting.popleft()
            if isinstance(found, Message):
                self._size -= len(found.data)
            return found

    def _run(self, made: Future[BagWriter], storage: str) -> None:
        try:
            writer = BagWriter(self.folder, storage)
        except Exception as error:  # noqa: BLE001 - raised where the recorder is made
            made.set_exception(error)
            return
        made.set_result(writer)
        try:
            self._write(writer)
            writer.close()
        except Exception as error:  # noqa: BLE001 - a thread that ends unnoticed would lose all
            told = str(error) if isinstance(error, RecordingError) else repr(error)
            self._stop(told, failed=True)
            writer.abort()

    def _write(self, writer: BagWriter) -> None:
        """Write until the recorder is closed or the disk has no space left."""
        flushed = time.monotonic()
        while not self.problem:
            found = self._next()
            if isinstance(found, Message):
                writer.write(*found)
            elif found is not None:
                found.run(writer)
            elif self._closing:
                return
            if time.monotonic() - flushed >= FLUSH_EVERY:
                writer.flush()
                self._check_space()
                flushed = time.monotonic()

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < self._free_bytes:
            self._stop(
                f"the disk of {self.folder} has {free >> 20} MB left, so the recording was ended "
                "and closed whole; free the disk and record the rest anew"
            )

    def _stop(self, problem: str, failed: bool = False) -> None:
        with self._changed:
            self.problem, self._failed = problem, failed
            left, self._waiting = self._waiting, deque()
            self._size = 0
        for waiting in left:
            if isinstance(waiting, _Call):
                waiting.done.set_exception(RecordingError(problem))


class _Call:
    """Something to do with the bag in its thread."""

    def __init__(self, work: Callable[[BagWriter], None]) -> None:
        self.done: Future[None] = Future()
        self._work = work

    def run(self, writer: BagWriter) -> None:
        try:
            self._work(writer)
        except Exception as error:  # noqa: BLE001 - raised where it was asked for
            self.done.set_exception(error)
        else:
            self.done.set_result(None)
