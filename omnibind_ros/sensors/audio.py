"""Microphones: PCM of any rate, format and channel count to a sliding window of mono sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter

from .base import Decode, RejectedSampleError, SensorType
from .encoded_sound import encoding_at_start, encoding_inside
from .mixing import mix
from .pcm_check import wrong_format
from .sound import SlidingWindow, Sound

RATES = (4000, 192000)
MAX_CHANNELS = 256
MAX_SECONDS = 60.0
"""Longest sound in one message; a header that announces more is rejected."""

MAX_FLOAT = 16.0
"""Largest plausible value of floating-point sound; values above 1 are clipped."""

FORMATS = {"S16LE": "<i2", "S16BE": ">i2", "S32LE": "<i4", "F32LE": "<f4", "U8": "u1"}
"""NumPy types by GStreamer's names of raw audio formats."""

_PORTAUDIO = {
    1: "float32_data",
    2: "int32_data",
    8: "int16_data",
    16: "int8_data",
    32: "uint8_data",
}
"""Field of AudioStamped with the samples, by PortAudio's PaSampleFormat."""


@dataclass
class AudioOptions:
    """Parameters of every audio sensor."""

    window: float = parameter(2.0, "Seconds of sound in a sample.", low=0.1, high=30.0)
    use_channels: list[int] = parameter(
        [],
        "Channels that are mixed, from 0 on; empty: all.",
        low=0,
        high=MAX_CHANNELS - 1,
        item=int,
    )


@dataclass
class RawAudioOptions(AudioOptions):
    """Parameters of audio sensors whose messages do not describe their format."""

    sample_rate: int = parameter(
        16000, "Samples per second and channel in the messages.", low=RATES[0], high=RATES[1]
    )
    channels: int = parameter(1, "Channels in the messages, interleaved.", low=1, high=MAX_CHANNELS)
    format: str = parameter(
        "S16LE", "Sample format of the messages, uncompressed.", choices=tuple(FORMATS)
    )


def _to_sound(
    values: npt.NDArray[Any], rate: int, channels: int, options: AudioOptions | None
) -> Sound:
    """Check interleaved samples of any format, and mix their channels."""
    if not RATES[0] <= rate <= RATES[1]:
        raise RejectedSampleError(
            f"the sample rate is {rate} Hz but must be in {RATES[0]} .. {RATES[1]}; check the "
            "driver's sample rate"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise RejectedSampleError(
            f"the sound has {channels} channels but must have 1 .. {MAX_CHANNELS}; check the "
            "driver's channels"
        )
    if not values.size:
        raise RejectedSampleError("the message holds no samples; check the driver's chunk size")
    frames, rest = divmod(values.size, channels)
    if rest:
        raise RejectedSampleError(
            f"{values.size} samples do not divide among {channels} channels; check the driver's "
            "channels"
        )
    if frames > MAX_SECONDS * rate:
        raise RejectedSampleError(
            f"the message holds {frames / rate:.0f} s of sound, more than {MAX_SECONDS:g} s; "
            "publish chunks of about 20 ms"
        )
    use = options.use_channels if options is not None else ()
    if use and max(use) >= channels:
        raise RejectedSampleError(
            f"use_channels names channel {max(use)} but the sound has the channels 0 .. "
            f"{channels - 1}; set the sensor's use_channels, and channels where it has them"
        )
    mono = mix(values.reshape(frames, channels), use)
    if values.dtype.kind == "f":
        peak = float(np.abs(mono).max())
        if not peak <= MAX_FLOAT:  # so too if it is not a number
            encoding = encoding_inside(values.tobytes())
            raise RejectedSampleError(
                f"the sound has values of {peak:.3g}, not finite or far above 1"
                f"{', and frames of ' + encoding if encoding else ''}; let the driver publish "
                "uncompressed sound and set the sensor's format as the driver has it"
            )
        return Sound(np.clip(mono, -1.0, 1.0), rate)
    full_scale = 2.0 ** (8 * values.dtype.itemsize - 1)
    if values.dtype.kind == "u":
        mono -= full_scale  # unsigned PCM is silent at its middle
    mono /= np.float32(full_scale)
    problem = wrong_format(values, mono, channels)
    if problem:
        raise RejectedSampleError(
            f"the samples look {problem}; let the driver publish uncompressed sound and set the "
            "sensor's format and channels as the driver has them"
        )
    return Sound(mono, rate)


def decode_audio(msg: Any, options: AudioOptions | None = None) -> Sound:
    """Return the sound of an omnibind_msgs/Audio.

    Args:
        msg: Anything with sample_rate (Hz), channels and samples (int16, channels interleaved).
        options: The channels to use.

    Returns:
        The mix of the channels, at the message's own rate; see `mix`.

    Raises:
        RejectedSampleError: No samples, a rate or channel count out of range, samples that do not
            divide among the channels, more than `MAX_SECONDS`, channels to use that are not there,
            or samples that look like those of another format; see `wrong_format`.
    """
    return _to_sound(
        np.asarray(msg.samples, np.int16), int(msg.sample_rate), int(msg.channels), options
    )


def decode_audio_data(msg: Any, options: RawAudioOptions) -> Sound:
    """Return the sound of an audio_common_msgs/AudioData of ros-drivers' audio_common.

    Args:
        msg: Anything with data (bytes).
        options: The format of the bytes, which the message does not describe.

    Returns:
        The mix of the channels, at the options' rate.

    Raises:
        RejectedSampleError: As `decode_audio`, compressed sound or a file, values that are not
            finite or above `MAX_FLOAT`, or a message of another package of this name.
    """
    data = getattr(msg, "data", None)
    if data is None:
        raise RejectedSampleError(
            "this audio_common_msgs/AudioData has no field data and no sample rate; set the "
            "sensor's type to audio_common_msgs/msg/AudioStamped and its topic to one of that type"
        )
    raw = np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)
    encoding = encoding_at_start(raw.tobytes())
    if encoding:
        raise RejectedSampleError(
            f"the message holds {encoding}, not samples of the format {options.format}; let the "
            "driver publish uncompressed sound (audio_capture: format wave) and set the sensor's "
            "format, channels and sample_rate"
        )
    kind = np.dtype(FORMATS[options.format])
    if raw.size % kind.itemsize:
        raise RejectedSampleError(
            f"{raw.size} bytes are no whole number of {options.format} samples; let the driver "
            "publish uncompressed sound (audio_capture: format wave) and set the sensor's format"
        )
    return _to_sound(raw.view(kind), options.sample_rate, options.channels, options)


