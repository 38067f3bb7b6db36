"""Runs a node with sensors as a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from omnibind_ros.runtime.callback_errors import TooManyErrorsError

from .executor import spin_through_errors
from .sensing import SensingNode
from .signals import ignore_signals, interrupt_at_signals


def spin(make: Callable[[], SensingNode[Any]], args: list[str] | None = None) -> int:
    """Run a node until SIGINT or SIGTERM, and return the exit status.

    The status is 1 if the node stops because too many callbacks fail.

    Args:
        make: Makes the node.
        args: Command line; None for this process's own.
    """
    # rclpy's own handlers would shut the context down while the workers still publish.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    interrupted = interrupt_at_signals()
    cv2.setNumThreads(1)  # OpenCV's threads would compete with the workers
    executor = SingleThreadedExecutor()
    node = make()
    executor.add_node(node)
    node.surroundings.set_command_line(args)
    status = 0
    try:
        node.autostart()
        spin_through_errors(executor, node.errors, closing=interrupted.is_set)
    except TooManyErrorsError as error:
        node.get_logger().fatal(str(error))
        status = 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        ignore_signals()
        node.close()
        node.destroy_node()
        executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
    return status
