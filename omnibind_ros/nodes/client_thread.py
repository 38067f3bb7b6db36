"""Runs a client node in a thread of its own, beside a program that is no node."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from omnibind_ros.runtime.callback_errors import CallbackErrors, TooManyErrorsError

from .executor import spin_through_errors


class Client(Protocol):
    """A node that counts the exceptions in its callbacks."""

    errors: CallbackErrors


Made = TypeVar("Made", bound=Client)


@contextmanager
def client_in_thread(make: Callable[[], Made]) -> Iterator[Made]:
    """Run a client node in a thread until the with statement ends.

    Args:
        make: Makes the node, a subclass of `Node` with `errors`.
    """
    # Ctrl-C must reach the main thread as an exception, so that it ends what it has started.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    client = make()
    node: Node = client
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin() -> None:
        try:
            spin_through_errors(executor, client.errors)
        except TooManyErrorsError as error:
            node.get_logger().fatal(str(error))

    thread = threading.Thread(target=spin, name=node.get_name(), daemon=True)
    thread.start()
    try:
        yield client
    finally:
        executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
        thread.join(timeout=2.0)
        node.destroy_node()
