"""How a node's process ends at SIGINT and SIGTERM."""

from __future__ import annotations

import signal
import threading
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM)


def interrupt_at_signals() -> threading.Event:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt in the main thread.

    For `rclpy.init(signal_handler_options=SignalHandlerOptions.NO)`: rclpy's own handlers would
    shut the context down before the node has published its last messages. A shell starts a
    background job with SIGINT ignored, and Python leaves it so: both are set here.

    Returns:
        It is set once a signal has come. Where one comes while rclpy makes a message, rclpy raises
        RuntimeError in place of KeyboardInterrupt, so that the exception alone would be lost.
    """
    interrupted = threading.Event()

    def interrupt(*_: Any) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    for number in ENDING:
        signal.signal(number, interrupt)
    return interrupted


def ignore_signals() -> None:
    """Ignore SIGINT and SIGTERM from here on: a second one must not stop the cleaning up."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
