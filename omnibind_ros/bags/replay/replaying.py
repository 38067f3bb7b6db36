"""Replays a bag: the decoders, scheduler, encoders and fusion of the perception node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from omnibind_ros.bags.errors import ReplayError
from omnibind_ros.datasets.readers.bags.files import bag_problems
from omnibind_ros.datasets.readers.bags.sensors import sensor_types
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.build import ChannelFactory
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import PerceptionConfig
from omnibind_ros.runtime.recognising import Knowledge

from .feed import offers
from .places import find_bag
from .player import Player
from .run import Run
from .sensors import Recording, ReplayedSensor, read_recording
from .variation import Variation


def swapped_sensors(recording: Recording, variation: Variation) -> dict[str, ReplayedSensor]:
    """Return the sensors of other bags whose messages take the place of the recording's.

    Raises:
        ReplayError: A bag has no such sensor, or is none; the text is one sentence.
    """
    found = {}
    for name, bag in variation.swap.items():
        modality = recording.sensors[name].modality
        other = read_recording(find_bag(bag), {})
        sensor = next((s for s in other.sensors.values() if s.modality == modality), None)
        if sensor is None:
            raise ReplayError(
                f"--swap {name}={bag}: that bag has no sensor of {modality}; its sensors are: "
                f"{', '.join(other.sensors)}"
            )
        found[name] = in_place_of(recording.sensors[name], sensor)
    return found


def in_place_of(own: ReplayedSensor, other: ReplayedSensor) -> ReplayedSensor:
    """Return a sensor of another bag that takes the place of one.

    Its messages and how they are to be read are the other bag's, all else stays as it is.
    """
    theirs = other.setup.config
    config = replace(own.setup.config, topic=theirs.topic, type=theirs.type)
    return replace(other, setup=replace(other.setup, config=config))


def make_channels(
    bundle: Bundle, config: PerceptionConfig, sensors: dict[str, ReplayedSensor]
) -> list[Channel]:
    """Return the sensors as the engine has them.

    Args:
        bundle: Has their encoders.
        config: The node's parameters.
        sensors: By the name that they shall have.
    """
    channels = []
    for name, sensor in sensors.items():
        factory = ChannelFactory(bundle, sensor_types(sensor.modules), config.threads, warn=False)
        channels.append(factory.make(name, sensor.setup))
    return channels


def replay(
    bundle: Bundle,
    config: PerceptionConfig,
    recording: Recording,
    variation: Variation,
    progress: Callable[[float], None] = lambda _: None,
) -> Run:
    """Return what the node would have said.

    Args:
        bundle: The bundle.
        config: The node's parameters.
        recording: The bag.
        variation: What is different from it.
        progress: Called with the seconds that are done.

    Raises:
        ReplayError: The variation cannot be; the text is one sentence.
        ValueError: The labels cannot be used; the text is one sentence.
    """
    variation.check(recording.sensors)
    swapped = swapped_sensors(recording, variation)
    sensors = {name: swapped.get(name, own) for name, own in recording.sensors.items()}
    channels = make_channels(bundle, config, sensors)
    knowledge = Knowledge.load(bundle, config)
    player = Player(bundle, knowledge, config, channels, recording.start_ns, recording.end_ns)
    skipped: dict[tuple[str, str], int] = {}

    def skip(what: str, why: str) -> None:
        skipped[what, why] = skipped.get((what, why), 0) + 1

    run = player.play(offers(recording, variation, swapped, skip), progress=progress)
    add_bag_notes(run, recording.bag, skipped)
    run.notes[:0] = [("bag", note) for note in recording.notes]
    return run


def add_bag_notes(run: Run, bag: Path, skipped: dict[tuple[str, str], int]) -> None:
    """Add what could not be read to the notes of a run."""
    run.notes += [(what, f"{count} times: {why}") for (what, why), count in skipped.items()]
    run.notes += [("bag", problem) for problem in bag_problems(bag)]