def decode_audio_data_stamped(msg: Any, options: RawAudioOptions) -> Sound:
    """Return the sound of an audio_common_msgs/AudioDataStamped of ros-drivers' audio_common.

    Args:
        msg: Anything with audio, an AudioData.
        options: The format of the bytes, which the message does not describe.

    Raises:
        RejectedSampleError: As `decode_audio_data`.
    """
    return decode_audio_data(msg.audio, options)


def decode_audio_stamped(msg: Any, options: AudioOptions | None = None) -> Sound:
    """Return the sound of an audio_common_msgs/AudioStamped of mgonzs13's audio_common (4.0 on).

    Args:
        msg: Anything with audio.info (format: a PaSampleFormat, rate, channels) and
            audio.audio_data (one array a format).
        options: The channels to use.

    Returns:
        The mix of the channels, at the message's own rate.

    Raises:
        RejectedSampleError: As `decode_audio`, values that are not finite or above `MAX_FLOAT`, or
            an unknown format.
    """
    info = msg.audio.info
    field = _PORTAUDIO.get(info.format)
    if field is None:
        raise RejectedSampleError(
            f"the sound has PortAudio format {info.format} but must have one of "
            f"{', '.join(f'{number} ({name})' for number, name in _PORTAUDIO.items())}; set the "
            "driver's format"
        )
    values = np.asarray(getattr(msg.audio.audio_data, field), field.removesuffix("_data"))
    return _to_sound(values, int(info.rate), int(info.channels), options)


def _sensor_type(
    name: str, decode: Decode, discover: tuple[str, ...], options: type = AudioOptions
) -> SensorType:
    return SensorType(
        "audio",
        name,
        decode,
        options=options,
        make_combiner=lambda options: SlidingWindow(options.window),
        window=lambda options: options.window,
        stateful=True,
        depth=128,  # more than the default window of 2 s in chunks of 20 ms
        discover=discover,
    )


# Sound for a loudspeaker is published as AudioData and AudioStamped too.
_WORDS = ("audio", "mic", "microphone")

SENSOR_TYPES = (
    _sensor_type("omnibind_msgs/msg/Audio", decode_audio, ("",)),
    _sensor_type("audio_common_msgs/msg/AudioData", decode_audio_data, _WORDS, RawAudioOptions),
    _sensor_type(
        "audio_common_msgs/msg/AudioDataStamped",
        decode_audio_data_stamped,
        _WORDS,
        RawAudioOptions,
    ),
    _sensor_type("audio_common_msgs/msg/AudioStamped", decode_audio_stamped, _WORDS),
)
