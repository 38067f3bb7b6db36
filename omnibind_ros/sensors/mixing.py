"""Mixes the channels of a microphone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

CANCELLED = 0.1
"""Share, divided by the number of channels, of the channels' mean power below which they cancel.

The mean of two channels has 1/20 of their power where they are correlated by -0.9. The power of
independent channels is divided by their number alone.
"""

LOUDER = 1.2
"""Ratio of powers from which a channel is louder, which noise and short chunks do not make."""


def mix(frames: npt.NDArray[Any], use: Sequence[int] = ()) -> npt.NDArray[np.float32]:
    """Return the mean of channels, or where they cancel each other one of them.

    That is the first, or the loudest where its power is more than `LOUDER` times that of the first.

    A differential input, or one of two microphones that is wired the wrong way round, gives
    channels of opposite sign.

    Args:
        frames: [n, channels], of any number type.
        use: Which channels, each below their number; empty for all.

    Returns:
        float32 [n].
    """
    picked = sorted(set(use)) or range(frames.shape[1])
    if len(picked) == 1:
        return frames[:, picked[0]].astype(np.float32)
    channels = [frames[:, i].astype(np.float32) for i in picked]
    mean = channels[0] + channels[1]
    for channel in channels[2:]:
        mean += channel
    mean /= np.float32(len(channels))
    power, share = _power(mean), CANCELLED / len(channels) ** 2
    if power < share * sum(float(np.dot(c, c)) for c in channels):  # mostly not, which is fast
        powers = [_power(channel) for channel in channels]
        if power < share * sum(powers):
            loudest = int(np.argmax(powers))
            # Of channels that are as loud, always the same: its sign must not change by the chunk.
            return channels[loudest if powers[loudest] > LOUDER * powers[0] else 0]
    return mean


def _power(channel: npt.NDArray[np.float32]) -> float:
    """Return the power without the constant part, times the number of samples."""
    varying = channel - np.add.reduce(channel) / np.float32(channel.size)
    return float(np.dot(varying, varying))
