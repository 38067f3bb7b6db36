"""Finds samples that are read in a wrong format: shifted by a byte, or of another type or order.

Read rightly, the high byte of a sample is smoother than the low one, and sound is never white,
uniform noise of full scale. Read wrongly it mostly is: low bytes and mantissas become high bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .encoded_sound import encoding_inside

Samples = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

FEWEST = 128
"""Samples of a message below which nothing is said."""

LOUD = 0.2
"""Root mean square from which sound is looked at, of full scale; bytes read wrongly are louder."""

ROUGH = 0.5
"""Correlation of neighbouring samples below which sound is looked at."""

SMOOTHER = 8.0
"""Ratio of roughnesses from which the other order of bytes is the right one."""

ALTERNATING = 3.0
"""Roughness above which samples go up and down in turn; that of noise is 2."""

SMOOTH = 0.25
"""Roughness below which the halves of 32 bits are samples of their own: low halves are noise."""

_SWAPPED = "shifted by a byte or of the other byte order"


def wrong_format(values: Samples, sound: Floats, channels: int) -> str:
    """Return what the samples rather are, a clause; '' if they may be right.

    Only loud and rough sounds, and those whose low bytes look like signs, are looked at closely, so
    that the check costs little.

    Args:
        values: int16, int32 or uint8 [n * channels], interleaved, as they were declared.
        sound: float32 [n], -1..1, made of some or all channels.
        channels: Number of channels.
    """
    if values.size < FEWEST:
        return ""
    power = float(np.dot(sound, sound))
    follows = float(np.dot(sound[1:], sound[:-1]))
    ordinary = power <= LOUD**2 * sound.size and follows >= ROUGH * power
    size = values.dtype.itemsize
    low = values[:32].astype(np.uint8).tobytes()
    if ordinary and (size == 1 or (size == 2 and low.strip(b"\x00\xff"))):
        return ""
    encoding = encoding_inside(values.tobytes())
    if encoding:
        return f"compressed: {encoding}"
    kinds = {1: _of_bytes, 2: _of_int16, 4: _of_int32}
    return kinds[size](values.astype(values.dtype.newbyteorder("=")), channels)


def _of_int16(values: Samples, channels: int) -> str:
    low = values.astype(np.uint8)
    if _extends(values).mean() > 0.95:  # the high bytes of quiet sound, in the wrong place
        negative = low[values < 0] == 255
        if negative.size and negative.mean() > 0.25 and np.abs(values).max() > 256:
            return _SWAPPED
        return ""
    even, odd = values[: values.size // 2 * 2].reshape(-1, 2).T
    if _is_float32(odd, even):
        return "of the format F32LE"
    if _is_noise(even) > _is_noise(odd):
        return "of the format S32LE"
    if channels == 1 and not even.any() and _roughness(odd, 1) < ALTERNATING:
        return "of the format S32LE, or of two channels"
    if low.min() < low.max() and _is_smoother(values.byteswap(), values, channels):
        return _SWAPPED
    if _is_noise(values, channels):
        return "shifted by a byte, of another format, or compressed"
    if _is_smoother(values ^ np.int16(-(2**15)), values, channels):
        return "of the format U8"
    never_near_0 = (np.abs(values.astype(np.int32)) > 16384).mean() > 0.97
    both_signs = 0.1 < (values > 0).mean() < 0.9
    if never_near_0 and both_signs and _extends(values).mean() < 0.5:  # not clipped
        return "of the format U8"
    return ""


def _of_int32(values: Samples, channels: int) -> str:
    low, high = values.astype(np.int16), (values >> 16).astype(np.int16)
    if _is_float32(high, low):
        return "of the format F32LE"
    halves = np.stack([low, high], 1).reshape(-1)
    if 0 < _roughness(halves, channels) < SMOOTH:
        return "of the format S16LE"
    return "shifted, of another format, or compressed" if _is_noise(high) else ""


def _of_bytes(values: Samples, channels: int) -> str:
    pairs = values[: values.size // 2 * 2].view("<i2")
    signed = (values.astype(np.int16) - 128) * 256
    even, odd = signed[: values.size // 2 * 2].reshape(-1, 2).T
    for half, other in ((even, odd), (odd, even)):  # low and high bytes of little-endian samples
        quiet = channels == 1 and _at_ends(other) > 0.9 > _at_ends(half)
        if quiet or _is_noise(half) > _is_noise(other):
            return "of a format of 16 bits"
    if pairs.any() and _is_smoother(pairs, values, channels):
        return "of a format of 16 bits"
    if _is_noise(signed, channels):
        return "of another format, or compressed"
    return ""


def _at_ends(signed: Samples) -> float:
    return float((np.abs(signed.astype(np.int32)) > 30720).mean())


def _extends(values: Samples) -> npt.NDArray[np.bool_]:
    """Return whether the low bytes are 0 or 255, as the high bytes of quiet sound are."""
    return (values + 1) & 0xFE == 0


def _is_smoother(others: Samples, values: Samples, channels: int) -> bool:
    return 0 < SMOOTHER * _roughness(others, channels) < _roughness(values, channels)


def _is_float32(high: Samples, low: Samples) -> bool:
    """Return whether halves of 32 bits are those of floats of up to 1, and of at least 1e-9."""
    exponent = high >> 7 & 0xFF
    there = (high != 0) | (low != 0)
    count = np.count_nonzero(there)
    inside = np.count_nonzero((exponent >= 97) & (exponent <= 127))
    return bool(count >= FEWEST // 4 and inside >= 0.98 * count and low.any())


def _is_noise(values: Samples, lag: int = 1) -> bool:
    """Return whether int16 samples are uniform over their range, and each unlike those before."""
    if not _is_uniform(values) or np.unique(values).size < values.size // 4:
        return False
    x = values.astype(np.float32)
    x -= x.mean()
    limit = 0.25 * float(np.dot(x, x))
    return all(abs(float(np.dot(x[n:], x[:-n]))) < limit for n in {1, 2, lag})


def _is_uniform(values: Samples) -> bool:
    """Return whether int16 samples are uniform over their range, by their moments."""
    x = values.astype(np.float32) / np.float32(32768)
    x -= x.mean()
    square = x * x
    power = float(square.mean())  # 1/3 if uniform; the fourth moment is then 1.8 times its square
    return 0.25 < power < 0.42 and 1.6 < float(np.dot(square, square)) / x.size / power**2 < 2.1


def _roughness(values: Samples, lag: int) -> float:
    """Return the power of the differences over that of the samples; about 2 for noise."""
    x = values.astype(np.float32)
    x -= x.mean()
    power = float(np.dot(x, x))
    steps = x[lag:] - x[:-lag]
    return float(np.dot(steps, steps)) / power if power > 0 else 0.0
