"""Launches an encoder node and the perception node that takes its embeddings.

On two computers, launch each half on its own: `encoder:=false` on the one with the perception node,
`perception:=false` on the other. Nothing but ROS 2 lies between them.
"""

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description; `ros2 launch -s` lists its arguments."""
    share = FindPackageShare("omnibind_ros")
    arguments = [
        ("bundle", "household", "Name of an installed bundle, or the path of a bundle's folder"),
        ("encoder", "true", "Launch the encoder node"),
        ("perception", "true", "Launch the perception node"),
        ("encoder_namespace", "arm", "Namespace of the encoder node and its sensors"),
        (
            "encoder_config",
            PathJoinSubstitution([share, "config", "encoder.yaml"]),
            "Parameter file of the encoder node",
        ),
        (
            "config",
            PathJoinSubstitution([share, "config", "remote.yaml"]),
            "Parameter file of the perception node",
        ),
    ]
    encoder = Node(
        package="omnibind_ros",
        executable="encoder_node",
        name="encoder",
        namespace=LaunchConfiguration("encoder_namespace"),
        parameters=[
            LaunchConfiguration("encoder_config"),
            {"bundle": LaunchConfiguration("bundle")},
        ],
        output="screen",
        emulate_tty=True,
        condition=IfCondition(LaunchConfiguration("encoder")),
    )
    perception = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution([share, "launch", "perception.launch.py"])
        ),
        launch_arguments={
            "bundle": LaunchConfiguration("bundle"),
            "config": LaunchConfiguration("config"),
        }.items(),
        condition=IfCondition(LaunchConfiguration("perception")),
    )
    return LaunchDescription(
        [
            *[
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, default, description in arguments
            ],
            encoder,
            perception,
        ]
    )
