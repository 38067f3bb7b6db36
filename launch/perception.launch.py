"""Launches the perception node, and rviz on request."""

from typing import Any

from launch.actions import DeclareLaunchArgument, OpaqueFunction
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
from omnibind_ros.runtime.launch_arguments import PERCEPTION
from omnibind_ros.runtime.launch_command import full_name
from omnibind_ros.runtime.launch_plan import boolean

ARGUMENTS = [
    argument._replace(default=PathJoinSubstitution([SHARE, "config", argument.default]))
    if argument.name == "config"
    else argument
    for argument in PERCEPTION
]


def nodes(context: Any) -> list[Any]:
    """Return the nodes that the arguments ask for; raises LaunchError, so that none is started."""
    given = context.launch_configurations
    namespace = given["namespace"]
    actions = warn_of_unknown(context, [name for name, _, _ in ARGUMENTS])
    actions.append(
        Node(
            package="omnibind_ros",
            executable="perception_node",
            name="perception",
            namespace=namespace,
            parameters=parameters(context, full_name(namespace, "perception")),
            arguments=["--ros-args", "--log-level", given["log_level"]],
            output="screen",
            emulate_tty=True,
        )
    )
    if boolean("overlay", given["overlay"]):
        require("rqt_image_view", "overlay")
        actions.append(
            Node(
                package="rqt_image_view",
                executable="rqt_image_view",
                namespace=namespace,
                arguments=["perception/overlay"],
            )
        )
    if boolean("rviz", given["rviz"]):
        require("rviz2", "rviz")
        view = PathJoinSubstitution([SHARE, "config", "perception.rviz"])
        actions.append(
            Node(package="rviz2", executable="rviz2", namespace=namespace, arguments=["-d", view])
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
