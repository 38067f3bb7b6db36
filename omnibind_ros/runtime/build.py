"""Makes channels and worker settings from parameters."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from omnibind_ros.encoders.base import Encoder
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import SIMULATION
from omnibind_ros.encoders.remote import RemoteEncoder
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import SensorRegistry, SensorType, normalise_type
from omnibind_ros.sensors.region import PICTURE_LIKE

from .channel import Channel
from .config import SensingConfig, SensorConfig, SensorSetup
from .workers import WorkerSettings

_log = logging.getLogger(__name__)


def fill_in_defaults(name: str, config: SensorConfig) -> SensorConfig:
    """Fill in the parameters that a sensor leaves open, from its modality.

    Args:
        name: The sensor's name, which is its modality if the parameter is empty.
        config: Its parameters.

    Raises:
        ValueError: The modality is unknown; the text is one sentence.
    """
    modality = MODALITIES.get(config.modality or name)
    if modality is None:
        raise ValueError(
            f"sensor '{name}' has no known modality ('{config.modality or name}'); set "
            f"sensor.{name}.modality to one of: {', '.join(MODALITIES)}"
        )
    return replace(
        config,
        modality=modality.name,
        topic=config.topic or modality.topic,
        type=normalise_type(config.type) if config.type else modality.type,
        max_age=config.max_age or modality.max_age,
    )


def check_roi(modality: str, roi: Sequence[float], encoded: bool = False) -> None:
    """Check that a sensor with a region of interest has pictures that are encoded here.

    Args:
        modality: The sensor's.
        roi: Its parameter; empty for none.
        encoded: Whether its messages are embeddings.

    Raises:
        ValueError: It has none; the text is one sentence.
    """
    if roi and (encoded or modality not in PICTURE_LIKE):
        what = "a sensor of embeddings" if encoded else f"a sensor of {modality}"
        raise ValueError(
            f"{what} has no pictures of which a part could be encoded; leave its roi empty"
        )


class ChannelFactory:
    """Makes the channels of sensors."""

    def __init__(
        self,
        bundle: Bundle,
        sensor_types: SensorRegistry,
        threads: int = 1,
        *,
        warn: bool = True,
    ) -> None:
        """Create a factory.

        Args:
            bundle: Has the encoders; sensors of one modality share one.
            sensor_types: Has the decoders.
            threads: Threads inside each encoder.
            warn: Whether an encoder that has never seen a real sensor is told, once a sensor.
        """
        self._bundle = bundle
        self._sensor_types = sensor_types
        self._threads = threads
        self._warn = warn
        self._told: set[str] = set()

    def make(self, name: str, setup: SensorSetup) -> Channel:
        """Make a sensor's channel; if the sensor cannot be used, the channel has the reason.

        Args:
            name: The sensor's name.
            setup: Its parameters.
        """
        config = replace(setup.config)
        try:
            config = fill_in_defaults(name, config)
            kind = self._sensor_types.find(config.modality, config.type)
            config.depth = config.depth or kind.depth
            options = setup.options if isinstance(setup.options, kind.options) else kind.options()
            check_roi(kind.modality, config.roi, kind.encoded)
            encoder = self._encoder(kind)
            if self._warn and not kind.encoded:
                self._tell_origin(name, kind.modality)
            return Channel(name, config, kind, encoder, options=options)
        except (ValueError, KeyError) as error:
            problem = str(error.args[0]) if error.args else type(error).__name__
            config.depth = config.depth or 1
            return Channel(name, config, None, None, problem)

    def begin_loading(self, setups: Mapping[str, SensorSetup]) -> None:
        """Begin to load the encoders that sensors need, in threads; `make` waits for its own.

        Args:
            setups: Parameters by name; what is wrong with them is told by `make`.
        """
        wanted = set()
        for name, setup in setups.items():
            with contextlib.suppress(ValueError, KeyError):
                config = fill_in_defaults(name, replace(setup.config))
                kind = self._sensor_types.find(config.modality, config.type)
                if not kind.encoded:
                    wanted.add(kind.modality)
        # Those that take longest first: text and image.
        order = sorted(wanted, key=lambda name: (not MODALITIES[name].teacher, name))
        self._bundle.begin_loading(order, threads=self._threads)

    def _tell_origin(self, name: str, modality: str) -> None:
        """Say of a sensor that its encoder has never seen a real one, if that is so."""
        manifest = self._bundle.manifest
        if manifest.encoders[modality].trained_on == SIMULATION and name not in self._told:
            self._told.add(name)
            _log.warning(
                "sensor '%s': the %s encoder of %s was trained on simulated sensors only, so its "
                "evidence is experimental; try it with `omnibind recognise` on recordings of this "
                "sensor, and train it with them",
                name,
                modality,
                manifest.model,
            )

    def _encoder(self, kind: SensorType) -> Encoder:
        if kind.encoded:
            manifest = self._bundle.manifest
            return RemoteEncoder(kind.modality, manifest.model, manifest.embedding_size)
        return self._bundle.encoder(kind.modality, threads=self._threads)


def worker_settings(config: SensingConfig) -> WorkerSettings:
    """Return the settings of the workers for this machine.

    Args:
        config: The node's parameters.
    """
    processors = os.process_cpu_count() if hasattr(os, "process_cpu_count") else None
    processors = processors or len(os.sched_getaffinity(0))
    return WorkerSettings(
        # The other half is for receiving, for the drivers and for the rest of the robot.
        count=config.workers or max(1, processors // (2 * config.threads)),
        threads=config.threads,
        budget=config.cpu_budget * processors,
        timeout=config.encode_timeout,
    )
