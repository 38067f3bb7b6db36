"""Names of sensors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from omnibind_ros.config import ParameterError

SENSOR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""A name is a part of topic names, whose length is limited."""

_ALLOWED = "use at most 64 letters, digits and underscores, a letter first"


def check_name(name: str) -> None:
    """Check the name of a new sensor.

    Raises:
        ParameterError: It is not allowed; the text is one sentence.
    """
    if not SENSOR_NAME.fullmatch(name):
        raise ParameterError(f"'{name[:60]}' cannot be a sensor's name; {_ALLOWED}")


def usable_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which sensors of the parameter `sensors` can be used.

    Args:
        names: The value of the parameter.

    Returns:
        The names that can be used, in order, and one sentence for each problem.
    """
    problems = []
    unique = list(dict.fromkeys(names))
    if len(unique) < len(names):
        problems.append(
            "parameter sensors names a sensor twice; the second one is left out, give it another "
            "name"
        )
    usable = [name for name in unique if SENSOR_NAME.fullmatch(name)]
    problems += [
        f"'{name[:60]}' in parameter sensors cannot be a sensor's name and is left out; {_ALLOWED}"
        for name in unique
        if name not in usable
    ]
    return usable, problems
