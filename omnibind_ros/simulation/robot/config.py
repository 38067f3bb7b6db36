"""The parameters of the simulated robot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from omnibind_ros.config import ParameterError, parameter


@dataclass
class RobotConfig:
    """Parameters of the robot simulator's node; see `parameter` for what the fields say."""

    objects: list[str] = parameter(
        [],
        "Ids of the objects that the robot comes upon, in this order; empty: `count` of the split.",
    )
    count: int = parameter(
        12,
        "Number of objects, which `seed` draws from the split; 0: all of it.",
        low=0,
        high=100_000,
    )
    split: str = parameter(
        "shipped",
        "Split of the household set; no object of its training split is ever shown. `shipped`: 31 "
        "of its test objects, which the package brings.",
        choices=("shipped", "test", "validation"),
    )
    seconds: float = parameter(
        6.0, "Seconds that the robot looks at each object.", low=1.0, high=600.0
    )
    room: bool = parameter(
        True,
        "Whether the objects stand in one furnished room, through which the robot drives; else it "
        "comes upon each of them at once, in surroundings of its own. What is too large for a room "
        "or belongs outdoors has surroundings of its own in any case.",
    )
    approach: float = parameter(
        2.0, "In the room, seconds of the way from one object to the next.", low=0.5, high=60.0
    )
    lead_in: float = parameter(
        3.0,
        "Seconds before the first object in which only the pad publishes, without contact: the "
        "perception node learns its picture at rest.",
        low=0.0,
        high=600.0,
    )
    seed: int = parameter(
        0,
        "The robot: its devices, the order of the objects and all that is random.",
        low=0,
        high=65535,
    )
    missing: list[str] = parameter(
        [],
        "Sensors that are unplugged: their publishers do not exist.",
        at_run_time=True,
    )
    lying: str = parameter(
        "",
        "A sensor that shows another object, of another class; empty: none. It lies as soon "
        "as that object is rendered.",
        at_run_time=True,
    )
    lies_on: str = parameter(
        "every",
        "On which objects it lies: every one, or every second one, beginning with the second.",
        choices=("every", "second"),
        at_run_time=True,
    )
    loop: bool = parameter(
        True, "Whether the robot begins anew after the last object; else it publishes no more."
    )
    render_first: bool = parameter(
        False, "Whether all objects are rendered before the first one is shown."
    )
    workers: int = parameter(1, "Processes that render.", low=1, high=256)
    cache: str = parameter(
        "",
        "Folder of rendered objects; empty: ~/.cache/omnibind_ros/robot_views.",
    )
    catalogue: str = parameter(
        "",
        "Folder with the .sh3f files of the other splits' models; empty: Debian's package "
        "sweethome3d-furniture, which is downloaded once.",
    )
    meshes: str = parameter(
        "", "Folder with the STL files of the ContactDB objects; empty: without them."
    )


def check_sensors(config: RobotConfig, known: Collection[str]) -> None:
    """Check the names of sensors in a configuration.

    Raises:
        ParameterError: One is unknown, or the lying one is missing.
    """
    for name, values in (("missing", config.missing), ("lying", [config.lying])):
        for sensor in filter(None, values):
            if sensor not in known:
                raise ParameterError(
                    f"parameter {name} has '{sensor[:60]}', which is no sensor of the robot; use "
                    f"{', '.join(known)}"
                )
