"""Memory of a node that is configured again and again."""

import psutil
import pytest

pytest.importorskip("rclpy")

GROWTH_MB = 100.0
"""A bundle takes about as much; four rounds that kept it would take four times as much."""


@pytest.mark.faults
def test_a_node_that_is_configured_again_and_again_holds_one_bundle(
    start_perception, change_state, still_recognises
):
    client = start_perception()
    still_recognises(client)
    process = psutil.Process(client.process.process.pid)
    sizes = []
    for _ in range(7):
        change_state(client, "deactivate", "cleanup", "configure", "activate")
        still_recognises(client)
        sizes.append(process.memory_info().rss / 1e6)
    assert sizes[-1] - sizes[1] < GROWTH_MB, sizes
