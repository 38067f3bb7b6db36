"""The service of every node with sensors, and what services need."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotYetError
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter

from omnibind_msgs.srv import SetSensor

if TYPE_CHECKING:
    from .sensing_node import SensingNode

PATIENCE = 30.0
"""Seconds that a service waits for the node's own thread, and for an encoder to be loaded."""


class Services:
    """~/set_sensor, and a thread for whatever else a node offers.

    A thread apart from the sensors': 10 000 labels take seconds, and perception goes on. rclpy
    gives a node to one executor, so the services have a hidden node of their own. (A
    MultiThreadedExecutor for all lost up to 40 % of the frames on two cores.)
    """

    def __init__(self, node: SensingNode[Any]) -> None:
        """Create the services.

        Args:
            node: The node.
        """
        self._node = node
        self._closing = threading.Event()
        self._host = rclpy.create_node(
            f"_{node.get_name()}_services",
            namespace=node.get_namespace(),
            context=node.context,
            use_global_arguments=False,  # or the launch file's name would be this node's too
            start_parameter_services=False,
            enable_rosout=False,
        )
        for kind, name, call in self.offered():
            self._host.create_service(kind, f"{node.get_fully_qualified_name()}/{name}", call)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._host)
        self._thread = threading.Thread(target=self._spin, name="services", daemon=True)
        self._thread.start()

    def offered(self) -> list[tuple[type, str, Callable[[Any, Any], Any]]]:
        """Return each service's class, name and function; a subclass adds its own."""
        return [(SetSensor, "set_sensor", self._set_sensor)]

    def close(self) -> None:
        """Remove the services, once the call under way has ended."""
        self._closing.set()
        self._executor.shutdown()
        self._thread.join()
        self._host.destroy_node()

    def answer(self, response: Any, work: Callable[[], str]) -> Any:
        """Do the work and fill in success and message.

        Args:
            response: The service's response.
            work: Returns the message; raises ValueError with a sentence.
        """
        try:
            response.message = work()
            response.success = True
        except ValueError as error:  # every error of ours is one, and a sentence
            response.success = False
            response.message = str(error)
            self._node.get_logger().warning(response.message)
        except Exception as error:  # noqa: BLE001 - one call's fault does not end all services
            response.success = False
            response.message = f"the node could not do it ({type(error).__name__}: {error})"
            self._node.get_logger().error(f"{response.message}\n{traceback.format_exc()}")
        return response

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _set_sensor(self, request: Any, response: Any) -> Any:
        operations = {
            SetSensor.Request.SET: self._set,
            SetSensor.Request.REMOVE: self._remove,
            SetSensor.Request.RENAME: self._rename,
        }

        def work() -> str:
            operation = operations.get(request.operation)
            if operation is None:
                raise ValueError(
                    f"operation {request.operation} is not known; use SET (0), REMOVE (1) or "
                    "RENAME (2)"
                )
            return operation(request)

        return self.answer(response, work)

    def _set(self, request: Any) -> str:
        given = {"modality": request.modality, "topic": request.topic, "type": request.type}
        values = {key: value for key, value in given.items() if value}
        for message in request.parameters:
            parameter = Parameter.from_parameter_msg(message)
            values[parameter.name] = parameter.value

        def change() -> list[Any]:
            self._node.parameters.set_sensor(request.name, values)
            return self._node.apply_parameters()

        for loading in self._in_executor(change):
            self._wait(loading)
        engine = self._node.engine
        channel = engine.channels().get(request.name) if engine is not None else None
        if channel is not None and channel.problem:
            raise ValueError(channel.problem)
        return f"sensor '{request.name}' is there"

    def _remove(self, request: Any) -> str:
        def change() -> None:
            self._node.parameters.remove_sensor(request.name)
            self._node.apply_parameters()

        self._in_executor(change)
        return f"sensor '{request.name}' was removed"

    def _rename(self, request: Any) -> str:
        self._in_executor(lambda: self._node.rename_sensor(request.name, request.new_name))
        return f"sensor '{request.name}' is called '{request.new_name}' now"

    def _in_executor(self, function: Callable[[], Any]) -> Any:
        return self._wait(self._node.queue.call(function))

    def _wait(self, future: Any) -> Any:
        """Wait for what the executor's thread does, unless that thread waits for this one."""
        end = time.monotonic() + PATIENCE
        while not self._closing.is_set() and time.monotonic() < end:
            try:
                return future.result(0.1)
            except NotYetError:
                continue
            except CancelledError:
                break
        raise ValueError("the node stopped, or did not do it in time; look at its log")
