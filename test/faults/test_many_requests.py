"""Many clients that send their requests at one moment: each of them is answered."""

import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy")

from many_clients import ManyClients
from paths import ROOT

PROGRAM = ROOT / "test" / "support" / "many_clients.py"


DEPTH = 256
"""Of the clients' queues: each client gets the answers to all clients, and drops the others'."""


def ask_at_once(probe, count):
    """Return how many of so many clients in the test's own process are answered, and when."""
    clients = ManyClients(probe.node, count, DEPTH)
    try:
        assert probe.spin(clients.ready, 30.0)
        begin = time.monotonic()
        clients.send()
        probe.spin(lambda: clients.answered() == count, 60.0)
        return clients.answered(), time.monotonic() - begin
    finally:
        clients.close()


def test_fifty_requests_at_one_moment_are_answered(start_perception, still_recognises):
    client = start_perception()
    assert ask_at_once(client.probe, 50)[0] == 50
    still_recognises(client)


@pytest.mark.faults
@pytest.mark.parametrize("turn", range(3))
def test_200_clients_of_one_process_are_answered(start_perception, still_recognises, turn):
    client = start_perception()
    answered, seconds = ask_at_once(client.probe, 200)
    assert answered == 200
    assert seconds < 30.0
    still_recognises(client)


@pytest.mark.faults
@pytest.mark.parametrize("processes", [8, 20])
def test_200_clients_in_several_processes_are_answered(
    start_perception, still_recognises, processes
):
    client = start_perception()
    begin = time.time() + 10.0 + processes  # they start one after another on a busy machine
    command = [sys.executable, str(PROGRAM), str(200 // processes), str(DEPTH), str(begin), "60"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]
    answered = [int(one.communicate(timeout=150)[0]) for one in started]
    assert sum(answered) == 200, answered
    still_recognises(client)
