"""Enrolment: a prototype for a label, from what the sensors show."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt


class Enrolment:
    """Collects fused embeddings for some seconds and returns their mean direction. Thread-safe."""

    def __init__(self) -> None:
        """Create an enrolment that collects nothing yet."""
        self._lock = threading.Lock()
        self._embeddings: list[npt.NDArray[np.float32]] | None = None

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Add a fused embedding, float32 [D]; it is ignored unless `collect` is under way."""
        with self._lock:
            if self._embeddings is not None:
                self._embeddings.append(values)

    def collect(
        self, duration: float, wait: Callable[[float], object]
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Collect the embeddings that `add` gets meanwhile.

        Args:
            duration: Seconds, 0.1 .. 60.
            wait: Waits that many seconds.

        Returns:
            The unit mean, float32 [D], and the number of embeddings.

        Raises:
            ValueError: The duration is out of range, another enrolment is under way, or no
                embedding was added.
        """
        if not 0.1 <= duration <= 60.0:
            raise ValueError(f"duration is {duration:g} s, but must be in 0.1 .. 60 s")
        with self._lock:
            if self._embeddings is not None:
                raise ValueError("another enrolment is under way; wait until it has ended")
            self._embeddings = []
        try:
            wait(duration)
        finally:
            with self._lock:
                embeddings, self._embeddings = self._embeddings, None
        if not embeddings:
            raise ValueError(
                f"no sensor gave a result within {duration:g} s; show the object to a fresh sensor"
            )
        mean = np.mean(embeddings, axis=0)
        unit = (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32)
        return unit, len(embeddings)
