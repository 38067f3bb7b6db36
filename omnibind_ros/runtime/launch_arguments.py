"""The arguments with which the perception node is started, by a launch file or by a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from omnibind_ros.modalities import MODALITIES

from .launch_plan import LaunchError, unknown_arguments

LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


class LaunchArgument(NamedTuple):
    """An argument, given as `name:=value`.

    Attributes:
        name: Its name.
        default: Its value where it is not given.
        description: What it does, one sentence.
    """

    name: str
    default: str
    description: str


PERCEPTION = (
    LaunchArgument(
        "config",
        "perception.yaml",
        "Parameter file: the sensors and how they are fused (docs/reference/parameters.md)",
    ),
    LaunchArgument(
        "bundle", "", "Name of an installed bundle, or a bundle's folder; empty: as config says"
    ),
    *(
        LaunchArgument(name, "", f"Topic of the sensor of modality {name}; empty: as config says")
        for name in MODALITIES
    ),
    LaunchArgument("namespace", "", "Namespace of the node and its topics"),
    LaunchArgument("use_sim_time", "", "true: take the time from /clock; empty: as config says"),
    LaunchArgument(
        "autostart",
        "",
        "true: configure and activate the node at start; empty: as config says",
    ),
    LaunchArgument("rviz", "false", "Start rviz with the overlay picture and the label markers"),
    LaunchArgument("overlay", "false", "Show the overlay picture in a window (rqt_image_view)"),
    LaunchArgument("log_level", "info", f"{', '.join(LOG_LEVELS[:-1])} or {LOG_LEVELS[-1]}"),
)
"""Those of perception.launch.py and of `omnibind run`; the default of `config` is a file in the
package's folder config."""


def read_arguments(
    given: Sequence[str], declared: Sequence[LaunchArgument] = PERCEPTION
) -> dict[str, str]:
    """Return the value of each declared argument.

    Args:
        given: What was typed, each `name:=value`.
        declared: The arguments that exist.

    Raises:
        LaunchError: An argument has another form, does not exist, or is there twice.
    """
    values = {argument.name: argument.default for argument in declared}
    seen = set()
    for text in given:
        name, sign, value = text.partition(":=")
        if not sign:
            raise LaunchError(
                f"'{text}' is no argument; write NAME:=VALUE, such as image:=/camera/image_raw"
            )
        problems = unknown_arguments([name], list(values))
        if problems:
            raise LaunchError(problems[0].replace(" and is ignored", ""))
        if name in seen:
            raise LaunchError(f"the argument {name} is given twice; give it once")
        seen.add(name)
        values[name] = value
    if "log_level" in values and values["log_level"].lower() not in LOG_LEVELS:
        raise LaunchError(
            f"log_level:={values['log_level']} is no level; set one of {', '.join(LOG_LEVELS)}"
        )
    return values
