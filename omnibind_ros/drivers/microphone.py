"""Microphones through PortAudio, without ROS: finding a device, and blocks of its sound."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from omnibind_ros.config import parameter

QUEUE_BLOCKS = 64
"""Blocks that wait for the reader at most; beyond, the oldest is thrown out and counted."""

MAX_DELAY = 1.0
"""Seconds; a longer delay from converter to callback is not believed."""


SMOOTHING = 0.02
"""Share of a measured time's deviation that counts; too little to turn two blocks around."""

RESYNC = 0.1
"""Seconds of deviation from which sound is missing, and the measured time counts."""


class MicrophoneError(ValueError):
    """A microphone cannot be used, or is used no more; the text is one sentence."""


@dataclass
class CaptureConfig:
    """Parameters of the capture node."""

    device: str = parameter(
        "", "Name of the input device or a part of it, in any case; empty: the default device."
    )
    sample_rate: int = parameter(
        0, "Samples per second and channel; 0: the device's own.", low=0, high=192000
    )
    channels: int = parameter(
        1, "Channels, from the device's first one on; all are published.", low=1, high=64
    )
    chunk: float = parameter(0.02, "Seconds of sound in a message.", low=0.005, high=1.0)
    frame_id: str = parameter("microphone", "header.frame_id of the messages.")
    list_devices: bool = parameter(True, "Say in the log at start which input devices there are.")


class Block(NamedTuple):
    """A piece of sound.

    Attributes:
        pcm: int16, native byte order, channels interleaved.
        taken: Monotonic time of its first sample, seconds.
    """

    pcm: bytes
    taken: float


class Source(NamedTuple):
    """The device that is open.

    Attributes:
        name: As PortAudio calls it.
        sample_rate: Hz.
        channels: Number of channels.
    """

    name: str
    sample_rate: int
    channels: int


@dataclass
class Counters:
    """What has happened since the start."""

    blocks: int = 0
    input_overflows: int = 0
    """Blocks before which PortAudio lost sound."""
    queue_overruns: int = 0
    """Blocks that were thrown out because their reader was late."""
    opened: int = 0
    """Times that a device was opened."""


def load_portaudio() -> ModuleType:
    """Return the module sounddevice.

    Raises:
        MicrophoneError: It or the library PortAudio is not installed.
    """
    try:
        import sounddevice  # noqa: PLC0415 - only this node needs it, and it starts PortAudio
    except ImportError as error:
        raise MicrophoneError(
            "the Python package sounddevice is not installed; install it with "
            "`pip install -r requirements/mic.txt`"
        ) from error
    except OSError as error:
        raise MicrophoneError(
            f"the library PortAudio is missing ({error}); install it with "
            "`sudo apt-get install libportaudio2`"
        ) from error
    return sounddevice


