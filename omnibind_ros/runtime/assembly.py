"""Puts an engine together from parameters and a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import find_sensor_type, normalise_type

from .channel import Channel
from .config import SensorConfig


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


def make_channels(
    sensors: Mapping[str, SensorConfig], bundle: Bundle, threads: int
) -> list[Channel]:
    """Make a channel a sensor; one that cannot work gets its problem, and the others go on.

    Args:
        sensors: Parameters by name.
        bundle: Where encoders come from; sensors of one modality share one.
        threads: Threads inside each encoder.
    """
    channels = []
    for name, given in sensors.items():
        config = given
        try:
            config = complete(name, given)
            decoder = find_sensor_type(config.modality, config.type).decode
            encoder = bundle.encoder(config.modality, threads=threads)
            channels.append(Channel(name, config, decoder, encoder))
        except (ValueError, KeyError) as error:
            sentence = str(error.args[0]) if error.args else type(error).__name__
            channels.append(Channel(name, replace(config), None, None, sentence))
    return channels
