"""The rows of the overlay: every sensor, with the weight that it had in the result."""

from types import SimpleNamespace

import numpy as np

from omnibind_ros.recognition.overlay import SensorRow
from omnibind_ros.recognition.recogniser import Recognition
from omnibind_ros.runtime.overlay_rows import sensor_rows
from omnibind_ros.runtime.perception import PerceptionResult
from omnibind_ros.runtime.presence import Presence


def test_missing_sensors_have_a_row_and_fused_ones_their_age_in_the_result():
    def state(name, presence, age, received):
        return SimpleNamespace(name=name, state=presence, age=age, received=received)

    states = [
        state("camera", Presence.FRESH, 0.5, 9),
        state("pad", Presence.ABSENT, 0.0, 0),
        state("lidar", Presence.STALE, 3.0, 4),
        state("ear", Presence.FRESH, 0.4, 9),
    ]
    recognition = Recognition(
        ("cup",), np.ones(1, np.float32), 0.1, 0.5, 1.0, True, contradicting=("ear",)
    )
    result = PerceptionResult(
        stamp_ns=0,
        frame_id="",
        frames=("", ""),
        sensors=("ear", "camera"),
        modalities=("audio", "image"),
        weights=np.array([0.0, 1.0], np.float32),
        ages=np.array([0.25, 0.125], np.float32),
        agreement=np.zeros(2, np.float32),
        distances=np.zeros(2, np.float32),
        values=np.zeros(4, np.float32),
        recognition=recognition,
        samples=(None, None),
        regions=(None, None),
    )
    assert sensor_rows(states, result) == [
        SensorRow("camera", "FRESH", 1.0, 0.125),
        SensorRow("pad", "ABSENT", 0.0, None),
        SensorRow("lidar", "STALE", 0.0, 3.0),
        SensorRow("ear", "FRESH", 0.0, 0.25, True),
    ]
