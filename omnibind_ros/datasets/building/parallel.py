"""Runs numbered tasks in processes that can be stopped, and that end with their parent.

Or on an executor of concurrent.futures, such as a cluster's (executors.py).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

import cv2

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.worker_processes import end_with_parent

from .executors import run_on_executor

Workers: TypeAlias = int | Executor
"""Where tasks are done: a number of processes of this machine, or an executor."""

POLL = 0.2
"""Seconds between two reports of progress."""


class Task(Protocol):
    """A task that is done for each of several numbers; pickled into every worker."""

    def __call__(self, number: int, tick: Callable[[], None]) -> None:
        """Do it for one number, and call `tick` after each step."""


class StoppedError(Exception):
    """Raised by `tick` in a worker that should stop."""


class _Worker:
    """State of a worker process: the task, a counter of steps, and the request to stop."""

    task: Task
    steps: Any
    stop: Any

    @classmethod
    def start(cls, task: Task, steps: Any, stop: Any) -> None:
        cls.task, cls.steps, cls.stop = task, steps, stop
        # Control-C reaches every process; only the parent reports it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        cv2.setNumThreads(1)
        end_with_parent()

    @classmethod
    def tick(cls) -> None:
        if cls.stop.is_set():
            raise StoppedError
        with cls.steps.get_lock():
            cls.steps.value += 1

    @classmethod
    def run(cls, number: int) -> None:
        cls.task(number, cls.tick)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Limit the numerical libraries of new processes to one thread each."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run_tasks(
    task: Task, numbers: Sequence[int], workers: Workers, progress: Callable[[int], None]
) -> None:
    """Do a task for each number; the first exception stops all workers and is raised here.

    Args:
        task: The task.
        numbers: The numbers, in this order.
        workers: Processes, or an executor; 1: it is done in this process.
        progress: Called now and then with the number of steps done.

    Raises:
        DatasetError: A worker died.
    """
    if isinstance(workers, Executor):
        run_on_executor(task, numbers, workers, progress)
        return
    if workers <= 1 or len(numbers) <= 1:
        _run_here(task, numbers, progress)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
    steps, stop = context.Value("q", 0), context.Event()
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            min(workers, len(numbers)), context, _Worker.start, (task, steps, stop)
        ) as pool,
    ):
        waiting = {pool.submit(_Worker.run, number) for number in numbers}
        try:
            while waiting:
                done, waiting = wait(waiting, POLL, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                progress(steps.value)
        except BrokenProcessPool as error:
            raise DatasetError(
                "a worker process died, perhaps because memory was short: run the same command "
                "again with fewer workers; what is complete is not done again"
            ) from error
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _run_here(task: Task, numbers: Sequence[int], progress: Callable[[int], None]) -> None:
    steps = 0

    def tick() -> None:
        nonlocal steps
        steps += 1
        progress(steps)

    for number in numbers:
        task(number, tick)
