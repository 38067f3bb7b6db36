"""What the engine tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .processing import ProblemListener

if TYPE_CHECKING:
    from .engine import Engine


class EngineListener(ProblemListener, Protocol):
    """Receives new embeddings, and problems of sensors and encoders."""

    def on_embedding(self, engine: Engine, sensor: str) -> None:
        """Take notice of a new embedding; called in a worker, without the lock.

        Args:
            engine: The engine that calls.
            sensor: Name of the sensor whose embedding is new.
        """
        ...
