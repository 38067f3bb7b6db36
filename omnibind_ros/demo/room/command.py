"""What `omnibind demo --scene room` does; where the robot cannot be simulated, it says why."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction

CHECK = LazyFunction("omnibind_ros.simulation.scene.ray_casting", "check_ray_caster")
RUN_ROOM = LazyFunction("omnibind_ros.demo.room.run", "run_room")

WITHOUT_TERMINAL = 60.0
"""Seconds of a run that nobody would end by Ctrl-C."""


def run(duration: float | None, headless: bool, json_file: Path | None, connect: Any) -> int | None:
    """Run the demo with a simulated robot.

    Args:
        duration: Seconds; None: until Ctrl-C on a terminal, else 60 s.
        headless: Whether the story is told, and ends with a verdict.
        json_file: Where to write the figures; None: nowhere.
        connect: Connects to the topics, see `run.Connect`.

    Returns:
        The exit status; None: the robot cannot be simulated on this machine, as was said.
    """
    try:
        CHECK()
    except (ImportError, ValueError) as error:
        reason = str(error)
        if isinstance(error, ImportError):
            reason = f"{error.name} is not installed: install omnibind_ros[sim]."
        print(f"omnibind demo: {reason} Photographs are shown instead.", file=sys.stderr)
        return None
    if duration is None:
        endless = sys.stdout.isatty() and not headless
        duration = math.inf if endless else WITHOUT_TERMINAL
    return int(RUN_ROOM(duration, headless, connect, json_file))
