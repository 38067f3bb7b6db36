"""What the overlay shows of each sensor."""

from __future__ import annotations

from collections.abc import Sequence

from omnibind_ros.recognition.overlay import SensorRow

from .perception import PerceptionResult
from .sensor_state import SensorState


def sensor_rows(states: Sequence[SensorState], result: PerceptionResult) -> list[SensorRow]:
    """Return a row for each sensor, those that are missing too.

    Args:
        states: The sensors, in the order of the parameters.
        result: Has the weights of those that were fused, and their ages when they were.
    """
    fused = {
        name: (weight, age)
        for name, weight, age in zip(
            result.sensors, result.weights.tolist(), result.ages.tolist(), strict=True
        )
    }
    contradicting = result.recognition.contradicting
    rows = []
    for state in states:
        weight, age = fused.get(state.name, (0.0, state.age if state.received else None))
        rows.append(
            SensorRow(state.name, state.state.name, weight, age, state.name in contradicting)
        )
    return rows
