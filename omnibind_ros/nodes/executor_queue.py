"""Runs functions in a node's executor, from any thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from rclpy.node import Node

from omnibind_ros.runtime.callback_errors import CallbackErrors


class ExecutorQueue:
    """Passes functions to the executor's thread, which alone may add and remove subscriptions."""

    def __init__(self, node: Node, errors: CallbackErrors) -> None:
        """Create a queue.

        Args:
            node: The node whose executor runs the functions.
            errors: Gets their exceptions, but for ValueError, which is a sentence for the caller.
        """
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._node = node
        self._errors = errors
        self._guard = node.create_guard_condition(self._run)

    def call(self, function: Callable[[], Any]) -> Future[Any]:
        """Run a function soon.

        Args:
            function: Takes no argument.

        Returns:
            A future of its result. Waiting for it in the executor's own thread would never end.
        """
        future: Future[Any] = Future()
        self._calls.put((function, future))
        self._guard.trigger()
        return future

    def close(self) -> None:
        """Cancel the functions that have not been run."""
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
            except Exception as error:  # noqa: BLE001 - the future passes it on
                future.set_exception(error)
                if not isinstance(error, ValueError):
                    self._errors.callback_failed(error)
