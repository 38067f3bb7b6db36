"""Launches the perception node, and rviz on request."""

from typing import Any

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node

from launch import LaunchDescription
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.nodes.launching import (
    SHARE,
    fast_dds_profile,
    full_name,
    parameters,
    require,
    warn_of_unknown,
)

ARGUMENTS = [
    (
        "config",
        PathJoinSubstitution([SHARE, "config", "perception.yaml"]),
        "Parameter file: the sensors and how they are fused (docs/reference/parameters.md)",
    ),
    ("bundle", "", "Name of an installed bundle, or a bundle's folder; empty: as config says"),
    *(
        (name, "", f"Topic of the sensor of modality {name}; empty: as config says")
        for name in MODALITIES
    ),
    ("namespace", "", "Namespace of the node and its topics"),
    ("use_sim_time", "", "true: take the time from /clock; empty: as config says"),
    ("autostart", "", "true: configure and activate the node at start; empty: as config says"),
    ("rviz", "false", "Start rviz with the overlay picture and the label markers"),
    ("overlay", "false", "Show the overlay picture in a window (rqt_image_view)"),
    ("log_level", "info", "debug, info, warn, error or fatal"),
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
    if given["overlay"].lower() == "true":
        require("rqt_image_view", "overlay")
        actions.append(
            Node(
                package="rqt_image_view",
                executable="rqt_image_view",
                namespace=namespace,
                arguments=["perception/overlay"],
            )
        )
    if given["rviz"].lower() == "true":
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
