"""Code that talks to devices or reads files, without ROS."""
