"""Launches an encoder node and the perception node that takes its embeddings.

On two computers, launch each half on its own: `encoder:=false` on the one with the perception node,
`perception:=false` on the other. Nothing but ROS 2 lies between them.
"""

from typing import Any

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node

from launch import LaunchDescription
from omnibind_ros.nodes.launching import (
    SHARE,
    fast_dds_profile,
    parameters,
    warn_of_unknown,
)
from omnibind_ros.runtime.launch_command import full_name
from omnibind_ros.runtime.launch_plan import boolean

ARGUMENTS = [
    ("bundle", "", "Name of an installed bundle, or a bundle's folder; empty: as the files say"),
    ("encoder", "true", "Launch the encoder node"),
    ("perception", "true", "Launch the perception node"),
    ("encoder_namespace", "arm", "Namespace of the encoder node and its sensors"),
    (
        "encoder_config",
        PathJoinSubstitution([SHARE, "config", "encoder.yaml"]),
        "Parameter file of the encoder node",
    ),
    ("namespace", "", "Namespace of the perception node and its topics"),
    (
        "config",
        PathJoinSubstitution([SHARE, "config", "remote.yaml"]),
        "Parameter file of the perception node",
    ),
    ("use_sim_time", "", "true: take the time from /clock; empty: as the files say"),
    ("autostart", "", "true: configure and activate at start; empty: as the files say"),
]


def nodes(context: Any) -> list[Any]:
    """Return the nodes that the arguments ask for; raises LaunchError, so that none is started."""
    given = context.launch_configurations
    halves = (
        ("encoder", given["encoder_namespace"], "encoder_config"),
        ("perception", given["namespace"], "config"),
    )
    return warn_of_unknown(context, [name for name, _, _ in ARGUMENTS]) + [
        Node(
            package="omnibind_ros",
            executable=f"{name}_node",
            name=name,
            namespace=namespace,
            parameters=parameters(context, full_name(namespace, name), config),
            output="screen",
            emulate_tty=True,
        )
        for name, namespace, config in halves
        if boolean(name, given[name])
    ]


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
