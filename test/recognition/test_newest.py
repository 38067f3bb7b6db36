"""What is kept of sensors whose names come and go for weeks has a bound."""

from types import SimpleNamespace

import numpy as np
import pytest

from omnibind_ros.recognition.contradiction import Contradictions
from omnibind_ros.recognition.evidence import EvidenceCounter
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.newest import MOST_SENSORS, keep_newest
from omnibind_ros.recognition.scene_change import SceneChange

UNIT = np.eye(8, dtype=np.float32)[0]


def evidence():
    counter = EvidenceCounter()
    return counter._sensors, lambda now, name: counter.add(
        now, [Member("image", UNIT, sensor=name)], 1.0
    )


def scene():
    change = SceneChange()
    return change._courses, lambda now, name: change.update(
        now, [Member("image", UNIT, sensor=name, taken=now)]
    )


def contradictions():
    found = Contradictions()
    one = np.ones(1, np.float32)
    return found._records, lambda now, name: found.update(now, [name], [name], one, one, 2.0)


@pytest.mark.parametrize("make", [evidence, scene, contradictions])
def test_sensors_of_ever_new_names_leave_no_more_than_so_many_records(make):
    records, see = make()
    for i in range(3 * MOST_SENSORS):
        see(0.1 * i, f"sensor{i}")
    assert len(records) == MOST_SENSORS
    assert f"sensor{3 * MOST_SENSORS - 1}" in records  # the newest ones stay
    assert "sensor0" not in records


def test_sensors_that_are_there_all_stay():
    records = {str(i): SimpleNamespace(time=1.0) for i in range(2 * MOST_SENSORS)}
    keep_newest(records, len(records))
    assert len(records) == 2 * MOST_SENSORS
