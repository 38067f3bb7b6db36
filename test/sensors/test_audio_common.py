"""Messages of the two packages audio_common become the same sound as omnibind_msgs/Audio."""

import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.config import ParameterError, check
from omnibind_ros.sensors import Chunk, RejectedSampleError, SensorRegistry
from omnibind_ros.sensors.audio import (
    FORMATS,
    AudioOptions,
    RawAudioOptions,
    decode_audio_data,
    decode_audio_data_stamped,
    decode_audio_stamped,
)
from omnibind_ros.sensors.sound import Sound
from omnibind_ros.units import SAMPLE_RATE


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(sorted(FORMATS)), channels=st.integers(1, 3), data=st.binary(max_size=400)
)
def test_raw_garbage_is_rejected_or_becomes_sound(kind, channels, data):
    msg = SimpleNamespace(data=array.array("B", data))
    try:
        sound = decode_audio_data(msg, RawAudioOptions(format=kind, channels=channels))
    except RejectedSampleError:
        return
    finally:
        assert msg.data.tobytes() == data
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() <= 1.0


def raw(kind, wave):
    scale, shift = {"S16": (2**15 - 1, 0), "S32": (2**31 - 1, 0), "U8": (127, 128)}.get(
        kind.removesuffix("LE").removesuffix("BE"), (1, 0)
    )
    return (wave * scale + shift).astype(FORMATS[kind]).tobytes()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("stamped", [False, True])
def test_raw_bytes_of_every_format_are_the_same_sound(kind, stamped):
    wave = 0.5 * np.sin(np.linspace(0, 20, 600))
    options = RawAudioOptions(sample_rate=8000, channels=2, format=kind)
    msg = SimpleNamespace(data=np.frombuffer(raw(kind, np.repeat(wave, 2)), np.uint8))
    if stamped:
        sound = decode_audio_data_stamped(SimpleNamespace(audio=msg), options)
    else:
        sound = decode_audio_data(msg, options)
    assert sound.rate == 8000
    np.testing.assert_allclose(sound.samples, wave, atol=2 / 128 if kind == "U8" else 1e-4)


def test_raw_bytes_of_no_whole_sample_name_the_format():
    with pytest.raises(RejectedSampleError, match="S16LE"):
        decode_audio_data(SimpleNamespace(data=b"\x00\x01\x02"), RawAudioOptions())


def test_values_that_are_not_finite_are_rejected():
    data = np.array([0.0, np.nan], np.float32).tobytes()
    with pytest.raises(RejectedSampleError, match="not finite"):
        decode_audio_data(SimpleNamespace(data=data), RawAudioOptions(format="F32LE"))


def test_the_other_package_of_that_name_is_told_apart():
    with pytest.raises(RejectedSampleError, match="AudioStamped"):
        decode_audio_data(SimpleNamespace(int16_data=array.array("h")), RawAudioOptions())


def stamped(number, field, values):
    fields = dict.fromkeys(
        ("float32_data", "int32_data", "int16_data", "int8_data", "uint8_data"), array.array("h")
    )
    return SimpleNamespace(
        audio=SimpleNamespace(
            audio_data=SimpleNamespace(**{**fields, field: values}),
            info=SimpleNamespace(format=number, channels=1, rate=16000, chunk=len(values)),
        )
    )


@pytest.mark.parametrize(
    ("number", "field", "values"),
    [
        (1, "float32_data", array.array("f", [0.5, -0.25])),
        (2, "int32_data", array.array("i", [2**30, -(2**29)])),
        (8, "int16_data", array.array("h", [2**14, -(2**13)])),
        (16, "int8_data", array.array("b", [64, -32])),
        (32, "uint8_data", array.array("B", [192, 96])),
    ],
)
def test_audio_stamped_of_every_portaudio_format(number, field, values):
    sound = decode_audio_stamped(stamped(number, field, values))
    assert sound.rate == 16000
    np.testing.assert_allclose(sound.samples, [0.5, -0.25])


def test_an_unknown_portaudio_format_is_rejected():
    with pytest.raises(RejectedSampleError, match="format 4"):
        decode_audio_stamped(stamped(4, "int16_data", array.array("h", [1])))


def test_every_audio_type_makes_a_sliding_window():
    for name in ("AudioData", "AudioDataStamped", "AudioStamped"):
        kind = SensorRegistry.installed().find("audio", f"audio_common_msgs/msg/{name}")
        assert kind.window(kind.options(window=2.0)) == 2.0
    kind = SensorRegistry.installed().find("audio", "omnibind_msgs/msg/Audio")
    sample = kind.make_combiner(kind.options())(
        [Chunk(Sound(np.ones(9, np.float32), SAMPLE_RATE), 1)]
    )
    assert sample.size == 9
    assert kind.depth * 0.02 > kind.window(kind.options())


def test_options_are_checked():
    assert check(AudioOptions, "window", 2) == 2.0
    with pytest.raises(ParameterError, match="format"):
        check(RawAudioOptions, "format", "MP3")
