"""A microphone's newest seconds: chunks of sound at any rate, joined and resampled to 16 kHz."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from omnibind_ros.units import SAMPLE_RATE

from .base import Chunk, NotReadyError

JOIN_TOLERANCE = 0.1
"""Largest difference between a chunk's stamp and the end of the chunk before, seconds.

Up to it chunks are joined without a gap: stamps of drivers and of arrivals jitter by as much, and a
lost chunk of 20 ms changes the rhythm less than a gap would change the spectrum. Beyond it the
sound starts again with the later chunk. No silence is inserted, since an encoder would take it for
evidence; a short sample has a lower quality instead.
"""

DRIFT = 0.01
"""Share by which a microphone may be faster than its nominal rate.

Quartzes stay far below. Two publishers on one topic are faster by 1, so that their chunks overlap
more and more until they exceed `JOIN_TOLERANCE` and are no longer joined.
"""

_EMPTY = np.empty(0, np.float32)


class Sound(NamedTuple):
    """The sound of one message.

    Attributes:
        samples: float32 [n], mono, -1..1.
        rate: Sample rate, Hz.
    """

    samples: npt.NDArray[np.float32]
    rate: int


class SlidingWindow:
    """Joins one sensor's chunks to its newest seconds, and resamples each chunk once.

    One resampler processes all chunks in sequence, so that there is no click between them. It
    delays the sound by its filter's length: 25 ms at 48 kHz, 60 ms at 8 kHz, nothing at 16 kHz.
    """

    def __init__(self, seconds: float) -> None:
        """Create an empty window.

        Args:
            seconds: Length of a sample.
        """
        self._size = round(seconds * SAMPLE_RATE)
        self._sound = _EMPTY
        self._last: Sound | None = None
        self._rate = 0
        self._resampler: soxr.ResampleStream | None = None
        self._due_ns = 0  # expected start of the next chunk

    def __call__(self, chunks: Sequence[Chunk]) -> npt.NDArray[np.float32]:
        """Return the newest sound.

        Args:
            chunks: The window's chunks, `Sound` each, in the order of their arrival. Those of an
                earlier call are recognised by identity, and not joined again.

        Returns:
            float32 [n], mono, 16 kHz, -1..1, n at most the window's length and that of the chunks;
            less after a start or a gap. Read-only.

        Raises:
            NotReadyError: The resampler has given no samples yet.
        """
        parts = [self._sound]
        # In the order of arrival, which DDS preserves for each publisher, not of the stamps, which
        # may jitter by more than a chunk.
        for sound, stamp_ns in self._new(chunks):
            if abs(stamp_ns - self._due_ns) > JOIN_TOLERANCE * 1e9:
                parts.clear()
                self._rate = 0
                self._due_ns = stamp_ns
            parts.extend(self._resample(sound))
            duration_ns = len(sound.samples) * 10**9 // sound.rate
            self._due_ns = max(stamp_ns, self._due_ns - int(DRIFT * duration_ns)) + duration_ns
        self._last = chunks[-1].data
        joined = np.concatenate(parts or [_EMPTY])[-self._length(chunks) :]
        np.clip(joined, -1.0, 1.0, out=joined)  # filters overshoot
        joined.setflags(write=False)
        self._sound = joined
        if not joined.size:
            raise NotReadyError("the first chunks are still in the resampler; more will follow")
        return joined

    def _length(self, chunks: Sequence[Chunk]) -> int:
        """Return how many samples the sound may have.

        Of a window that is shorter than it should be, the engine has forgotten what was there
        before another thing came: of that nothing is to be heard any more.
        """
        span = (chunks[-1].stamp_ns - chunks[0].stamp_ns) / 1e9
        window = self._size / SAMPLE_RATE
        # The chunk that left a full window last was about as long as one of those in it.
        if span + _seconds(chunks[-1]) >= window:
            return self._size
        lengths = [_seconds(chunk) for chunk in chunks]
        if span + max(lengths) >= window:
            return self._size
        return min(self._size, math.ceil(SAMPLE_RATE * sum(lengths)))

    def _new(self, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
        for i in range(len(chunks) - 1, -1, -1):
            if chunks[i].data is self._last:
                return chunks[i + 1 :]
        return chunks

    def _resample(self, sound: Sound) -> list[npt.NDArray[np.float32]]:
        """Return the resampled chunk, after the end of a sound of another rate before it."""
        parts = []
        if sound.rate != self._rate:
            if self._rate and self._resampler is not None:
                parts.append(self._resampler.resample_chunk(_EMPTY, last=True))
            self._rate = sound.rate
            self._resampler = (
                None
                if sound.rate == SAMPLE_RATE
                else soxr.ResampleStream(sound.rate, SAMPLE_RATE, 1, "float32")
            )
        if self._resampler is None:
            parts.append(sound.samples)
        else:
            parts.append(self._resampler.resample_chunk(sound.samples))
        return parts


def _seconds(chunk: Chunk) -> float:
    return len(chunk.data.samples) / chunk.data.rate
