"""The service ~/set_sensor: adds, changes, removes and renames sensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from rclpy.parameter import Parameter

from omnibind_msgs.srv import SetSensor

from .executor_queue import ExecutorQueue


class SensorCommands(Protocol):
    """Changes of a node's sensors, for the executor's thread alone.

    They raise ValueError with one sentence.
    """

    def set_sensor(self, name: str, values: Mapping[str, Any]) -> Sequence[Future[Any]]:
        """Add or change a sensor; returns a future for each encoder that is being loaded."""
        ...

    def sensor_values(self, name: str) -> Mapping[str, Any] | None:
        """Return the values of a sensor's parameters; None if there is no such sensor."""
        ...

    def remove_sensor(self, name: str) -> None:
        """Remove a sensor."""
        ...

    def rename_sensor(self, name: str, new_name: str) -> None:
        """Rename a sensor."""
        ...

    def sensor_problem(self, name: str) -> str:
        """Return why a sensor cannot be used; empty if it can. Any thread may call it."""
        ...


class SensorService:
    """Does the work of ~/set_sensor."""

    def __init__(
        self, sensors: SensorCommands, queue: ExecutorQueue, wait: Callable[[Future[Any]], Any]
    ) -> None:
        """Create it.

        Args:
            sensors: Does the changes.
            queue: Leads into the executor's thread.
            wait: Waits for a future, see `ServiceHost.wait`.
        """
        self._sensors = sensors
        self._queue = queue
        self._wait = wait

    def set_sensor(self, request: Any, _response: Any) -> str:
        """Do what a request asks for, and return the message of the response.

        Raises:
            ValueError: It cannot be done; the text is one sentence.
        """
        if request.operation == SetSensor.Request.SET:
            return self._set(request)
        if request.operation == SetSensor.Request.REMOVE:
            self._call(lambda: self._sensors.remove_sensor(request.name))
            return f"sensor '{request.name}' was removed"
        if request.operation == SetSensor.Request.RENAME:
            self._call(lambda: self._sensors.rename_sensor(request.name, request.new_name))
            return f"sensor '{request.name}' was renamed to '{request.new_name}'"
        raise ValueError(
            f"operation {request.operation} is not known; use SET (0), REMOVE (1) or RENAME (2)"
        )

    def _set(self, request: Any) -> str:
        given = {"modality": request.modality, "topic": request.topic, "type": request.type}
        values = {key: value for key, value in given.items() if value}
        for message in request.parameters:
            parameter = Parameter.from_parameter_msg(message)
            values[parameter.name] = parameter.value
        before = self._call(lambda: self._sensors.sensor_values(request.name))
        self._set_and_wait(request.name, values)
        problem = self._sensors.sensor_problem(request.name)
        if problem:
            if before is None:
                self._call(lambda: self._sensors.remove_sensor(request.name))
            else:
                self._set_and_wait(request.name, before)
            raise ValueError(f"nothing was changed: {problem}")
        return f"sensor '{request.name}' was set"

    def _set_and_wait(self, name: str, values: Mapping[str, Any]) -> None:
        for loading in self._call(lambda: self._sensors.set_sensor(name, values)):
            self._wait(loading)

    def _call(self, function: Callable[[], Any]) -> Any:
        return self._wait(self._queue.call(function))
