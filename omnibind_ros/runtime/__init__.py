"""The engine: buffers, presence, scheduler and workers, without ROS."""
