"""Capturing whenever the microphone is plugged in, without ROS."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import Protocol

from .microphone import (
    Block,
    CaptureConfig,
    Counters,
    Microphone,
    MicrophoneError,
    Source,
    input_names,
    load_portaudio,
    name_for_return,
)

BACK_OFF = (0.5, 1.0, 2.0)
"""Seconds until a microphone is looked for again, by the number of tries in a row."""

FIRST_BLOCK_TIMEOUT = 5.0
BLOCK_TIMEOUT = 1.0
"""Seconds without a block after which a microphone counts as lost; sound servers start slowly."""


class Listener(Protocol):
    """Who is told what happens, in the capture's thread."""

    def opened(self, source: Source) -> None:
        """A device has given its first block."""

    def heard(self, source: Source, block: Block) -> None:
        """A device has given a block."""

    def lost(self, reason: str) -> None:
        """There is no device, or none any more; the reason is one sentence."""


class Capture:
    """Keeps a microphone open, in a thread of its own."""

    def __init__(self, config: CaptureConfig, listener: Listener) -> None:
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
        self._tries = 0

    def start(self) -> None:
        """Open the microphone, now or as soon as there is one."""
        self._thread.start()

    def stop(self) -> None:
        """Close the microphone and wait for it, 5 s at most: a driver may hang."""
        self._stop.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._tries:
                    self._look_again()
                self._capture()
            except MicrophoneError as error:
                self._listener.lost(str(error))
            except Exception as error:  # noqa: BLE001 - whatever a driver does, it is tried again
                self._listener.lost(f"capturing failed ({type(error).__name__}: {error})")
            self._stop.wait(BACK_OFF[min(self._tries, len(BACK_OFF) - 1)])
            self._tries += 1

    def _capture(self) -> None:
        """Hear a microphone until it is lost or it is time to stop.

        Raises:
            MicrophoneError: It cannot be opened.
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
                self._listener.heard(source, block)
        except MicrophoneError as error:
            self._listener.lost(str(error))  # first, as closing what is gone may take long
        finally:
            microphone.close()

    def _opened(self, source: Source) -> None:
        self._tries = 0
        self.counters.opened += 1
        if not self._config.device:  # while this one is away, the default is another one
            self._config = replace(self._config, device=name_for_return(source.name))
        self._listener.opened(source)

    def _look_again(self) -> None:
        """Let PortAudio see the devices that there are now: it looks only when it starts."""
        # sounddevice has no public way to this.
        with contextlib.suppress(self._portaudio.PortAudioError):  # where it had not started
            self._portaudio._terminate()
        try:
            self._portaudio._initialize()
        except self._portaudio.PortAudioError as error:
            raise MicrophoneError(
                f"PortAudio does not start ({error}); check the sound drivers"
            ) from error
