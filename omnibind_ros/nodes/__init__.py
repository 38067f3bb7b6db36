"""The ROS nodes: they translate between ROS and the engine and hold no logic."""
