"""Write config/sros2_policy.xml: the access policies of SROS2, from what the nodes declare.

Usage: python3 tools/sros2_policy.py [--check]

It starts each node, configured and active, in a ROS domain of its own, asks the graph for its
topics and services, and ends it. docs/how-to/security.md says how to use the file. With --check
nothing is written, and the status is 1 if the file is another one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import rclpy
from rclpy.node import Node

from omnibind_ros.demo.processes import ChildProcess, prepare_environment, private_domain

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "config" / "sros2_policy.xml"

PATIENCE = 120.0
"""Seconds within which a node is active."""

STEADY = 4.0
"""Seconds that the graph must stay the same."""

SEVEN = ("--params-file", str(ROOT / "config" / "seven_senses.yaml"))
NODES = {
    "perception": ("perception_node", SEVEN, ("perception", "_perception_services")),
    "encoder": ("encoder_node", SEVEN, ("encoder", "_encoder_services")),
    "picture_camera": ("picture_camera_node", (), ("picture_camera",)),
}
"""Module, arguments, and the nodes in the process, by the name of its enclave."""

CLOCK = ("/clock",)
EXTRA: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "perception": (("~/classification",), CLOCK),  # where vision_msgs is installed
    "encoder": ((), CLOCK),
    "picture_camera": ((), CLOCK),
}
"""What a node publishes and takes beside other packages, or with use_sim_time."""


class Profile(NamedTuple):
    """What a node may do."""

    node: str
    publish: list[str]
    subscribe: list[str]
    reply: list[str]


def ask(graph: Node, node: str) -> Profile:
    """Return what a node has in the graph now; nothing while it is not there."""
    if node not in graph.get_node_names():
        return Profile(node, [], [], [])

    def names(found: list[tuple[str, list[str]]]) -> list[str]:
        own = f"/{node}/"
        return sorted(
            f"~/{name[len(own) :]}" if name.startswith(own) else name for name, _ in found
        )

    return Profile(
        node,
        names(graph.get_publisher_names_and_types_by_node(node, "/")),
        names(graph.get_subscriber_names_and_types_by_node(node, "/")),
        names(graph.get_service_names_and_types_by_node(node, "/")),
    )


def declared(graph: Node, enclave: str, logs: Path) -> list[Profile]:
    """Start a process, and return what its nodes have declared.

    Raises:
        ChildError: It has ended.
        TimeoutError: It declares nothing.
    """
    module, arguments, nodes = NODES[enclave]
    child = ChildProcess(enclave, f"omnibind_ros.nodes.{module}", ["--ros-args", *arguments], logs)
    try:
        end = time.monotonic() + PATIENCE
        last: list[Profile] = []
        since = time.monotonic()
        while time.monotonic() < end:
            child.check()
            time.sleep(0.2)
            found = [ask(graph, node) for node in nodes]
            if found != last or not all(profile.publish or profile.reply for profile in found):
                last, since = found, time.monotonic()
            elif time.monotonic() - since > STEADY:
                return found
        raise TimeoutError(f"{enclave} has not declared its topics within {PATIENCE:g} s")
    finally:
        child.stop()


def policy(profiles: dict[str, list[Profile]]) -> str:
    """Return the policy file of the processes, by their enclaves."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- Written by tools/sros2_policy.py. Add the topics of your own sensors by hand. -->",
        '<policy version="0.2.0">',
        "  <enclaves>",
    ]
    for enclave, found in profiles.items():
        lines += [f'    <enclave path="/{enclave}">', "      <profiles>"]
        for profile in found:
            main = profile.node == enclave
            more = EXTRA[enclave] if main else ((), ())
            publish = sorted({*profile.publish, *more[0]})
            subscribe = sorted({*profile.subscribe, *more[1]})
            lines.append(f'        <profile ns="/" node="{profile.node}">')
            lines += entries("topics", "publish", "topic", publish)
            lines += entries("topics", "subscribe", "topic", subscribe)
            lines += entries("services", "reply", "service", sorted(profile.reply))
            lines.append("        </profile>")
        lines += ["      </profiles>", "    </enclave>"]
    return "\n".join([*lines, "  </enclaves>", "</policy>", ""])


def entries(group: str, right: str, kind: str, names: list[str]) -> list[str]:
    """Return the lines of one group of rights; none without names."""
    if not names:
        return []
    inner = [f"            <{kind}>{name}</{kind}>" for name in names]
    return [f'          <{group} {right}="ALLOW">', *inner, f"          </{group}>"]


def generate() -> str:
    """Start the nodes, and return the policy file."""
    with tempfile.TemporaryDirectory() as logs, private_domain():
        prepare_environment()
        rclpy.init(args=[])
        graph = Node("_policy")
        try:
            return policy({name: declared(graph, name, Path(logs)) for name in NODES})
        finally:
            graph.destroy_node()
            rclpy.try_shutdown()


def main() -> int:
    """Write or compare the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args()
    text = generate()
    if not options.check:
        POLICY.write_text(text, encoding="utf-8")
        return 0
    if POLICY.read_text(encoding="utf-8") == text:
        return 0
    print(f"{POLICY} is not what the nodes declare: run tools/sros2_policy.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
