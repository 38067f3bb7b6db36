"""Captures sound while the microphone is plugged in, and reopens it when it comes back."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import Protocol

from .microphone import Block, CaptureConfig, Counters, Microphone, Source
from .portaudio import MicrophoneError, input_names, load_portaudio, stable_name

BACK_OFF = (0.5, 1.0, 2.0)
"""Seconds until the next attempt to open a microphone, by the number of attempts in a row."""

FIRST_BLOCK_TIMEOUT = 5.0
BLOCK_TIMEOUT = 1.0
"""Seconds without a block after which a microphone is lost; sound servers start slowly."""


class CaptureListener(Protocol):
    """Is told what happens, in the thread of the capture."""

    def on_opened(self, source: Source) -> None:
        """A device has given its first block."""

    def on_block(self, source: Source, block: Block) -> None:
        """A device has given a block."""

    def on_lost(self, reason: str) -> None:
        """There is no device, or the open one is lost; the reason is one sentence."""


class Capture:
    """Keeps a microphone open, in a thread of its own."""

    def __init__(self, config: CaptureConfig, listener: CaptureListener) -> None:
        """Create a capture that is not started.

        Args:
            config: Which device, and how.
            listener: Is told what happens.

        Raises:
            MicrophoneError: sounddevice or PortAudio is not installed.
        """
        self.counters = Counters()
        self._portaudio = load_portaudio()
        self.input_names = input_names(self._portaudio.query_devices())
        """Names of the input devices at the start."""
        self._config = config
        self._listener = listener
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._attempts = 0

    def start(self) -> None:
        """Open the microphone, now or as soon as there is one."""
        self._thread.start()

    def stop(self) -> None:
        """Close the microphone; waits at most 5 s for a driver that hangs."""
        self._stop.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._attempts:
                    self._restart_portaudio()
                self._capture()
            except MicrophoneError as error:
                self._listener.on_lost(str(error))
            except Exception as error:  # noqa: BLE001 - an error of a driver must not end the thread
                self._listener.on_lost(f"capturing failed ({type(error).__name__}: {error})")
            self._stop.wait(BACK_OFF[min(self._attempts, len(BACK_OFF) - 1)])
            self._attempts += 1

    def _capture(self) -> None:
        """Capture until the microphone is lost or `stop` is called.

        Raises:
            MicrophoneError: The microphone cannot be opened.
        """
        microphone = Microphone(self._portaudio, self._config, self.counters)
        source = microphone.source
        timeout = FIRST_BLOCK_TIMEOUT
        try:
            while (block := microphone.read(timeout, self._stop)) is not None:
                if timeout == FIRST_BLOCK_TIMEOUT:
                    timeout = max(BLOCK_TIMEOUT, 3 * self._config.chunk)
                    self._opened(source)
                self.counters.blocks += 1
                self._listener.on_block(source, block)
        except MicrophoneError as error:
            self._listener.on_lost(str(error))  # first, as closing may take long
        finally:
            microphone.close()

    def _opened(self, source: Source) -> None:
        self._attempts = 0
        self.counters.opened += 1
        if not self._config.device:  # while it is unplugged, another device is the default
            self._config = replace(self._config, device=stable_name(source.name))
        self._listener.on_opened(source)

    def _restart_portaudio(self) -> None:
        """Restart PortAudio, as it lists devices only when it starts."""
        # sounddevice has no public functions for it.
        with contextlib.suppress(self._portaudio.PortAudioError):  # if it was not started
            self._portaudio._terminate()
        try:
            self._portaudio._initialize()
        except self._portaudio.PortAudioError as error:
            raise MicrophoneError(
                f"PortAudio cannot be started ({error}); check the sound drivers"
            ) from error
