"""Runs numbered tasks on any executor of concurrent.futures, also on other machines.

Every process that the executor runs tasks in needs this package and sees the same files under the
same paths. A task that is done twice, because its worker was lost, writes the same bytes again.
"""

from __future__ import annotations

import os
import pickle
import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np

from omnibind_ros import __version__
from omnibind_ros.datasets.errors import DatasetError

WINDOW = 256
"""Numbers that are given to the executor at once, as each carries the task with it."""

POLL = 1.0
"""Seconds between two looks at the executor."""

GRACE = 5.0
"""Seconds to wait for tasks that run, after an exception."""

AGAIN = "run the same command again; what is complete is not done again"

_one_task = threading.Lock()
"""Tasks of one process run one by one: they use libraries and files that threads cannot share."""


@runtime_checkable
class CheckedExecutor(Protocol):
    """An executor that can tell that it will never be done."""

    def check(self) -> None:
        """Raise DatasetError if no worker is left."""
        ...


def versions() -> dict[str, str]:
    """Return the versions of what the bytes of datasets depend on."""
    return {
        "omnibind_ros": __version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "NumPy": np.__version__,
        "OpenCV": cv2.__version__,
    }


def run_on_executor(
    task: Any, numbers: Sequence[int], executor: Executor, progress: Callable[[int], None]
) -> None:
    """Do a task for each number on an executor; the first exception cancels the rest.

    Args:
        task: See `parallel.Task`.
        numbers: The numbers.
        executor: Where.
        progress: Called with the number of steps done, whenever a number is done.

    Raises:
        DatasetError: The executor has lost its workers, or they cannot do the task.
    """
    payload, folder, wanted = pickle.dumps(task), os.getcwd(), versions()  # noqa: PTH109 - a text
    left = iter(numbers)
    steps = 0

    def submit(count: int) -> set[Future[int]]:
        return {
            executor.submit(run_here, payload, number, folder, wanted)
            for number in islice(left, count)
        }

    waiting = submit(WINDOW)
    try:
        while waiting:
            done, waiting = wait(waiting, POLL, FIRST_COMPLETED)
            steps += sum(future.result() for future in done)
            waiting |= submit(len(done))
            if done:
                progress(steps)
            elif isinstance(executor, CheckedExecutor):
                executor.check()
    except (CancelledError, BrokenExecutor) as error:
        raise DatasetError(f"the workers were lost before all was done: {AGAIN}") from error
    finally:
        # What runs cannot be stopped; it should not meet the next run of the command.
        wait([future for future in waiting if not future.cancel()], GRACE)


def run_here(payload: bytes, number: int, folder: str, wanted: dict[str, str]) -> int:
    """Do a pickled task for one number, in a worker; return its number of steps.

    Args:
        payload: The task, pickled.
        number: The number.
        folder: The folder from which relative paths count.
        wanted: See `versions`.

    Raises:
        DatasetError: Folder or versions are not those of the process that asks for it.
    """
    steps = 0

    def tick() -> None:
        nonlocal steps
        steps += 1

    _check_versions(wanted)
    with _one_task, _in_folder(folder):
        cv2.setNumThreads(1)
        _unpickled(payload)(number, tick)
    return steps


@lru_cache(maxsize=1)
def _unpickled(payload: bytes) -> Any:
    return pickle.loads(payload)  # noqa: S301 - Dask, whose scheduler is the user's own, does as much


def _check_versions(wanted: dict[str, str]) -> None:
    own = versions()
    for name, version in wanted.items():
        if own[name] != version:
            raise DatasetError(
                f"the worker on {platform.node()} has {name} {own[name]}, this process {version}, "
                "so that the results could differ: install the same on both"
            )


@contextmanager
def _in_folder(folder: str) -> Iterator[None]:
    before = os.getcwd()  # noqa: PTH109 - a text
    if folder == before:
        yield
        return
    try:
        os.chdir(folder)
    except OSError as error:
        raise DatasetError(
            f"the worker on {platform.node()} has no folder {folder}: all machines must see the "
            "same files under the same paths"
        ) from error
    try:
        yield
    finally:
        os.chdir(before)
