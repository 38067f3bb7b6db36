"""Enrolment: learn a label from what the sensors show."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt


class Enrolment:
    """Collects fused embeddings for a while and returns their mean direction."""

    def __init__(self) -> None:
        """Create an enrolment that is not watching."""
        self._lock = threading.Lock()
        self._seen: list[npt.NDArray[np.float32]] | None = None

    def see(self, values: npt.NDArray[np.float32]) -> None:
        """Take one fused embedding, float32 [D]; ignored while nobody watches."""
        with self._lock:
            if self._seen is not None:
                self._seen.append(values)

    def watch(
        self, duration: float, wait: Callable[[float], object]
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Watch for a while.

        Args:
            duration: Seconds, 0.1 .. 60.
            wait: Waits that many seconds.

        Returns:
            The unit mean, float32 [D], and how many embeddings it was made from.

        Raises:
            ValueError: The duration is out of range, another enrolment is under way, or nothing
                was seen.
        """
        if not 0.1 <= duration <= 60.0:
            raise ValueError(f"duration is {duration:g} s, but must be in 0.1 .. 60 s")
        with self._lock:
            if self._seen is not None:
                raise ValueError("another enrolment is under way; wait until it has ended")
            self._seen = []
        try:
            wait(duration)
        finally:
            with self._lock:
                seen, self._seen = self._seen, None
        if not seen:
            raise ValueError(
                f"no sensor gave a result within {duration:g} s; show the object to a fresh sensor"
            )
        mean = np.mean(seen, axis=0)
        return (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32), len(seen)
