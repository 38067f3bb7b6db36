"""What the graph of ROS topics shows."""

from __future__ import annotations

from rclpy.node import Node


def published_topics(node: Node) -> dict[str, list[str]]:
    """Return the types of each topic that has a publisher, without the node's own topics."""
    own = node.get_fully_qualified_name() + "/"
    return {
        topic: types
        for topic, types in node.get_topic_names_and_types()
        if not topic.startswith(own) and node.count_publishers(topic)
    }
