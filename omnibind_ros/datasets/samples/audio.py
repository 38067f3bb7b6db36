"""Sounds: FLAC, lossless."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import soundfile

from omnibind_ros.units import SAMPLE_RATE

from .base import Array, CodecError, Features, check_array
from .drawing import Picture, apply_palette, write_caption
from .log_mel import log_mel

SUFFIX = "audio.flac"
CONTENT = "int16 [n], mono, 16 kHz"


def encode(data: Any) -> bytes:
    """Return a sound, int16 [n], mono, 16 kHz, as a FLAC file.

    Raises:
        CodecError: It is other data.
    """
    sound = check_array("audio", data, np.int16, (None,))
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode(stored: bytes | memoryview) -> Array:
    """Return the sound, int16 [n], mono, 16 kHz; raises CodecError."""
    try:
        sound, rate = soundfile.read(io.BytesIO(stored), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise CodecError(f"a stored sound cannot be decoded ({error})") from error
    if rate != SAMPLE_RATE or sound.ndim != 1:
        raise CodecError(f"a stored sound is not mono at {SAMPLE_RATE} Hz")
    return np.asarray(sound)


def length(stored: bytes | memoryview) -> int:
    """Return how many samples a stored sound has, from its header alone.

    Raises:
        CodecError: It is no sound.
    """
    try:
        return int(soundfile.info(io.BytesIO(stored)).frames)
    except soundfile.LibsndfileError as error:
        raise CodecError(f"a stored sound cannot be decoded ({error})") from error


def to_observation(
    data: npt.NDArray[np.int16],
    rng: np.random.Generator | None = None,
) -> npt.NDArray[np.float32]:
    """Return the sound as float32 [n], -1..1."""
    return data.astype(np.float32) / np.float32(32768)


def from_observation(observation: npt.NDArray[np.float32], reading: Any) -> npt.NDArray[np.int16]:
    """Return a sensor's sound, float32 [n], -1..1, rounded to 16 bits."""
    return np.clip(np.rint(observation * 32768), -32768, 32767).astype(np.int16)


def picture(data: npt.NDArray[np.int16], size: int) -> Picture:
    """Draw the log-mel spectrogram, time to the right, with the length below."""
    mel = log_mel(to_observation(data))
    top = float(mel.max())
    colours = apply_palette(mel.T[::-1], cv2.COLORMAP_MAGMA, top - 10, top)
    stretched = cv2.resize(colours, (size, size), interpolation=cv2.INTER_AREA)
    return write_caption(np.asarray(stretched, np.uint8), f"{len(data) / SAMPLE_RATE:.1f} s")


def noise(observation: Array, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return white noise of standard deviation 0.1."""
    return rng.normal(0, 0.1, observation.shape).clip(-1, 1).astype(np.float32)


def dead(observation: Array, rng: np.random.Generator) -> Array:
    """Return silence."""
    return np.zeros_like(observation)


def features(data: npt.NDArray[np.int16]) -> Features:
    """Return mean, standard deviation and decay of each mel band."""
    mel = log_mel(to_observation(data))
    half = len(mel) // 2 or 1
    decay = mel[:half].mean(0) - mel[-half:].mean(0)
    return np.concatenate([mel.mean(0), mel.std(0), decay])
