"""Puts channels and an engine together from parameters and a bundle."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from omnibind_ros.encoders.base import Encoder
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.remote import RemoteEncoder
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import SensorRegistry, SensorType, normalise_type

from .channel import Channel
from .config import SensingConfig, SensorConfig, SensorSetup
from .engine import Engine, Report


def complete(name: str, config: SensorConfig) -> SensorConfig:
    """Fill in what a sensor's parameters leave open, from its modality.

    Args:
        name: The sensor's name, which is its modality where none is given.
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


def make_channel(
    name: str, setup: SensorSetup, bundle: Bundle, sensor_types: SensorRegistry, threads: int
) -> Channel:
    """Make a sensor's channel; one that cannot work gets its problem instead of an error.

    Args:
        name: The sensor's name.
        setup: Its parameters.
        bundle: Where its encoder comes from; sensors of one modality share one.
        sensor_types: Where its decoder comes from.
        threads: Threads inside the encoder.
    """
    config = replace(setup.config)
    try:
        config = complete(name, config)
        kind = sensor_types.find(config.modality, config.type)
        config.depth = config.depth or kind.depth
        options = setup.options if isinstance(setup.options, kind.options) else kind.options()
        encoder = _encoder(kind, bundle, threads)
        return Channel(name, config, kind, encoder, options=options)
    except (ValueError, KeyError) as error:
        sentence = str(error.args[0]) if error.args else type(error).__name__
        config.depth = config.depth or 1
        return Channel(name, config, None, None, sentence)


def _encoder(kind: SensorType, bundle: Bundle, threads: int) -> Encoder:
    if kind.encoded:
        manifest = bundle.manifest
        return RemoteEncoder(kind.modality, manifest.model, manifest.embedding_size)
    return bundle.encoder(kind.modality, threads=threads)


def make_engine(
    config: SensingConfig, report: Report, clock_ns: Callable[[], int], **kwargs: Any
) -> Engine:
    """Make an engine without sensors, its threads and budget fitted to this machine.

    Args:
        config: The node's parameters.
        report: See `Engine`.
        clock_ns: See `Engine`.
        **kwargs: Passed on to `Engine`.
    """
    processors = os.process_cpu_count() if hasattr(os, "process_cpu_count") else None
    processors = processors or len(os.sched_getaffinity(0))
    return Engine(
        report,
        clock_ns,
        # The other half is for receiving, for the drivers and for the rest of the robot.
        workers=config.workers or max(1, processors // (2 * config.threads)),
        threads=config.threads,
        budget=config.cpu_budget * processors,
        encode_timeout=config.encode_timeout,
        **kwargs,
    )
