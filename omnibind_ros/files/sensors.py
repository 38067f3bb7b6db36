"""Sensors whose messages come from files: channels as the node has them, and when to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from omnibind_ros.runtime.build import fill_in_defaults
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig, SensorSetup
from omnibind_ros.sensors import SensorRegistry
from omnibind_ros.sensors.region import PICTURE_LIKE, Region, with_region

from .errors import FileError
from .folder_options import FolderOptions, NearestOptions
from .opening import Source
from .recording import Recording
from .references import References, chosen_reference

MAX_LOOKS = 32
"""Samples of a long recording at most, evenly spaced."""

START_NS = 10**9
"""When recordings begin, on the clock of this module; its value does not matter."""

MakeChannel = Callable[[str, SensorSetup], Channel]
"""Makes a channel of a sensor's name and parameters."""


@dataclass(frozen=True)
class FileOptions:
    """What the user says about files.

    Attributes:
        reference: Picture of a tactile pad at rest; 'nearest' for what the nearest folder.yaml
            says, by default that nearest to each file.
        axes: Of clouds, a choice of the sensor parameter axes; empty: that of the nearest
            folder.yaml, or the sensor's default.
        unit: Of thermal pictures, a choice of the sensor parameter unit; likewise.
        region: The part of pictures that is encoded; None: all.
    """

    reference: str = "nearest"
    axes: str = ""
    unit: str = ""
    region: Region | None = None


def file_sensor_types(region: Region | None = None) -> SensorRegistry:
    """Return the installed sensor types; with a region those of pictures crop their samples."""
    types = SensorRegistry.installed()
    if region is not None:
        types.register(
            [
                with_region(kind, region)
                for kind in types
                if kind.modality in PICTURE_LIKE and not kind.encoded
            ]
        )
    return types


class FileSensors:
    """Puts the messages of files into channels.

    Attributes:
        now: The clock of the file that is read, seconds.
    """

    def __init__(
        self, options: FileOptions, types: SensorRegistry, make: MakeChannel | None = None
    ) -> None:
        """Create it.

        Args:
            options: What the user says about the files.
            types: The sensor types, as `file_sensor_types` returns them.
            make: Makes channels; None: channels without an encoder.
        """
        self.now = START_NS * 1e-9
        self._options = options
        self._types = types
        self._references = References()
        self._folders = NearestOptions()
        self._make = make or self._make_without_encoder

    def channel(self, source: Source, recording: Recording) -> Channel:
        """Return a new channel for a file.

        Raises:
            FileError: There is no usable reference, encoder or sensor type for it.
        """
        kind = self._types.find(recording.modality, recording.type)
        options = kind.options()
        said = FolderOptions() if source.text else self._folders.of(source.path)
        for name in ("axes", "unit"):
            value = getattr(self._options, name) or getattr(said, name)
            if hasattr(options, name) and value:
                setattr(options, name, value)
        if self._options.reference != "nearest":
            said = replace(said, reference=self._options.reference)
        if not hasattr(options, "reference"):
            return self._channel(source, recording, options)
        with chosen_reference(source.path, said, self._references) as reference:
            options.reference = str(reference)
            return self._channel(source, recording, options)

    def _channel(self, source: Source, recording: Recording, options: Any) -> Channel:
        config = SensorConfig(modality=recording.modality, type=recording.type, frozen_after=0.0)
        try:
            channel = self._make(recording.modality, SensorSetup(config, options))
        except ValueError as error:
            raise FileError(source.path, str(error)) from error
        if channel.health.problem:
            raise FileError(source.path, channel.health.problem)
        return channel

    def looks(self, channel: Channel, recording: Recording) -> Iterator[None]:
        """Put the messages into the channel, and yield whenever a sample is to be made of them."""
        window = round(channel.decoder.window * 1e9) if channel.decoder is not None else 0
        times = look_times(window, recording.duration_ns)
        waiting = False
        for message, start, end in recording.messages:
            self.now = (START_NS + start) * 1e-9
            channel.put(message, None, "", START_NS + start, self.now)
            waiting = True
            if times and end >= times[0]:
                while times and end >= times[0]:
                    times.pop(0)
                waiting = False
                yield
        if waiting:  # shorter than announced
            yield

    def _make_without_encoder(self, name: str, setup: SensorSetup) -> Channel:
        config = fill_in_defaults(name, setup.config)
        kind = self._types.find(config.modality, config.type)
        return Channel(name, config, kind, None, options=setup.options)


def look_times(window: int, duration: int) -> list[int]:
    """Return when samples are made of a recording: each half a window, but `MAX_LOOKS` at most.

    Args:
        window: Length of a sample, nanoseconds; 0 for a single message.
        duration: Of the recording, nanoseconds.
    """
    if duration <= window or not window:
        return [duration]
    count = min(int((duration - window) // (window / 2)) + 1, MAX_LOOKS)
    return [round(time) for time in np.linspace(window, duration, max(count, 2))]
