"""The ROS client of the room's story: hears what is said, pulls plugs, lies and teaches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from rcl_interfaces.msg import ParameterType, ParameterValue
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from omnibind_msgs.msg import Recognition
from omnibind_msgs.srv import Enroll
from omnibind_ros.demo.room.record import Result, RoomRecord
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.callback_errors import CallbackErrors

from .client_thread import client_in_thread
from .executor_queue import ExecutorQueue
from .view_calls import NoAnswerError, ServiceCalls

PERCEPTION, ROBOT = "/perception", "/robot_simulator"

# Best effort matches reliable and best-effort publishers.
RESULT_QOS = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED_QOS = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)

PATIENCE = 10.0
"""Seconds beside the time that is watched in which a label must be taught."""


class RoomClient(Node):
    """Records messages, and changes what the robot does. Its methods wait for the answers."""

    def __init__(self, record: RoomRecord) -> None:
        """Subscribe.

        Args:
            record: Gets what is published.
        """
        super().__init__("room_client", start_parameter_services=False)
        self.errors = CallbackErrors(self.get_logger())
        self._record = record
        self._calls = ServiceCalls(self, ExecutorQueue(self, self.errors))
        for kind, topic, callback, qos in (
            (Recognition, f"{PERCEPTION}/recognition", self._on_recognition, RESULT_QOS),
            (String, f"{ROBOT}/object", self._on_object, LATCHED_QOS),
        ):
            self.create_subscription(kind, topic, callback, qos)

    def listens(self) -> bool:
        """Return whether somebody subscribes to the topics of all sensors."""
        return all(self.count_subscribers(m.topic) for m in MODALITIES.values())

    def unplug(self, sensor: str) -> None:
        """Unplug a sensor of the robot; an empty name plugs all in.

        Raises:
            NoAnswerError: The robot does not answer, or refuses it.
        """
        value = ParameterValue(
            type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=[sensor] if sensor else []
        )
        self._set("missing", value)

    def let_lie(self, sensor: str) -> None:
        """Let a sensor of the robot show another object; an empty name: none.

        Raises:
            NoAnswerError: The robot does not answer, or refuses it.
        """
        self._set("lying", ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=sensor))

    def teach(self, label: str, seconds: float) -> tuple[bool, str]:
        """Teach a label, and return whether it was learnt and what the node answered.

        Raises:
            NoAnswerError: The perception node does not answer.
        """
        request = Enroll.Request(label=label, duration=seconds)
        answer = _wait(
            self._calls.call(Enroll, f"{PERCEPTION}/enroll", request, PATIENCE + seconds)
        )
        return bool(answer.success), str(answer.message)

    def _set(self, name: str, value: Any) -> None:
        refused = _wait(self._calls.set_parameters(ROBOT, {name: value}))
        if refused:
            raise NoAnswerError(f"The robot refuses {name}: {refused}.")

    def _on_recognition(self, message: Any) -> None:
        self._record.on_result(
            Result(
                at=time.monotonic(),
                label=message.labels[0] if message.labels else "",
                known=bool(message.known),
                sensors=tuple(message.sensors),
                contradicting=tuple(message.contradicting),
            )
        )

    def _on_object(self, message: Any) -> None:
        self._record.on_object(time.monotonic(), message.data)


def _wait(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)


@contextmanager
def connect(record: RoomRecord) -> Iterator[RoomClient]:
    """Run a client in a thread of its own until the with statement ends.

    Args:
        record: Gets what is published.
    """
    with client_in_thread(lambda: RoomClient(record)) as client:
        yield client
