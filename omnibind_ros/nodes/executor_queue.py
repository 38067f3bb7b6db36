"""Runs functions in a node's executor, whichever thread asks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from rclpy.node import Node


class ExecutorQueue:
    """Only the executor's thread may add and remove what it waits for; this brings work to it."""

    def __init__(self, node: Node) -> None:
        """Create a queue.

        Args:
            node: Whose executor runs the functions.
        """
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._node = node
        self._guard = node.create_guard_condition(self._run)

    def call(self, function: Callable[[], Any]) -> Future[Any]:
        """Run a function soon.

        Args:
            function: Takes nothing.

        Returns:
            Its result, or the error it raised. Waiting for it in the executor's own thread would
            last for ever.
        """
        future: Future[Any] = Future()
        self._calls.put((function, future))
        self._guard.trigger()
        return future

    def close(self) -> None:
        """Drop what has not been run."""
        self._node.destroy_guard_condition(self._guard)
        while True:
            try:
                self._calls.get_nowait()[1].cancel()
            except Empty:
                return

    def _run(self) -> None:
        while True:
            try:
                function, future = self._calls.get_nowait()
            except Empty:
                return
            try:
                future.set_result(function())
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                future.set_exception(error)
                if not isinstance(error, ValueError):  # ours are sentences for who asked
                    self._node.get_logger().error(f"{type(error).__name__}: {error}")
