"""A thread for a node's services."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYetError
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile

from omnibind_ros.runtime.callback_errors import CallbackErrors, TooManyErrorsError
from omnibind_ros.runtime.reporter import Reporter

from .executor import spin_through_errors

PATIENCE = 30.0
"""Seconds that a service waits for the executor's thread, and for an encoder to be loaded."""

REQUESTS = QoSProfile(depth=256)
"""Of the services: requests that wait for their turn, and answers that wait for their clients.

ROS 2's default is 10: of more requests at one moment, those before the last ten would be lost, and
their clients would never hear of it.
"""

Work = Callable[[Any, Any], str]
"""(request, response) -> message for the response; raises ValueError with one sentence."""


class ServiceHost:
    """Runs a node's services in a thread of their own, so that slow ones delay no sensor.

    10 000 labels take seconds to embed. rclpy gives a node to one executor, so the services have a
    hidden node of their own. (A MultiThreadedExecutor for all lost up to 40 % of the frames on two
    processors.) Their names are those that the node itself would give them: its namespace and its
    remapping rules count. `ros2 node info` shows them at the hidden node.
    """

    def __init__(self, node: Node, errors: CallbackErrors) -> None:
        """Create a host without services; `start` starts it.

        Args:
            node: The node that the services belong to.
            errors: Gets the exceptions of rclpy, such as for a client that has gone.
        """
        # The node's own namespace and remapping rules give the services their names.
        self._resolved = node.resolve_service_name
        self._reporter: Reporter = node.get_logger()
        self._errors = errors
        self._closing = threading.Event()
        self._hidden = rclpy.create_node(
            f"_{node.get_name()}_services",
            namespace=node.get_namespace(),
            context=node.context,
            use_global_arguments=False,  # or the launch file's name would be this node's too
            start_parameter_services=False,
            enable_rosout=False,
        )
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._hidden)
        self._thread = threading.Thread(target=self._spin, name="services", daemon=True)

    def add(self, kind: type, name: str, work: Work) -> None:
        """Add a service, before `start`.

        Args:
            kind: Class of the service; its response has `success` and `message`.
            name: Its name, after the node's.
            work: What it does.
        """

        def answer_request(request: Any, response: Any) -> Any:
            return answer(self._reporter, work, request, response)

        self._hidden.create_service(
            kind, self._resolved(f"~/{name}"), answer_request, qos_profile=REQUESTS
        )

    def start(self) -> None:
        """Start to answer."""
        self._thread.start()

    def close(self) -> None:
        """Remove the services, once the call under way has ended."""
        self._closing.set()
        self._executor.shutdown()
        if self._thread.is_alive():
            self._thread.join()
        self._hidden.destroy_node()

    def sleep(self, seconds: float) -> None:
        """Wait in a service; it ends early when the host is closed."""
        self._closing.wait(seconds)

    def wait(self, future: Future[Any]) -> Any:
        """Wait in a service for the executor's thread, and return the future's result.

        Raises:
            ValueError: The host is closed, or the result takes too long.
        """
        end = time.monotonic() + PATIENCE
        while not self._closing.is_set() and time.monotonic() < end:
            try:
                return future.result(0.1)
            except NotYetError:
                continue
            except CancelledError:
                break
        raise ValueError("the node has stopped or did not finish in time; see its log")

    def _spin(self) -> None:
        # Then the node stops too, as it checks the same errors.
        with contextlib.suppress(TooManyErrorsError):
            spin_through_errors(self._executor, self._errors, self._closing.is_set)


def answer(reporter: Reporter, work: Work, request: Any, response: Any) -> Any:
    """Do a service's work, and return the response with `success` and `message` filled in.

    Args:
        reporter: Takes the problems.
        work: What the service does.
        request: The request.
        response: The response.
    """
    try:
        response.message = work(request, response)
        response.success = True
    except ValueError as error:  # its text is one sentence
        response.success = False
        response.message = str(error)
        reporter.warning(response.message)
    except Exception as error:  # noqa: BLE001 - an error in one call must not end the services
        response.success = False
        response.message = f"the node failed ({type(error).__name__}: {error}); see its log"
        reporter.error(f"{response.message}\n{traceback.format_exc()}")
    return response
