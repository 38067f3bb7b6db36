"""States and processor time as /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_msgs.msg import Header

from omnibind_ros.runtime.callback_errors import CallbackErrors
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.runtime.sensor_state import SensorState

LEVELS = {
    Presence.FRESH: DiagnosticStatus.OK,
    Presence.ABSENT: DiagnosticStatus.WARN,
    Presence.STALE: DiagnosticStatus.WARN,
    Presence.FAULT: DiagnosticStatus.ERROR,
}


class DiagnosticsPublisher:
    """Publishes /diagnostics: the status of a node, then those of its sensors."""

    def __init__(self, node: Node, errors: CallbackErrors) -> None:
        """Create the publisher.

        Args:
            node: The node.
            errors: Exceptions in its callbacks.
        """
        self._node = node
        self._errors = errors
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)

    def publish(self, fault: str, problems: Sequence[str], engine: Engine | None) -> None:
        """Publish.

        Args:
            fault: Why the node gives no results; empty if it does.
            problems: What does not work as it should, one sentence each.
            engine: The engine with the sensors; None while there is none.
        """
        name = self._node.get_fully_qualified_name().lstrip("/")
        cpu_seconds = engine.cpu_time.seconds() if engine is not None else {}
        status = [node_status(name, fault, problems, cpu_seconds, self._errors)]
        if engine is not None:
            status += [sensor_status(name, state) for state in engine.states()]
        header = Header(stamp=self._node.get_clock().now().to_msg())
        self._publisher.publish(DiagnosticArray(header=header, status=status))


def node_status(
    node_name: str,
    fault: str,
    problems: Sequence[str],
    cpu_seconds: Mapping[str, float],
    errors: CallbackErrors | None = None,
) -> DiagnosticStatus:
    """Return the status of a node.

    Args:
        node_name: Full name without its first slash.
        fault: Why the node gives no results; empty if it does.
        problems: What does not work as it should, one sentence each.
        cpu_seconds: Processor seconds by activity.
        errors: Exceptions in callbacks, if they are counted.
    """
    level = DiagnosticStatus.OK
    if problems:
        level = DiagnosticStatus.WARN
    if fault:
        level = DiagnosticStatus.ERROR
    return DiagnosticStatus(
        level=level,
        name=f"{node_name}: node",
        hardware_id=node_name,
        message=fault or "; ".join(problems) or "OK",
        values=[
            *(KeyValue(key=f"problem {i}", value=problem) for i, problem in enumerate(problems)),
            *(error_values(errors) if errors is not None else ()),
            *(
                KeyValue(key=f"processor time, {activity} [s]", value=f"{seconds:.4f}")
                for activity, seconds in sorted(cpu_seconds.items())
            ),
        ],
    )


def error_values(errors: CallbackErrors) -> list[KeyValue]:
    """Return how many callbacks and requests have failed, and the last exception."""
    return [
        KeyValue(key="failed callbacks", value=str(errors.count)),
        KeyValue(key="last failure", value=errors.last),
    ]


def sensor_status(node_name: str, state: SensorState) -> DiagnosticStatus:
    """Return the status of a sensor.

    Args:
        node_name: Full name of the node without its first slash.
        state: The sensor's state.
    """
    # A sensor that the user has switched off is as it shall be.
    level = LEVELS[state.state] if state.enabled else DiagnosticStatus.OK
    if state.needs_attention and level == DiagnosticStatus.OK:
        level = DiagnosticStatus.WARN
    values = {
        "modality": state.modality,
        "topic": state.topic,
        "rate [Hz]": f"{state.rate:.1f}",
        "age [s]": f"{state.age:.3f}",
        "latency [s]": f"{state.latency:.4f}",
        "received": state.received,
        "encoded": state.encoded,
        "dropped": state.dropped,
        "rejected": state.rejected,
        "left out (padding)": state.left_out,
        "refused regions": state.refused_regions,
        "issues": ", ".join(issue.name for issue in state.issues),
    }
    return DiagnosticStatus(
        level=level,
        name=f"{node_name}: {state.name}",
        hardware_id=state.name,
        message=f"{state.state.name}: {state.reason}" if state.reason else state.state.name,
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
