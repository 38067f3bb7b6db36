"""~/ready is false within 50 ms of a required sensor's max_age, in random trials over DDS.

test/runtime/test_ready.py has a thousand trials by a simulated clock, and `benchmarks/ready.py`
measures as many with a real node.
"""

import pytest

pytest.importorskip("rclpy")

from ready import ALLOWED, Trials, summary

SLACK = 0.2
"""Seconds that a busy machine may add to a single one."""


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.faults)])
def test_a_required_sensors_end_is_told_in_time(start_perception, count):
    client = start_perception("-p", "sensor.camera.required:=true")
    client.close()  # the trials have a camera of their own
    trials = Trials(client.probe.node, client.probe.spin, seed=count)
    try:
        found = trials.run(count)
    finally:
        trials.close()
    late = [trial["told"] for trial in found if trial["told"] > ALLOWED]
    assert len(late) <= count // 20, summary(found)
    assert max(late, default=0.0) <= ALLOWED + SLACK, summary(found)
