"""Runs a node with sensors as a process."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import cv2
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from .sensing import SensingNode


def spin(make: Callable[[], SensingNode[Any]], args: list[str] | None = None) -> int:
    """Run a node until SIGINT or SIGTERM, and return the exit status.

    Args:
        make: Makes the node.
        args: Command line; None for this process's own.
    """
    # rclpy's own handlers would shut the context down while the workers still publish.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, _interrupt)
    cv2.setNumThreads(1)  # OpenCV's threads would compete with the workers
    executor = SingleThreadedExecutor()
    node = make()
    executor.add_node(node)
    try:
        node.autostart()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # a second one must not stop the cleaning up
            signal.signal(number, signal.SIG_IGN)
        node.close()
        node.destroy_node()
        executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
    return 0


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
