"""Which changes of a sensor's state the node logs."""

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus

from omnibind_ros.nodes.diagnostics import sensor_status
from omnibind_ros.nodes.sensor_status import SensorStatusPublisher
from omnibind_ros.runtime.lateness import Lateness
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.runtime.sensor_state import SensorState


def state(name, presence, doubts=()):
    return SensorState(
        name=name,
        modality="image",
        topic="/image_raw",
        state=presence,
        rate=30.0,
        age=0.1,
        latency=0.01,
        received=1,
        encoded=1,
        dropped=0,
        rejected=0,
        left_out=0,
        refused_regions=0,
        problem="",
        doubts=doubts,
        stamp_ns=0,
        frame_id="",
    )


@pytest.mark.parametrize(
    ("course", "logged"),
    [
        (["FRESH"], ["FRESH"]),  # its driver ran before the node
        (["STALE", "FRESH"], ["STALE", "FRESH"]),
        (["ABSENT", "ABSENT", "FRESH", "FRESH"], ["FRESH"]),
        (["FRESH", "STALE", "ABSENT", "FRESH"], ["FRESH", "STALE", "ABSENT", "FRESH"]),
        (["ABSENT"], []),
    ],
)
def test_each_state_but_the_first_absence_is_logged_once(course, logged):
    lines, published = [], []
    node = SimpleNamespace(
        get_logger=lambda: SimpleNamespace(info=lines.append),
        get_clock=lambda: SimpleNamespace(now=lambda: SimpleNamespace(to_msg=Time)),
    )
    status = SensorStatusPublisher(node, SimpleNamespace(publish=published.append), 10.0)
    for presence in course:
        status.tick([state("camera", Presence[presence])])
    assert lines == [f"sensor 'camera' is {word}" for word in logged]
    assert published


def test_embeddings_that_come_too_late_are_a_warning_in_diagnostics():
    lateness = Lateness()
    lateness.check("camera", 0.9, 0.5)
    doubts = lateness.check("camera", 0.995, 0.5)
    status = sensor_status("perception", state("camera", Presence.FRESH, doubts))
    assert status.level == DiagnosticStatus.WARN
    assert "raise sensor.camera.max_age" in status.message
    assert {value.value for value in status.values if value.key == "issues"} == {"DELAYED"}
