"""The ROS nodes: they translate between ROS and the other rooms.

A module NAME_node is a process (`ros2 run omnibind_ros NAME_node`); the node itself is in the
module NAME.
"""
