"""How old a sample is when it arrives, from a header that may be wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

from omnibind_ros.sensors import Doubt, Issue

FUTURE_TOLERANCE = 0.1
"""Seconds that a header may be ahead of the node's clock; synchronised hosts differ by less."""

STEP_BACK = 0.5
"""Seconds by which a stamp must lie before the stamp of the message before for a clock step.

DDS keeps the order of each publisher; relays and two publishers of one topic change it by less.
"""

MOST_NEEDED = 64
"""Most consecutive plausible stamps that show that the clocks agree again."""

NODE_STEP = 0.1
"""Seconds by which the node's clock must leave the monotonic clock for a clock step."""

SIMULATED_STEP = 0.5
"""The same for simulated time, which advances by whole messages of /clock ..."""

SIMULATED_RATE = 5.0
"""... and up to so many times as fast as real time."""


def to_nanoseconds(stamp: Any) -> int:
    """Return nanoseconds since the epoch for a builtin_interfaces/Time; 0 for a negative one."""
    if stamp.sec < 0:
        return 0
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


class TakenAt(NamedTuple):
    """When a sample was taken.

    Attributes:
        delay: Seconds before its arrival, at least 0. A monotonic clock counts from then on, so
            that a jump of the node's clock changes no age.
        stamp_ns: The stamp to publish, nanoseconds.
        doubts: Why this may be wrong; empty if it is not.
    """

    delay: float
    stamp_ns: int
    doubts: tuple[Doubt, ...] = ()


class SensorClock:
    """Decides from when the age of one sensor's samples counts.

    A stamp is plausible if its delay lies in -`FUTURE_TOLERANCE` .. max_age. Once stamps have been
    plausible the clocks agree, so that a larger delay is a delay. Stamps that were never plausible
    come from another clock, and the arrival counts. After a step of either clock this is decided
    anew.
    """

    def __init__(self) -> None:
        """Create the clock of a sensor that has received nothing."""
        self._agrees = False
        self._last_ns = 0
        self._step = ""
        self._plausible = 0
        self._losses = 0
        self._needed = 1

    def forget(self, step: str) -> None:
        """Decide anew whether the clocks agree, since one of them has stepped.

        Args:
            step: What happened, a clause such as "the node's clock jumped by 2 s".
        """
        self._agrees = False
        self._last_ns = 0
        self._step = step

    def _lose(self) -> None:
        """Note that the clocks do not agree; from the third time on, agreement needs longer.

        Otherwise stamps that jitter about the limit would count by turns with their arrival.
        """
        if self._agrees:
            self._losses += 1
            self._needed = min(2 ** max(self._losses - 2, 0), MOST_NEEDED)
        self._agrees = False
        self._plausible = 0

    def arrival(
        self,
        stamp_ns: int | None,
        now_ns: int,
        max_age: float,
        policy: str,
        simulated: bool = False,
    ) -> TakenAt:
        """Return when a sample was taken that has just arrived.

        Args:
            stamp_ns: header.stamp, nanoseconds; None for a message without a header.
            now_ns: The node's clock, nanoseconds.
            max_age: Seconds after which a sample is stale.
            policy: 'auto', 'header' or 'arrival' (see `SensorConfig.stamp`).
            simulated: Whether the node's clock is simulated time, for the advice.
        """
        if stamp_ns is None or policy == "arrival":
            return TakenAt(0.0, now_ns)
        if stamp_ns == 0:
            advice = _advice(now_ns, simulated, "let the driver fill the stamp in")
            return _offset(now_ns, "header.stamp is zero", advice)
        advice = _advice(now_ns, simulated, "")
        delay = (now_ns - stamp_ns) * 1e-9
        if policy == "header" and delay < -FUTURE_TOLERANCE:
            text = (
                f"header.stamp is {_duration(-delay)} ahead of the node's clock, so the ages are "
                f"too small; {advice or 'synchronise the clocks'}, or set stamp to auto"
            )
            return TakenAt(0.0, stamp_ns, (Doubt(Issue.CLOCK_OFFSET, text),))
        if policy == "header":
            return TakenAt(max(delay, 0.0), stamp_ns, _delayed(delay, max_age))
        advice = advice or "synchronise the clocks, set use_sim_time"
        back = (self._last_ns - stamp_ns) * 1e-9
        self._last_ns = stamp_ns
        if back > STEP_BACK:
            self._lose()
            self._step = f"the stamps jumped back by {_duration(back)}"
            return _offset(now_ns, self._step, advice)
        plausible = -FUTURE_TOLERANCE <= delay <= max_age
        self._plausible = self._plausible + 1 if plausible else 0
        if self._plausible >= self._needed:
            self._agrees = True
            self._step = ""
        elif delay < -FUTURE_TOLERANCE:
            self._lose()  # a delay cannot be negative: the sensor's clock has stepped
        if not self._agrees and plausible:
            text = f"the clocks agree since {self._plausible} of {self._needed} messages"
            return _offset(now_ns, text, advice)
        if not self._agrees:
            where = f"{_duration(abs(delay))} {'behind' if delay > 0 else 'ahead of'}"
            after = f" since {self._step}" if self._step else ""
            return _offset(now_ns, f"header.stamp is {where} the node's clock{after}", advice)
        return TakenAt(max(delay, 0.0), stamp_ns, _delayed(delay, max_age))


def _advice(now_ns: int, simulated: bool, otherwise: str) -> str:
    """Return what makes the clocks agree; what is set already is no advice."""
    if simulated and not now_ns:
        return (
            "start what publishes /clock, without which the node's clock stands at 0, or set "
            "use_sim_time to false"
        )
    if simulated and not otherwise:
        return "let the driver take its time from /clock too (its parameter use_sim_time)"
    return otherwise


def _offset(now_ns: int, what: str, advice: str) -> TakenAt:
    text = (
        f"{what}, so ages count from the arrival and a delay is not noticed; {advice}, or set "
        "stamp to arrival"
    )
    return TakenAt(0.0, now_ns, (Doubt(Issue.CLOCK_OFFSET, text),))


def _delayed(delay: float, max_age: float) -> tuple[Doubt, ...]:
    if delay <= max_age:
        return ()
    text = (
        f"messages arrive {_duration(delay)} after their stamps, later than max_age "
        f"({max_age:g} s), and are not used; shorten the queue or the way of the data between the "
        "driver and this node, or synchronise the sensor's clock if it is behind"
    )
    return (Doubt(Issue.DELAYED, text),)


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


class NodeClock:
    """Detects steps of the node's clock: a correction, or a bag that is played in a loop."""

    def __init__(self) -> None:
        """Create it; the first `check` detects nothing."""
        self._last: tuple[int, float] | None = None

    def check(self, now_ns: int, now: float, simulated: bool) -> str:
        """Return what the clock has done since the last check, a clause; empty if it ran on.

        To be called many times a second, as simulated time may run faster than real time.

        Args:
            now_ns: The node's clock, nanoseconds.
            now: Monotonic time, seconds.
            simulated: Whether the node's clock is simulated time.
        """
        last, self._last = self._last, (now_ns, now)
        if last is None:
            return ""
        advanced, elapsed = (now_ns - last[0]) * 1e-9, now - last[1]
        if simulated:
            if not last[0] or -STEP_BACK <= advanced <= SIMULATED_STEP + SIMULATED_RATE * elapsed:
                return ""  # it starts at 0
        elif abs(advanced - elapsed) <= NODE_STEP:
            return ""
        step = advanced - elapsed
        return f"the node's clock jumped {'on' if step > 0 else 'back'} by {_duration(abs(step))}"
