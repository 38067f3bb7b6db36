"""The engine and what belongs to it: buffers, presence, scheduler, workers; without ROS."""
