"""What a replay changes: sensors that are missing, late, or show another recording."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from omnibind_ros.bags.errors import ReplayError

LONGEST_DELAY = 3600.0


@dataclass(frozen=True)
class Variation:
    """What is different from the recording.

    Attributes:
        without: Sensors whose messages are left out.
        delay: Seconds by which the messages of a sensor arrive later; their stamps stay.
        swap: The bag from which the messages of a sensor come.
    """

    without: frozenset[str] = frozenset()
    delay: dict[str, float] = field(default_factory=dict)
    swap: dict[str, Path] = field(default_factory=dict)

    def check(self, sensors: Collection[str]) -> None:
        """Check the names of sensors.

        Raises:
            ReplayError: One is not among the sensors of the recording, or two options contradict.
        """
        options = {"--without": self.without, "--delay": self.delay, "--swap": self.swap}
        for option, names in options.items():
            for name in sorted(names):
                if name not in sensors:
                    raise ReplayError(
                        f"{option} names '{name[:60]}', which is no sensor of the bag; its sensors "
                        f"are: {', '.join(sensors)}"
                    )
                if option != "--without" and name in self.without:
                    raise ReplayError(f"{option} and --without both name {name}; use one of them")

    def words(self) -> list[str]:
        """Return what is different, a clause each; nothing for the recording as it is."""
        return [
            *(f"without {name}" for name in sorted(self.without)),
            *(f"{name} {seconds:g} s late" for name, seconds in sorted(self.delay.items())),
            *(f"{name} from {bag.name}" for name, bag in sorted(self.swap.items())),
        ]


def parse_variation(without: Sequence[str], delay: Sequence[str], swap: Sequence[str]) -> Variation:
    """Read the options of the command.

    Args:
        without: Names of sensors, which may be joined by commas.
        delay: NAME=SECONDS each.
        swap: NAME=BAG each.

    Raises:
        ReplayError: One cannot be read, or a delay is negative; the text is one sentence.
    """
    names = [name.strip() for each in without for name in each.split(",") if name.strip()]
    delays = {}
    for name, value in (_pair("--delay", each, "audio=0.3") for each in delay):
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0.0 <= seconds <= LONGEST_DELAY:
            raise ReplayError(
                f"--delay {name}={value[:60]} is no time from 0 to {LONGEST_DELAY:g} s; a message "
                f"cannot arrive before it was sent, so give seconds such as {name}=0.3"
            )
        delays[name] = seconds
    bags = {
        name: Path(bag).expanduser() for name, bag in (_pair("--swap", s, "a=BAG") for s in swap)
    }
    return Variation(frozenset(names), delays, bags)


def _pair(option: str, text: str, example: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise ReplayError(f"{option} {text[:80]} is not of the form {option} {example}")
    return name.strip(), value.strip()
