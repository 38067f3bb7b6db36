"""Launches a simulated robot with seven senses and the perception node; the page and rviz too."""

import shutil
from typing import Any

from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node

from launch import LaunchDescription
from omnibind_ros.nodes.launching import (
    SHARE,
    fast_dds_profile,
    parameters,
    require,
    warn_of_unknown,
)
from omnibind_ros.runtime.launch_plan import LaunchError, boolean

ARGUMENTS = [
    (
        "config",
        PathJoinSubstitution([SHARE, "config", "seven_senses.yaml"]),
        "Parameter file of the perception node",
    ),
    ("bundle", "", "Name of an installed bundle, or a bundle's folder; empty: as config says"),
    ("simulator_config", "", "Parameter file of the robot simulator; empty: its defaults"),
    ("view", "true", "Show the page in the browser (omnibind view)"),
    ("rviz", "false", "Start rviz with the overlay, the labels, the cloud and the frames"),
    ("log_level", "info", "debug, info, warn, error or fatal"),
]


def nodes(context: Any) -> list[Any]:
    """Return the nodes that the arguments ask for; raises LaunchError, so that none is started."""
    given = context.launch_configurations
    level = ["--ros-args", "--log-level", given["log_level"]]
    simulator = given["simulator_config"]
    actions = warn_of_unknown(context, [name for name, _, _ in ARGUMENTS])
    actions += [
        Node(
            package="omnibind_ros",
            executable="robot_simulator_node",
            name="robot_simulator",
            parameters=[simulator] if simulator else [],
            arguments=level,
            output="screen",
            emulate_tty=True,
        ),
        Node(
            package="omnibind_ros",
            executable="perception_node",
            name="perception",
            parameters=parameters(context, "/perception"),
            arguments=level,
            output="screen",
            emulate_tty=True,
        ),
    ]
    if boolean("view", given["view"]):
        if shutil.which("omnibind") is None:
            raise LaunchError(
                "view:=true needs the command omnibind, which is not on the path; source the "
                "workspace's install/setup.bash, or leave out the page with view:=false"
            )
        actions.append(ExecuteProcess(cmd=["omnibind", "view"], output="screen"))
    if boolean("rviz", given["rviz"]):
        require("rviz2", "rviz")
        view = PathJoinSubstitution([SHARE, "config", "perception.rviz"])
        actions.append(
            Node(package="rviz2", executable="rviz2", arguments=["-d", view, "-f", "base_link"])
        )
    return actions


def generate_launch_description() -> LaunchDescription:
    """Return the launch description; `ros2 launch -s` lists its arguments."""
    return LaunchDescription(
        [
            *[
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, default, description in ARGUMENTS
            ],
            *fast_dds_profile(),
            OpaqueFunction(function=nodes),
        ]
    )