def input_names(devices: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the devices that have inputs."""
    return [str(device["name"]) for device in devices if device["max_input_channels"] > 0]


def find_device(devices: Sequence[Mapping[str, Any]], name: str, default: int = -1) -> int:
    """Return the index of the input device that a name means.

    Args:
        devices: name and max_input_channels of each, as sounddevice lists them.
        name: A name or a part of it, in any case; the whole name goes before a part, and the first
            device before a later one. Empty for the default.
        default: Index of the default device; -1 for none, then it is the first with an input.

    Raises:
        MicrophoneError: There is none.
    """
    inputs = [i for i, device in enumerate(devices) if device["max_input_channels"] > 0]
    if not inputs:
        raise MicrophoneError("there is no input device; plug in a microphone")
    if not name:
        return default if default in inputs else inputs[0]
    wanted = name.casefold()
    names = {i: str(devices[i]["name"]).casefold() for i in inputs}
    for matches in (wanted.__eq__, lambda found: wanted in found):
        for i in inputs:
            if matches(names[i]):
                return i
    there = ", ".join(f"'{found}'" for found in input_names(devices))
    raise MicrophoneError(
        f"no input device is called '{name}', there are {there}; plug it in or set the parameter "
        "device"
    )


def name_for_return(name: str) -> str:
    """Return what stays of a device's name when it comes back at another place of the bus.

    ALSA's names end in the numbers of card and device, as in 'USB Mic: Audio (hw:1,0)'.
    """
    return name.rpartition(" (hw:")[0] or name


def _default_input(portaudio: ModuleType) -> int:
    try:
        return int(portaudio.query_devices(kind="input")["index"])
    except (portaudio.PortAudioError, ValueError):
        return -1


class Microphone:
    """An open device, whose blocks PortAudio's thread puts into a queue."""

    def __init__(self, portaudio: ModuleType, config: CaptureConfig, counters: Counters) -> None:
        """Open a device.

        Args:
            portaudio: What `load_portaudio` returned.
            config: Which device, and how.
            counters: Are counted up.

        Raises:
            MicrophoneError: There is no such device, or it does not open.
        """
        self._counters = counters
        self._blocks: queue.Queue[Block] = queue.Queue(QUEUE_BLOCKS)
        self._latency = 0.0
        self._next_taken = -math.inf
        try:
            devices = portaudio.query_devices()
        except portaudio.PortAudioError as error:
            raise MicrophoneError(f"PortAudio lists no devices ({error}); check ALSA") from error
        index = find_device(devices, config.device, _default_input(portaudio))
        name = str(devices[index]["name"])
        rate = config.sample_rate or int(devices[index]["default_samplerate"])
        self.source = Source(name, rate, config.channels)
        try:
            self._stream = portaudio.RawInputStream(
                device=index,
                samplerate=rate,
                channels=config.channels,
                dtype="int16",
                blocksize=max(round(config.chunk * rate), 1),
                callback=self._on_block,
            )
            self._latency = float(self._stream.latency)
            try:
                self._stream.start()
            except portaudio.PortAudioError:
                self.close()
                raise
        except (portaudio.PortAudioError, ValueError) as error:
            raise MicrophoneError(
                f"'{name}' does not open with {config.channels} channels at {rate} Hz ({error}); "
                "check that it is plugged in and the parameters channels and sample_rate"
            ) from error

    def _on_block(self, data: Any, frames: int, times: Any, status: Any) -> None:
        now = time.monotonic()
        self._counters.input_overflows += bool(status.input_overflow)
        # The converter's time is that of the first sample, if the driver gives it: some give 0,
        # others the time of the callback.
        delay = times.currentTime - times.inputBufferAdcTime
        duration = frames / self.source.sample_rate
        if not duration <= delay <= MAX_DELAY:
            delay = max(duration, self._latency)
        block = Block(bytes(data), self._smooth(now - delay, duration))
        while True:
            try:
                self._blocks.put_nowait(block)
            except queue.Full:
                self._drop_oldest()
            else:
                return

    def _smooth(self, taken: float, duration: float) -> float:
        """Return when a block was taken, in step with those before it.

        Sound servers hand out blocks in bursts, and each measurement alone may lie before the last.
        """
        error = taken - self._next_taken
        if abs(error) < RESYNC:
            taken = self._next_taken + SMOOTHING * error
        self._next_taken = taken + duration
        return taken

    def _drop_oldest(self) -> None:
        try:
            self._blocks.get_nowait()
        except queue.Empty:
            return  # the reader was faster
        self._counters.queue_overruns += 1

    def read(self, timeout: float, stop: threading.Event) -> Block | None:
        """Return the next block; None if it is time to stop.

        Args:
            timeout: Seconds after which a device that gives nothing counts as lost.
            stop: Set when it is time.

        Raises:
            MicrophoneError: There is none any more.
        """
        deadline = time.monotonic() + timeout
        while not stop.is_set():
            try:
                return self._blocks.get(timeout=0.1)
            except queue.Empty:
                if not self._stream.active or time.monotonic() > deadline:
                    raise MicrophoneError(
                        f"'{self.source.name}' has stopped giving sound; plug it in again"
                    ) from None
        return None

    def close(self) -> None:
        """Let go of the device, whether or not it is still there."""
        self._stream.close(ignore_errors=True)
