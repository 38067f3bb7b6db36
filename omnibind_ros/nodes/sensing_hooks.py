"""What a node with sensors leaves to its subclasses."""

from __future__ import annotations

from collections.abc import Collection

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.engine import Engine

from .service_host import ServiceHost


class SensingHooks:
    """Methods that `SensingNode` calls; a subclass has those that it needs."""

    def prepare(self, bundle: Bundle) -> list[str]:
        """Create what takes the embeddings, before there are sensors.

        Args:
            bundle: The bundle.

        Returns:
            One sentence for each problem.

        Raises:
            ValueError: It cannot be created; the text is one sentence.
        """
        raise NotImplementedError

    def on_embedding(self, engine: Engine, sensor: str) -> None:
        """Take notice of a new embedding; called in a worker of the engine.

        Args:
            engine: The engine.
            sensor: Name of the sensor.
        """
        raise NotImplementedError

    def add_services(self, host: ServiceHost) -> None:
        """Add the subclass's own services."""

    def on_parameters(self) -> None:
        """Take the subclass's own parameters that take effect at once."""

    def on_state(self, why_not_active: str) -> None:
        """Take notice of the lifecycle state, before what it stops is stopped.

        Args:
            why_not_active: Why the node makes no results, one sentence; empty while it is active.
        """

    def on_start(self, engine: Engine) -> None:
        """Start what the subclass runs while the node is active."""

    def on_stop(self) -> None:
        """Stop what `on_start` started; also called if nothing was."""

    def on_release(self) -> None:
        """Let go of what `prepare` has made of the bundle."""

    def present_problems(self) -> list[str]:
        """Return a sentence for each problem of the moment, for /diagnostics and the log."""
        return []

    def on_tick(self) -> None:
        """Do what is to be done as often as presence is checked."""

    def on_sensors(self, names: Collection[str]) -> None:
        """Take notice of the sensors' names, which have changed."""
