"""Sound in bags: omnibind_msgs/Audio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.formats.files import to_audio

from .base import MessageSource

TYPES = ("omnibind_msgs/msg/Audio",)


def to_sound(msgs: Sequence[Any], what: str) -> npt.NDArray[np.int16]:
    """Join omnibind_msgs/Audio to one sound.

    Args:
        msgs: At least one, of one microphone.
        what: Where they come from, for the error.

    Returns:
        int16 [n], mono, 16 kHz.

    Raises:
        SkipError: Their rates or channels differ, or there is no sample.
    """
    if len({(m.sample_rate, m.channels) for m in msgs}) > 1:
        raise SkipError(what, "chunks of sound differ in rate or channels")
    rate, channels = int(msgs[0].sample_rate), int(msgs[0].channels)
    samples = np.concatenate([np.asarray(m.samples, np.int16) for m in msgs])
    if channels < 1 or not samples.size or samples.size % channels:
        raise SkipError(what, "a chunk of sound is empty or not a multiple of its channels")
    mono = samples.reshape(-1, channels).mean(axis=1, dtype=np.float32) / 32768
    return to_audio(np.asarray(mono, np.float32), rate, what)


def load(messages: Sequence[Any], source: MessageSource) -> npt.NDArray[np.int16]:
    """Return the sound of all messages, int16 [n], mono, 16 kHz; raises SkipError."""
    return to_sound(messages, source.name)
