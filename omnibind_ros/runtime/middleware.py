"""What the DDS implementation is told by variables of the environment."""

from __future__ import annotations

from collections.abc import Mapping

READS_OLD_VARIABLE = ("humble", "iron", "jazzy")
"""ROS distributions with Fast DDS 2, which reads the first of `VARIABLES`; 3 reads the second."""

VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")

WITHOUT_RANGE = ("humble",)
"""ROS distributions that do not know ROS_AUTOMATIC_DISCOVERY_RANGE."""

DEFAULT = "jazzy"
"""The distribution where the environment names none, as that of the wheels."""


def profile_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the environment variables that name the profile of Fast DDS.

    Args:
        environment: The environment variables, with the name of the ROS distribution.

    Returns:
        Both of `VARIABLES` for distributions that read the first; otherwise the second alone, as
        Fast DDS 3 warns of the first.
    """
    return VARIABLES if _reads_old(environment, DEFAULT) else VARIABLES[1:]


def this_host_only(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the variable, and its value, with which processes find only those of this computer.

    Args:
        environment: The environment variables, with the name of the ROS distribution.
    """
    if (environment.get("ROS_DISTRO") or DEFAULT) in WITHOUT_RANGE:
        return "ROS_LOCALHOST_ONLY", "1"
    return "ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST"


def how_not_to_lose(
    middleware: str, environment: Mapping[str, str], profile: str, default: str = DEFAULT
) -> str:
    """Return what to do so that large messages are not lost, for `why_lost`.

    Args:
        middleware: Name of the RMW implementation.
        environment: The environment variables, with the name of the ROS distribution.
        profile: Path of this package's Fast DDS profile.
        default: The distribution, where the environment names none.

    Returns:
        A clause that has `{nodes}` for the names of the publishers' nodes.
    """
    more = "see 'Large messages' in docs/how-to/installation.md"
    if not middleware.startswith("rmw_fastrtps"):
        return f"{middleware} needs larger buffers for large messages: {more}"
    old = _reads_old(environment, default)
    return (
        "large messages need the Fast DDS profile of this package in the shell of the driver: stop "
        f"{{nodes}}, run 'export {VARIABLES[0 if old else 1]}={profile}' in the shell that starts "
        f"it, and start it again; if it had the profile, or runs on another computer, {more}"
    )


def _reads_old(environment: Mapping[str, str], default: str) -> bool:
    return (environment.get("ROS_DISTRO") or default) in READS_OLD_VARIABLE
