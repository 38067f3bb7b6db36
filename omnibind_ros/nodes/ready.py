"""Publishes ~/ready: whether the robot may act on results now."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Header

from omnibind_msgs.msg import Ready
from omnibind_ros.runtime.callback_errors import CallbackErrors
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.ready import Progress, ReadySettings, Verdict, judge

PERIOD = 0.4
"""Seconds between two messages while nothing changes: more than twice a second."""

CHECK = 0.1
"""Seconds between two checks; what ends at a known time is noticed at that time."""

LEASE = 1.0
"""Seconds within which a message comes, as the topic's QoS policies promise to its subscribers."""

QOS = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
    deadline=Duration(seconds=LEASE),
    # Only what publishes is alive: a process that is stopped, or hangs, is not.
    liveliness=LivelinessPolicy.MANUAL_BY_TOPIC,
    liveliness_lease_duration=Duration(seconds=LEASE),
)
"""They match subscribers that ask for none of them."""


RESULTS_LEASE = 2.0
"""Seconds after which a process that is gone counts as gone, for subscribers that ask."""


def recognition_qos(deadline: float) -> QoSProfile:
    """Return the QoS profile of ~/recognition.

    A subscriber that asks for a deadline of as much or more is told when no result comes in time;
    one that asks for none matches as ever.

    Args:
        deadline: The node's parameter, seconds.
    """
    return QoSProfile(
        depth=10,
        deadline=Duration(seconds=deadline),
        liveliness=LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Duration(seconds=RESULTS_LEASE),
    )


class ReadyPublisher:
    """Publishes whether the robot may act on results, in a thread of its own, in every state.

    The executor's thread could not tell that it hangs.
    """

    def __init__(
        self, node: Node, errors: CallbackErrors, engine: Callable[[], Engine | None]
    ) -> None:
        """Start to publish that the node is not configured.

        Args:
            node: The node.
            errors: Gets the exceptions of the thread.
            engine: Returns the engine; None while there is none.
        """
        self.settings = ReadySettings()
        self._node = node
        self._errors = errors
        self._engine = engine
        self._progress = Progress("the node is not configured; configure and activate it")
        self._changed = threading.Condition()
        self._stopped = False
        self._publisher = node.create_publisher(Ready, "~/ready", QOS)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(CHECK, self._executor_runs, clock=steady)
        self._thread = threading.Thread(target=self._run, name="ready", daemon=True)
        self._thread.start()

    def set_state(self, why_not_active: str) -> None:
        """Take the state of the node; a change is published at once.

        Args:
            why_not_active: Why the node makes no results, one sentence; empty while it is active.
        """
        with self._changed:
            self._progress = Progress(why_not_active, executor_at=time.monotonic())
            self._changed.notify()

    def result(self, known: bool) -> None:
        """Take notice of a result that was published just now; called in any thread.

        Args:
            known: Whether its belief is known.
        """
        with self._changed:
            self._progress = replace(self._progress, result_at=time.monotonic(), known=known)

    def close(self) -> None:
        """Publish that the node stops, and end the thread."""
        with self._changed:
            self._progress = Progress("the node stops")
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _executor_runs(self) -> None:
        with self._changed:
            self._progress = replace(self._progress, executor_at=time.monotonic())

    def _run(self) -> None:
        published: tuple[str, ...] | None = None
        published_at = -math.inf
        while True:
            with self._changed:
                progress, stopped = self._progress, self._stopped
            try:
                verdict = self._judge(progress)
                now = time.monotonic()
                if verdict.reasons != published or now - published_at >= PERIOD:
                    self._publish(verdict)
                    published, published_at = verdict.reasons, now
            except Exception as error:  # noqa: BLE001 - the topic's deadline is missed meanwhile
                if not self._node.context.ok():
                    return
                self._errors.callback_failed(error)
                verdict = Verdict(())
            if stopped:
                return
            # A moment later, so that what ends then has ended.
            self._wait(progress, min(CHECK, verdict.valid_for + 0.001))

    def _wait(self, progress: Progress, seconds: float) -> None:
        """Wait, but no longer than until the node's state changes."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or self._progress.why_not_active != progress.why_not_active,
                seconds,
            )

    def _judge(self, progress: Progress) -> Verdict:
        engine = self._engine()
        states = None
        if engine is not None and not progress.why_not_active:
            states = engine.snapshot(CHECK)
        return judge(time.monotonic(), progress, states, self.settings)

    def _publish(self, verdict: Verdict) -> None:
        header = Header(stamp=self._node.get_clock().now().to_msg())
        self._publisher.publish(
            Ready(header=header, ready=verdict.ready, reasons=list(verdict.reasons))
        )
