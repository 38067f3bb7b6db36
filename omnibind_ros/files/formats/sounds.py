"""Sounds: chunks as a microphone's driver publishes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.recording import LONGEST_NS, Recording, Timed

CHUNK = 0.02
"""Seconds of sound in a message."""

NS = 1_000_000_000

SHORTEST = 0.15
"""Seconds; resampling alone delays by up to 0.06 s."""

STREAMED = 0x7FFFF000
"""Programs that write to a pipe give at least this as the length of the sound."""

MOST_CHUNKS = 10_000
"""Chunks of a WAV file that are looked at; sounds have a handful."""

FLOAT32 = 1
"""PortAudio's number of float samples, as in audio_common_msgs/AudioStamped."""


def open_sound_file(path: Path, modality: str) -> Recording:
    """Open a sound of any format that libsndfile reads.

    Sounds of 16 bits become omnibind_msgs/Audio; others audio_common_msgs/AudioStamped of floats,
    so that nothing of them is lost.

    Raises:
        FileError: It does not decode, holds no sound, or does not say how long it is.
    """
    soundfile = _soundfile(path)
    try:
        with soundfile.SoundFile(path) as file:
            frames, rate, subtype = file.frames, file.samplerate, file.subtype
    except (OSError, RuntimeError) as error:  # LibsndfileError is a RuntimeError
        raise FileError(path, f"{_detail(error)}; restore the file") from error
    announced = _announced_bytes(path)
    if announced > path.stat().st_size:
        raise FileError(
            path,
            f"the sound is cut off: the file has {path.stat().st_size} bytes of {announced}; "
            "restore it",
        )
    if frames < 1:
        raise FileError(path, "the sound has no samples; restore the file")
    if frames < SHORTEST * rate:
        raise FileError(
            path,
            f"the sound has {frames / rate:.3f} s, too little to tell anything; use at least "
            f"{SHORTEST:g} s",
        )
    if frames * NS > LONGEST_NS * rate:  # libsndfile gives 2**63 - 1 for a FLAC of unknown length
        raise FileError(
            path,
            "the file does not say how long its sound is, or says more than a year, as a FLAC that "
            "was written to a pipe; convert it into a file anew, such as with ffmpeg",
        )
    integers = subtype in ("PCM_16", "PCM_S8", "PCM_U8")
    return Recording(
        modality,
        "omnibind_msgs/msg/Audio" if integers else "audio_common_msgs/msg/AudioStamped",
        _chunks(path, integers),
        frames * NS // max(rate, 1),
    )


def _announced_bytes(path: Path) -> int:
    """Return how long a WAV file should be by its chunks; 0 if it does not say, as when streamed.

    RIFF: four bytes of name and a length stand before each chunk, which is padded to an even length
    (Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0).
    """
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        end = 12
        for _ in range(MOST_CHUNKS):
            chunk = file.read(8)
            if len(chunk) < len(b"datasize"):
                break
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                return 0 if length >= STREAMED else end + 8 + length
            end += 8 + length + length % 2
            file.seek(end)
    return 0


def _chunks(path: Path, integers: bool) -> Iterator[Timed]:
    with _soundfile(path).SoundFile(path) as file:
        rate, channels, announced = file.samplerate, file.channels, file.frames
        size = max(round(CHUNK * rate), 1)
        dtype = "int16" if integers else "float32"
        done = 0
        while True:
            try:
                samples = file.read(size, dtype=dtype, always_2d=True)
            except (OSError, RuntimeError) as error:
                raise FileError(path, f"{_detail(error)}; restore the file") from error
            if not len(samples):
                break
            message = _message(samples.reshape(-1), rate, channels, integers)
            yield Timed(message, done * NS // rate, (done + len(samples)) * NS // rate)
            done += len(samples)
    if done < announced:
        raise FileError(
            path,
            f"the sound is cut off: it has {done / rate:.2f} s of {announced / rate:.2f}; "
            "restore the file",
        )


def _message(samples: Any, rate: int, channels: int, integers: bool) -> SimpleNamespace:
    if integers:
        return SimpleNamespace(sample_rate=rate, channels=channels, samples=samples)
    return SimpleNamespace(
        audio=SimpleNamespace(
            info=SimpleNamespace(format=FLOAT32, rate=rate, channels=channels),
            audio_data=SimpleNamespace(float32_data=samples),
        )
    )


def _soundfile(path: Path) -> Any:
    try:
        import soundfile  # noqa: PLC0415 - sounds alone need it, and it loads a library
    except (ImportError, OSError) as error:  # OSError: libsndfile is missing
        raise FileError(
            path, f"sounds need soundfile ({error}); install it with 'pip install soundfile'"
        ) from error
    return soundfile


def _detail(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"the sound does not decode ({text.rpartition(': ')[2] or type(error).__name__})"
