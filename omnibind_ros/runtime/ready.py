"""Whether the robot may act on results now, and if not, why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from omnibind_ros.sensors import Issue

from .presence import Presence
from .sensor_state import SensorState

EXECUTOR_PATIENCE = 1.0
"""Seconds without progress after which the node's executor counts as hanging."""


BLOCKED = (
    "a thread of the node blocks all others; look at the log, and restart the node if it stays so"
)


@dataclass(frozen=True)
class ReadySettings:
    """What is asked of a node that is ready.

    Attributes:
        deadline: Seconds after which the last result is too old.
        needs_known: Whether the belief must be known.
        needs_in_distribution: Whether no sensor that is used may be out of distribution.
    """

    deadline: float = 1.0
    needs_known: bool = False
    needs_in_distribution: bool = False


@dataclass(frozen=True)
class Progress:
    """What a node has done last; times are monotonic, seconds, and -inf before the first.

    Attributes:
        why_not_active: Why the node makes no results, one sentence; empty while it is active.
        executor_at: When its executor has run last.
        result_at: When its last result was published.
        known: Whether the belief of this result is known.
    """

    why_not_active: str
    executor_at: float = -math.inf
    result_at: float = -math.inf
    known: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether the robot may act on results.

    Attributes:
        reasons: Why not, one sentence each; empty if it may.
        valid_for: Seconds after which the verdict is another one even if nothing happens; infinite
            if it is not ready, as only an event can make it so.
    """

    reasons: tuple[str, ...]
    valid_for: float = math.inf

    @property
    def ready(self) -> bool:
        """Whether every condition holds."""
        return not self.reasons


def judge(
    now: float, progress: Progress, states: Sequence[SensorState] | None, settings: ReadySettings
) -> Verdict:
    """Return whether the robot may act on results, and for how long.

    A required sensor must be FRESH and contradict no other; and a worker must have finished a
    sample of it that is younger than its max_age, so that a sensor whose decoder or encoder hangs
    counts as missing. A sample in which there is nothing to see counts: an empty scene is no fault.

    Args:
        now: Monotonic time, seconds.
        progress: What the node has done last.
        states: Its sensors, at the same time; None if they could not be asked.
        settings: What is asked of it.
    """
    if progress.why_not_active:
        return Verdict((progress.why_not_active,))
    if states is None:
        return Verdict((BLOCKED,))
    reasons: list[str] = []
    ends = [
        _executor(now, progress, reasons),
        _result(now, progress, settings, reasons),
        *(_sensor(state, reasons) for state in states if state.required),
    ]
    if settings.needs_in_distribution:
        reasons += [
            f"sensor '{state.name}' shows what its encoder was not trained on, and "
            "ready_needs_in_distribution is true"
            for state in states
            if state.state is Presence.FRESH and Issue.OUT_OF_DISTRIBUTION in state.issues
        ]
    return Verdict(tuple(reasons)) if reasons else Verdict((), max(min(ends), 0.0))


def _executor(now: float, progress: Progress, reasons: list[str]) -> float:
    """Return the seconds until the executor counts as hanging; add why it does already."""
    left = progress.executor_at + EXECUTOR_PATIENCE - now
    if left < 0.0:
        reasons.append(
            "the node's executor does not run, so no message is received; look at the log for what "
            "blocks it"
        )
    return left


def _result(now: float, progress: Progress, settings: ReadySettings, reasons: list[str]) -> float:
    """Return the seconds until the last result is too old; add what is wrong with it."""
    left = progress.result_at + settings.deadline - now
    if left < 0.0:
        reasons.append(
            f"there is no result that is younger than the deadline of {settings.deadline:g} s; "
            "look at ~/sensors for what is missing"
        )
    elif settings.needs_known and not progress.known:
        reasons.append("the belief is 'unknown', and ready_needs_known is true")
    return left


def _sensor(state: SensorState, reasons: list[str]) -> float:
    """Return the seconds until a required sensor is missing; add why it is already."""
    left = state.max_age - max(state.age, state.evidence_age)
    what = f"the required sensor '{state.name}'"
    if state.state is not Presence.FRESH:
        why = f" ({state.reason})" if state.reason else f" on {state.topic}"
        reasons.append(f"{what} is {state.state.name}{why}")
    elif Issue.CONTRADICTING in state.issues:
        reasons.append(f"{what} contradicts the others; look at what it shows")
    elif left < 0.0:
        reasons.append(
            f"of {what} no sample younger than its max_age of {state.max_age:g} s has been "
            "encoded; see its latency in ~/sensors"
        )
    return left
