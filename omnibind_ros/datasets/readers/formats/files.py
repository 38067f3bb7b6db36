"""Loads the pictures and sounds of published sets, as datasets hold them.

Each function takes paths and numbers only, so that a `functools.partial` of it can be pickled, and
raises a SkipError whose reason is the same for all files with the same defect.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import soundfile

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.units import SAMPLE_RATE

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
AUDIO_SUFFIXES = frozenset({".flac", ".mp3", ".ogg", ".wav"})


Pixels = npt.NDArray[np.uint8]


def shown(path: Path) -> str:
    """Return file and folder of a path, for the data card, without folders of the machine."""
    return "/".join(path.parts[-2:])


def load_image(path: Path, box: tuple[float, float, float, float] | None = None) -> Pixels:
    """Read a picture.

    Args:
        path: The file.
        box: The part to cut out: left, top, right and bottom, as shares of width and height.

    Returns:
        uint8 [H, W, 3], RGB, upright.

    Raises:
        SkipError: The file is missing, no picture, or has no pixel in the box.
    """
    try:
        # Not cv2.imread: it takes no path with characters beyond the locale's on every system.
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SkipError(shown(path), f"the picture cannot be read ({error.strerror})") from error
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # e.g. more pixels than OpenCV allows
        pixels = None
    if pixels is None:
        raise SkipError(shown(path), "the picture cannot be decoded")
    rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
    return rgb if box is None else _cut(rgb, box, path)


def _cut(pixels: Pixels, box: tuple[float, float, float, float], path: Path) -> Pixels:
    rows, columns = pixels.shape[:2]
    left, right = (min(max(round(x * columns), 0), columns) for x in (box[0], box[2]))
    top, bottom = (min(max(round(y * rows), 0), rows) for y in (box[1], box[3]))
    if left >= right or top >= bottom:
        raise SkipError(shown(path), "the box lies outside the picture")
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def load_audio(path: Path, start: float = 0.0, stop: float = math.inf) -> npt.NDArray[np.int16]:
    """Read a sound, or a part of it, as mono at 16 kHz.

    Channels are averaged. The rate is changed by a polyphase filter (scipy.signal.resample_poly
    with its Kaiser window), which keeps the phase; the sound is scaled only to stay in range.

    Args:
        path: WAV, FLAC, OGG or MP3.
        start: Where to begin, in seconds.
        stop: Where to end; beyond the end: the end.

    Returns:
        int16 [n].

    Raises:
        SkipError: The file is missing, no sound, or has nothing between start and stop.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            first = min(round(start * rate), file.frames)
            last = file.frames if math.isinf(stop) else min(round(stop * rate), file.frames)
            file.seek(first)
            samples = file.read(max(last - first, 0), dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:  # LibsndfileError is a RuntimeError
        reason = "cannot be decoded" if path.is_file() else "is missing"
        raise SkipError(shown(path), f"the sound {reason}") from error
    if not samples.size:
        raise SkipError(shown(path), "the sound is empty")
    return to_audio(samples.mean(axis=1), rate, shown(path))


def to_audio(samples: npt.NDArray[np.float32], rate: int, what: str) -> npt.NDArray[np.int16]:
    """Bring a mono sound to the rate and type of datasets.

    Args:
        samples: float32 [n], -1..1.
        rate: Its sample rate in hertz.
        what: The file, for the error.

    Returns:
        int16 [n] at 16 kHz.

    Raises:
        SkipError: It has values that are not finite, or a sample rate outside of 1 to 384 kHz.
    """
    from scipy.signal import resample_poly  # noqa: PLC0415 - takes a second in every worker

    if not np.isfinite(samples).all():
        raise SkipError(what, "the sound holds values that are no numbers")
    if not 1_000 <= rate <= 384_000:
        raise SkipError(what, "the sound's sample rate is not between 1 and 384 kHz")
    if rate != SAMPLE_RATE:
        divisor = math.gcd(rate, SAMPLE_RATE)
        samples = resample_poly(samples, SAMPLE_RATE // divisor, rate // divisor)
    # Filtering may overshoot; scaling avoids the overtones that clipping would add.
    samples = samples / max(1.0, float(np.abs(samples).max(initial=0.0)))
    return np.asarray(np.rint(samples * 32767), np.int16)
