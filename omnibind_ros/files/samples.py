"""Samples of files, as the decoders of sensors make them, for datasets."""

from __future__ import annotations

from typing import Any, NamedTuple

from .errors import FileError
from .opening import Source, open_source
from .sensors import FileOptions, FileSensors, file_sensor_types


class FileSample(NamedTuple):
    """One sample of a file.

    Attributes:
        sample: The sample, as encoders take it.
        reading: The decoded message that came last.
    """

    sample: Any
    reading: Any


def read_sample(source: Source, options: FileOptions | None = None) -> FileSample:
    """Return a file's sample; of a recording longer than a sample, the middle one.

    Args:
        source: The file.
        options: What the user says about it.

    Raises:
        FileError: It cannot be used, or nothing is seen in it.
    """
    given = options or FileOptions()
    sensors = FileSensors(given, file_sensor_types(given.region))
    recording = open_source(source)
    channel = sensors.channel(source, recording)
    found: list[FileSample] = []
    problem = "it holds no sample"
    for _ in sensors.looks(channel, recording):
        if channel.decoder is None or channel.demand(sensors.now) is None:
            continue
        reading = channel.decoder.read(channel.take(sensors.now))
        channel.busy = False
        for arrival in reading.unused:
            channel.discard(arrival)
        if reading.problem:
            problem = reading.problem
        else:
            found.append(FileSample(reading.sample, reading.last))
    if not found:
        raise FileError(source.path, problem)
    return found[len(found) // 2]
