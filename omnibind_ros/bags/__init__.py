"""Records bags, without ROS: the node that receives the messages is in `omnibind_ros.nodes`.

Bags are written by the rosbags library, which also reads them (`omnibind_ros.datasets.readers`).
"""
