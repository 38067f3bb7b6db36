"""The doctor's node: looks at the graph, and listens to a node and to its sensors' topics."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile

from omnibind_msgs.msg import SensorStatus, SensorStatusArray
from omnibind_ros.doctor.observation import Diagnosed, Observation, Publisher, SensorSeen
from omnibind_ros.doctor.process_environment import has_profile
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.callback_errors import CallbackErrors
from omnibind_ros.runtime.silence import BEST_EFFORT, VOLATILE, Wanted
from omnibind_ros.sensors import SensorRegistry

from .doctor_traffic import Listener
from .executor import spin_through_errors
from .graph import TopicGraph, full_node_name

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STATUS = "omnibind_msgs/msg/SensorStatusArray"

DISCOVERY = 3.0
"""Seconds in which DDS finds what is there ..."""

SHARE = 0.3
"""... and at most this share of the time."""

STATES = {
    SensorStatus.ABSENT: "ABSENT",
    SensorStatus.STALE: "STALE",
    SensorStatus.FRESH: "FRESH",
    SensorStatus.FAULT: "FAULT",
}


class Look:
    """One look at a node."""

    def __init__(self, target: str) -> None:
        """Begin to listen.

        Args:
            target: Full name of the node.
        """
        self._target = target
        self._node = rclpy.create_node(
            f"omnibind_doctor_{os.getpid()}", start_parameter_services=False
        )
        self._graph = TopicGraph(self._node)
        self._errors = CallbackErrors(self._node.get_logger())
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._registry = SensorRegistry.installed()
        self._statuses: Sequence[Any] = ()
        self._answered = False
        self._diagnosed: Diagnosed | None = None
        self._state = ""
        self._max_ages: dict[str, float] = {}
        self._listeners: dict[str, Listener] = {}
        self._node.create_subscription(
            SensorStatusArray, f"{target}/sensors", self._on_sensors, LATCHED
        )
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        # Its identifier tells which host and process this one is.
        self._mark = self._node.create_publisher(SensorStatusArray, "~/mark", 1)
        self._node.create_timer(0.1, lambda: None)  # so that the executor looks at the time
        self._get_state = self._node.create_client(GetState, f"{target}/get_state")
        self._get_parameters = self._node.create_client(GetParameters, f"{target}/get_parameters")

    def run(self, seconds: float) -> Observation:
        """Look, and return what was seen.

        Args:
            seconds: How long.
        """
        began = time.monotonic()
        end = began + seconds
        find = min(DISCOVERY, SHARE * seconds)
        self._spin_until(lambda: self._answered and self._count() > 0, began + find)
        # A node that is there says within a second what its sensors are, once it is configured.
        if self._count():
            self._spin_until(lambda: self._answered, min(began + find + 1.5, end))
        self._listen()
        self._ask(end)
        counts = [self._count()]
        while time.monotonic() < end:
            self._spin_until(lambda: False, min(time.monotonic() + 1.0, end))
            self._listen()  # to what has come
            counts.append(self._count())
        # DDS counts a process that was killed as alive for some seconds.
        return self._observation(min(counts) or counts[-1], time.monotonic() - began)

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()

    def _spin_until(self, condition: Callable[[], bool], end: float) -> None:
        def done() -> bool:
            return condition() or time.monotonic() >= end

        spin_through_errors(self._executor, self._errors, done)

    def _on_sensors(self, message: Any) -> None:
        self._statuses = message.sensors
        self._answered = True

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            if status.name == f"{self._target.lstrip('/')}: node":
                level = int.from_bytes(status.level, "little")
                text = status.message if level != DiagnosticStatus.OK else ""
                problems = [pair.value for pair in status.values if pair.key.startswith("problem ")]
                self._diagnosed = Diagnosed(level, text, tuple(problems))

    def _count(self) -> int:
        names = self._node.get_node_names_and_namespaces()
        return sum(full_node_name(name, space) == self._target for name, space in names)

    def _listen(self) -> None:
        """Subscribe to each type that is published on the sensors' topics."""
        for status in self._statuses:
            for endpoint in self._graph.endpoints(status.topic):
                key = f"{status.topic} {endpoint.type}"
                if key not in self._listeners:
                    listener = Listener(self._node, status.topic, endpoint.type)
                    self._listeners[key] = listener

    def _ask(self, end: float) -> None:
        """Ask the node for its lifecycle state and its parameters."""
        names = [status.name for status in self._statuses]
        request = GetParameters.Request(names=[f"sensor.{name}.max_age" for name in names])
        until = min(time.monotonic() + 2.0, end)
        state = self._call(self._get_state, GetState.Request(), until)
        if state is not None:
            self._state = state.current_state.label
        values = self._call(self._get_parameters, request, until)
        for name, value in zip(names, values.values if values is not None else (), strict=False):
            age = parameter_value_to_python(value)
            if isinstance(age, float) and age > 0:
                self._max_ages[name] = age

    def _call(self, client: Any, request: Any, until: float) -> Any:
        self._spin_until(client.service_is_ready, until)
        if not client.service_is_ready():
            return None
        future = client.call_async(request)
        self._spin_until(future.done, until)
        return future.result() if future.done() else None

    def _observation(self, count: int, seconds: float) -> Observation:
        kinds = self._node.get_topic_names_and_types()
        others = [
            topic.rpartition("/")[0]
            for topic, types in kinds
            if STATUS in types and topic.endswith("/sensors") and self._node.count_publishers(topic)
        ]
        own = f"{self._target}/"
        published = {
            topic: types
            for topic, types in self._graph.published().items()
            if not topic.startswith(own)
        }
        return Observation(
            node=self._target,
            count=count,
            state=self._state,
            others=sorted({name for name in others if name != self._target}),
            sensors={status.name: self._sensor(status) for status in self._statuses},
            diagnosed=self._diagnosed,
            published=published,
            middleware=rclpy.get_rmw_implementation_identifier(),
            seconds=seconds,
        )

    def _sensor(self, status: Any) -> SensorSeen:
        wanted = self._wanted(status)
        listener = self._listeners.get(f"{status.topic} {wanted.type}")
        own = self._node.get_publishers_info_by_topic(self._mark.topic_name)
        gid = own[0].endpoint_gid if own else b""
        infos = self._node.get_publishers_info_by_topic(status.topic)
        publishers = tuple(
            Publisher(endpoint, has_profile(info.endpoint_gid, gid))
            for endpoint, info in zip(self._graph.endpoints(status.topic), infos, strict=False)
        )
        return SensorSeen(
            modality=status.modality,
            state=STATES.get(status.state, "FAULT"),
            reason=status.reason,
            issues=tuple(status.issues),
            wanted=wanted,
            max_age=self._max_ages.get(status.name, _default_age(status.modality)),
            decodable=self._registry.messages_of(status.modality),
            publishers=publishers,
            received=status.received,
            **({"traffic": listener.traffic()} if listener is not None else {}),
        )

    def _wanted(self, status: Any) -> Wanted:
        """Return what the node subscribes to, as the graph shows it."""
        for info in self._node.get_subscriptions_info_by_topic(status.topic):
            if full_node_name(info.node_name, info.node_namespace) == self._target:
                return Wanted(
                    status.name,
                    status.topic,
                    info.topic_type,
                    info.qos_profile.reliability.name.lower(),
                    info.qos_profile.durability.name.lower(),
                )
        modality = MODALITIES.get(status.modality)
        kind = modality.type if modality is not None else ""
        return Wanted(status.name, status.topic, kind, BEST_EFFORT, VOLATILE)


def _default_age(modality: str) -> float:
    return MODALITIES[modality].max_age if modality in MODALITIES else 1.0
