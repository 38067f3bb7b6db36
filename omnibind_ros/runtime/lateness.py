"""Whether a sensor's embeddings are older than max_age when they are done, so that none counts."""

from __future__ import annotations

from omnibind_ros.sensors import Doubt, Issue

IN_A_ROW = 2
"""Late embeddings in a row from which the sensor says so: the first after the start may be slow."""


class Lateness:
    """Counts the late embeddings of one sensor. The engine's lock guards it."""

    def __init__(self, single: bool = False) -> None:
        """Create it; nothing was encoded.

        Args:
            single: Whether a message counts by itself, so that one late embedding is enough.
        """
        self._needed = 1 if single else IN_A_ROW
        self._late = 0

    def check(self, sensor: str, latency: float, max_age: float) -> tuple[Doubt, ...]:
        """Take an embedding that is done; return that they come too late, if they do.

        Args:
            sensor: Name of the sensor.
            latency: Seconds from taking the sample to its embedding.
            max_age: Seconds after which it counts no more.
        """
        self._late = self._late + 1 if latency > max_age else 0
        if self._late < self._needed:
            return ()
        text = (
            f"its embeddings are not used, as they are done {latency:.2f} s after their samples "
            f"were taken and max_age is {max_age:g} s; raise sensor.{sensor}.max_age, or use fewer "
            "sensors, a smaller sensor.NAME.rate_limit of the others, or a faster computer"
        )
        return (Doubt(Issue.DELAYED, text),)
