"""The reader of ROS 2 bags, by the rosbags library and without ROS.

Messages are decoded by the sensor types that the perception node uses (`omnibind_ros.sensors`), and
pass through the same `Channel`, so that training sees what the robot sees: the same options,
windows, clocks and refusals. A modality is read from bags if it has sensor types and datasets can
hold it; it needs no module here.
"""
