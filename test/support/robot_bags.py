"""Writes bags of ROS messages, as `ros2 bag record` does."""

from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer

from omnibind_ros.datasets.readers.bags.files import typestore

START = 1_700_000_000_000_000_000
SECOND = 10**9


def type_name(message):
    """Return the type of a message or its class, three parts."""
    kind = message if isinstance(message, type) else type(message)
    return f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}"


def write_bag(folder, recorded, plugin=StoragePlugin.MCAP, labels=None):
    """Write a bag.

    Args:
        folder: Its folder, which must not exist.
        recorded: (time in ns, topic, message) in order.
        plugin: The storage.
        labels: Text of labels.yaml; None for one label over the bag.

    Returns:
        The folder.
    """
    store = typestore()
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        connections = {}
        for time, topic, message in recorded:
            if topic not in connections:
                kind = type_name(message)
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(connections[topic], time, serialize_message(message))
    length = (recorded[-1][0] - recorded[0][0]) / SECOND + 0.001
    default = f"labels: [{{start: 0, end: {length}, label: cup}}]\nperiod: {length}\n"
    (folder / "labels.yaml").write_text(default if labels is None else labels)
    return folder
