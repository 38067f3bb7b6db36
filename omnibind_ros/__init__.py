"""One sense out of many: multi-modal perception for ROS 2."""

__version__ = "0.1.0"
