"""The command `omnibind doctor` without its ROS parts: what was seen, what is wrong, what mends it.

`observation` describes what was seen of a node and its sensors' topics; `diagnosis` makes findings
of it, each with a command that mends it; `report` writes them down.
"""
