"""Clients of one service in one process, all of which send a request at one moment.

Run as a program: `python3 many_clients.py CLIENTS DEPTH BEGIN SECONDS`. It prints how many were
answered, for a test that counts those of several processes. BEGIN is the moment to send, in seconds
of the Unix epoch; DEPTH is that of the clients' queues.
"""

import sys
import time

import rclpy
from rclpy.qos import QoSProfile

from omnibind_msgs.srv import ListLabels

SERVICE = "/perception/list_labels"


class ManyClients:
    """Clients of ~/list_labels at one node."""

    def __init__(self, node, count, depth):
        self._node = node
        qos = QoSProfile(depth=depth)
        self._clients = [
            node.create_client(ListLabels, SERVICE, qos_profile=qos) for _ in range(count)
        ]
        self._futures = []

    def ready(self):
        return all(client.service_is_ready() for client in self._clients)

    def send(self):
        self._futures = [client.call_async(ListLabels.Request()) for client in self._clients]

    def answered(self):
        return sum(1 for future in self._futures if future.done() and future.result().success)

    def close(self):
        for client in self._clients:
            self._node.destroy_client(client)


def main(count, depth, begin, seconds):
    rclpy.init()
    node = rclpy.create_node("many_clients", start_parameter_services=False, enable_rosout=False)
    clients = ManyClients(node, count, depth)
    while time.time() < begin or not clients.ready():
        rclpy.spin_once(node, timeout_sec=0.02)
    clients.send()
    end = time.time() + seconds
    while time.time() < end and clients.answered() < count:
        rclpy.spin_once(node, timeout_sec=0.02)
    print(clients.answered())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
