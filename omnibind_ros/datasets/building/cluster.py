"""Where numbered tasks run: processes of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnibind_ros.datasets.errors import DatasetError

from .executors import AGAIN
from .parallel import Workers

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 30.0
"""Seconds to wait for the scheduler, for its first worker, and while it has none."""

TIMEOUTS = (TimeoutError, asyncio.TimeoutError)
"""What distributed raises; in Python 3.10 they are two exceptions."""


class DaskExecutor(Executor):
    """The executor of a Dask client, which also tells that no worker is left.

    Dask gives the numbers of a worker that is lost to others. After the fourth worker that was lost
    with the same number it gives up.
    """

    def __init__(self, client: Client) -> None:
        """Take a connected client."""
        self._client = client
        self._executor: Executor = client.get_executor(pure=False)
        self._alive = time.monotonic()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Let a worker call a function."""
        return self._executor.submit(fn, *args, **kwargs)

    def check(self) -> None:
        """Raise DatasetError if the scheduler is lost, or has had no worker for `PATIENCE`."""
        now = time.monotonic()
        if self._client.status != "running":
            raise DatasetError(f"the Dask scheduler does not answer any more: {AGAIN}")
        if self._client.scheduler_info()["workers"]:
            self._alive = now
        elif now - self._alive > PATIENCE:
            raise DatasetError(
                f"the Dask scheduler has had no worker for {PATIENCE:g} s: start one and {AGAIN}"
            )


@contextmanager
def chosen_workers(workers: int, dask: str, folder: Path) -> Iterator[Workers]:
    """Connect to a Dask scheduler if one is named, until the block ends.

    Args:
        workers: Processes of this machine; 0: one a core. Not used with `dask`.
        dask: The scheduler's address, such as tcp://host:8786; '' for this machine alone.
        folder: A folder that the tasks write to, which all workers must see.

    Yields:
        What `run_tasks` takes.

    Raises:
        DatasetError: Dask is not installed, the scheduler or its workers cannot be had, they do
            not see the folder, or each worker that a task is given to is lost.
    """
    if not dask:
        yield workers or os.cpu_count() or 1
        return
    try:
        import distributed  # noqa: PLC0415 - only where the extra is installed
    except ImportError as error:
        raise DatasetError(
            "--dask needs Dask distributed: install omnibind_ros[cluster] here and on all workers"
        ) from error
    try:
        client = distributed.Client(dask, timeout=PATIENCE)
    except (OSError, *TIMEOUTS, ValueError) as error:
        raise DatasetError(
            f"no Dask scheduler answers at {dask} within {PATIENCE:g} s: start one with `dask "
            "scheduler`, or correct the address"
        ) from error
    try:
        _check_workers(client, dask, folder)
        yield DaskExecutor(client)
    except distributed.KilledWorker as error:
        raise DatasetError(
            "four workers ended while they did the same task, perhaps because memory was short: "
            f"start workers with fewer processes or more memory, and {AGAIN}"
        ) from error
    finally:
        client.close(timeout=2)


def _check_workers(client: Client, address: str, folder: Path) -> None:
    """Raise DatasetError if there are no workers, or they do not see a folder."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TIMEOUTS as error:
        raise DatasetError(
            f"the Dask scheduler at {address} has no worker: start some with `dask worker "
            f"{address} --nthreads 1`"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder.absolute() / f".seen-{uuid.uuid4().hex}"
    marker.touch()
    try:
        seen = client.run(os.path.exists, str(marker))
    finally:
        marker.unlink(missing_ok=True)
    blind = [worker for worker, sees in seen.items() if not sees]
    if blind:
        raise DatasetError(
            f"the worker {blind[0]} does not see {folder.absolute()}: --dask needs a file system "
            "that all machines share, under the same paths"
        )
