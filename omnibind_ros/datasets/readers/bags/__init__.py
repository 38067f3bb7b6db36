"""The reader of ROS 2 bags."""
