"""What is wrong around a node: its clock, and nodes of one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

CLOCK_PATIENCE = 5.0
"""Seconds that simulated time may stand still."""

NAME_PATIENCE = 6.0
"""Seconds that two nodes may have one name.

DDS counts a process that was killed as alive for 5 s with the Fast DDS profile of this package.
"""


class SimulatedTime:
    """Tells that use_sim_time is set but time does not go on."""

    def __init__(self, now: float) -> None:
        """Create it.

        Args:
            now: Monotonic time, seconds.
        """
        self._last_ns = 0
        self._since = now

    def problem(self, simulated: bool, clock_ns: int, now: float) -> str:
        """Return what is wrong, a sentence; empty if nothing is.

        Args:
            simulated: Whether the node's clock is simulated time.
            clock_ns: The node's clock, nanoseconds; 0 until /clock has arrived.
            now: Monotonic time, seconds.
        """
        if not simulated or clock_ns != self._last_ns:
            self._last_ns, self._since = clock_ns if simulated else 0, now
            return ""
        if now - self._since < CLOCK_PATIENCE:
            return ""
        if clock_ns == 0:
            return (
                "use_sim_time is true but nothing arrives on /clock, so the node's clock stands at "
                "0; start the simulation, play the bag with --clock, or set use_sim_time to false"
            )
        return (
            f"simulated time stands still at {clock_ns * 1e-9:.3f} s, as nothing new arrives on "
            "/clock; continue the simulation or the bag, or set use_sim_time to false"
        )


class SameNames:
    """Tells which names several nodes have."""

    def __init__(self) -> None:
        """Create it."""
        self._since: dict[str, float] = {}

    def problems(self, names: Iterable[str], own: str, now: float) -> list[str]:
        """Return one sentence for each name that several nodes have had for `NAME_PATIENCE`.

        Args:
            names: Full names of all nodes, one for each node.
            own: Full name of this node.
            now: Monotonic time, seconds.
        """
        counts = {name: count for name, count in Counter(names).items() if count > 1}
        self._since = {name: self._since.get(name, now) for name in sorted(counts)}
        return [
            _same_name(name, counts[name], name == own)
            for name, since in self._since.items()
            if now - since >= NAME_PATIENCE and not name.rpartition("/")[2].startswith("_")
        ]


def _same_name(name: str, count: int, own: bool) -> str:
    others = "this one and " + ("another" if count == 2 else f"{count - 1} others")
    which = f"{count} nodes have the name {name}" + (f", {others}" if own else "")
    effect = (
        "so that services answer for either and results mix"
        if own
        else "so that parameters and services reach either"
    )
    return (
        f"{which}, {effect}; stop one, or start it with another name (--ros-args -r __node:=NAME) "
        "or namespace (-r __ns:=/NAME)"
    )
