"""A microphone: blocks of sound from an input device of PortAudio."""

from __future__ import annotations

import math
import queue
import threading
import time
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from omnibind_ros.config import parameter

from .portaudio import MicrophoneError, default_input, find_device

QUEUE_BLOCKS = 64
"""Maximum number of blocks that wait for the reader; the oldest is dropped and counted."""

MAX_DELAY = 1.0
"""Longest plausible delay from the converter to the callback, seconds."""

SMOOTHING = 0.02
"""Weight of a measured time in the time of a block; too small to change the order of blocks."""

RESYNC = 0.1
"""Seconds of deviation that mean lost sound: then the measured time itself is taken."""


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
    list_devices: bool = parameter(True, "Log the names of the input devices at start.")


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
        name: Its name in PortAudio.
        sample_rate: Hz.
        channels: Number of channels.
    """

    name: str
    sample_rate: int
    channels: int


@dataclass
class Counters:
    """Events since the start."""

    blocks: int = 0
    input_overflows: int = 0
    """Blocks before which PortAudio lost sound."""
    queue_overruns: int = 0
    """Blocks that were dropped because the reader was late."""
    opened: int = 0
    """How often a device was opened."""


class Microphone:
    """An open device, whose blocks PortAudio's thread puts into a queue."""

    def __init__(self, portaudio: ModuleType, config: CaptureConfig, counters: Counters) -> None:
        """Open a device.

        Args:
            portaudio: What `load_portaudio` returned.
            config: Which device, and how.
            counters: Are incremented.

        Raises:
            MicrophoneError: There is no such device, or it cannot be opened.
        """
        self._counters = counters
        self._blocks: queue.Queue[Block] = queue.Queue(QUEUE_BLOCKS)
        self._latency = 0.0
        self._next_taken = -math.inf
        try:
            devices = portaudio.query_devices()
        except portaudio.PortAudioError as error:
            raise MicrophoneError(
                f"PortAudio cannot list the devices ({error}); check ALSA"
            ) from error
        index = find_device(devices, config.device, default_input(portaudio))
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
                f"'{name}' cannot be opened with {config.channels} channels at {rate} Hz "
                f"({error}); check that it is plugged in and the parameters channels and "
                "sample_rate"
            ) from error

    def _on_block(self, data: Any, frames: int, times: Any, status: Any) -> None:
        now = time.monotonic()
        self._counters.input_overflows += bool(status.input_overflow)
        # The converter's time is that of the first sample if the driver reports it; some drivers
        # report 0, others the time of the callback.
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
        """Return when a block was taken, as an estimate from this measurement and those before.

        Sound servers deliver blocks in bursts, so that the measured times alone may go backwards.
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
            return  # the reader has taken it
        self._counters.queue_overruns += 1

    def read(self, timeout: float, stop: threading.Event) -> Block | None:
        """Return the next block; None if `stop` is set.

        Args:
            timeout: Seconds without a block after which the device counts as lost.
            stop: Set to end the waiting.

        Raises:
            MicrophoneError: The device is lost.
        """
        deadline = time.monotonic() + timeout
        while not stop.is_set():
            try:
                return self._blocks.get(timeout=0.1)
            except queue.Empty:
                if not self._stream.active or time.monotonic() > deadline:
                    raise MicrophoneError(
                        f"'{self.source.name}' gives no sound any more; plug it in again"
                    ) from None
        return None

    def close(self) -> None:
        """Close the device, even if it was unplugged."""
        self._stream.close(ignore_errors=True)
