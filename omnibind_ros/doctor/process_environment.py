"""Whether the process of a publisher was started with a Fast DDS profile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omnibind_ros.runtime.middleware import VARIABLES

VENDOR = b"\x01\x0f"
"""First bytes of a participant of Fast DDS."""


def has_profile(
    gid: Sequence[int], own: Sequence[int], processes: Path = Path("/proc")
) -> bool | None:
    """Return whether a publisher's process has an environment variable that names a profile.

    Fast DDS makes a participant's identifier (GUID prefix) of its vendor (2 bytes), the host (2),
    the lower half of the process number (2, little-endian) and a random number, see GuidUtils.hpp
    of Fast DDS. A profile that a program has set in its own process later is not seen.

    Args:
        gid: Identifier of the publisher's endpoint.
        own: Identifier of an endpoint of this process.
        processes: Where the system shows its processes.

    Returns:
        None if it cannot be told: another host, another user, or no single process.
    """
    theirs, ours = bytes(gid[:6]), bytes(own[:6])
    if theirs[:2] != VENDOR or theirs[:4] != ours[:4]:
        return None
    low = int.from_bytes(theirs[4:6], "little")
    try:
        numbers = [int(path.name) for path in processes.iterdir() if path.name.isdigit()]
        (number,) = [number for number in numbers if number & 0xFFFF == low]
        content = (processes / str(number) / "environ").read_bytes()
    except (OSError, ValueError):
        return None
    names = {entry.partition(b"=")[0].decode(errors="replace") for entry in content.split(b"\0")}
    return not names.isdisjoint(VARIABLES)
