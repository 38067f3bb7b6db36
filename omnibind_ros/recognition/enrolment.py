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
        self._embeddings: list[tuple[npt.NDArray[np.float32], float]] | None = None

    def add(self, values: npt.NDArray[np.float32], quality: float) -> None:
        """Add a fused embedding; it is ignored unless `collect` is under way.

        Args:
            values: float32 [D], unit vector.
            quality: Weighted mean of its members' qualities, 0..1.
        """
        with self._lock:
            if self._embeddings is not None:
                self._embeddings.append((values, quality))

    def collect(
        self, duration: float, wait: Callable[[float], object], least_quality: float = 0.0
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Collect the embeddings that `add` gets meanwhile.

        Args:
            duration: Seconds, 0.1 .. 60.
            wait: Waits that many seconds.
            least_quality: Embeddings of a lower quality, and those of quality 0, are left out.

        Returns:
            The unit mean, float32 [D], and the number of embeddings.

        Raises:
            ValueError: The duration is out of range, another enrolment is under way, or no
                embedding of sufficient quality was added.
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
                collected, self._embeddings = self._embeddings, None
        if not collected:
            raise ValueError(
                f"no sensor gave a result within {duration:g} s; show the object to a fresh sensor"
            )
        good = [values for values, quality in collected if quality >= max(least_quality, 1e-6)]
        if not good:
            best = max(quality for _, quality in collected)
            raise ValueError(
                f"the {len(collected)} results within {duration:g} s have a quality of at most "
                f"{best:.2f}, below {least_quality:.2f}: the sensors see nothing that can be "
                "learned, as a pad without contact or a dark picture; show them the object"
            )
        mean = np.mean(good, axis=0)
        unit = (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32)
        return unit, len(good)
