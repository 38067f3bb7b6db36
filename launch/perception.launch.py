"""Launches the perception node, and rviz on request."""

import os

from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description; `ros2 launch -s` lists its arguments."""
    share = FindPackageShare("omnibind_ros")
    arguments = [
        ("bundle", "household", "Name of an installed bundle, or the path of a bundle's folder"),
        (
            "config",
            PathJoinSubstitution([share, "config", "perception.yaml"]),
            "Parameter file: the sensors and how they are fused (docs/reference/parameters.md)",
        ),
        ("namespace", "", "Namespace of the node and its topics"),
        ("use_sim_time", "false", "Take the time from /clock"),
        ("rviz", "false", "Start rviz with the overlay picture and the label markers"),
        ("overlay", "false", "Show the overlay picture in a window (rqt_image_view)"),
        ("log_level", "info", "debug, info, warn, error or fatal"),
        ("autostart", "true", "Configure and activate the node at start"),
    ]
    namespace = LaunchConfiguration("namespace")
    # Fast DDS drops most large messages without the profile; a profile of the user's own wins.
    # Fast DDS 2 reads the first variable, 3 the second, and warns of the first.
    old = os.environ.get("ROS_DISTRO", "") in ("humble", "iron", "jazzy")
    variables = ["FASTRTPS_DEFAULT_PROFILES_FILE"] * old + ["FASTDDS_DEFAULT_PROFILES_FILE"]
    profile = PathJoinSubstitution([share, "config", "fastdds.xml"])
    profiles = [
        SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=profile))
        for name in variables
    ]
    perception = Node(
        package="omnibind_ros",
        executable="perception_node",
        name="perception",
        namespace=namespace,
        parameters=[
            LaunchConfiguration("config"),
            {
                "bundle": ParameterValue(LaunchConfiguration("bundle"), value_type=str),
                "use_sim_time": ParameterValue(
                    LaunchConfiguration("use_sim_time"), value_type=bool
                ),
                "autostart": ParameterValue(LaunchConfiguration("autostart"), value_type=bool),
            },
        ],
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        output="screen",
        emulate_tty=True,
    )
    overlay = Node(
        package="rqt_image_view",
        executable="rqt_image_view",
        namespace=namespace,
        arguments=["perception/overlay"],
        condition=IfCondition(LaunchConfiguration("overlay")),
    )
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        namespace=namespace,
        arguments=["-d", PathJoinSubstitution([share, "config", "perception.rviz"])],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
    return LaunchDescription(
        [
            *[
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, default, description in arguments
            ],
            *profiles,
            perception,
            overlay,
            rviz,
        ]
    )
