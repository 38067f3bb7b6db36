"""The demo `omnibind demo`: its processes, what is shown when, its figures and its table.

Without ROS; the node that subscribes and publishes for it is in nodes/demo_client.py.
"""
