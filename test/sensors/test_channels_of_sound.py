"""Channels are chosen and mixed; channels of opposite sign do not cancel each other."""

from array import array
from types import SimpleNamespace

import numpy as np
import pytest

from omnibind_ros.config import ParameterError, check
from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.audio import (
    AudioOptions,
    RawAudioOptions,
    decode_audio,
    decode_audio_data,
    decode_audio_stamped,
)


def sound(count=640, seed=0):
    """Smooth sound, at most 0.5, float64 [count]."""
    rng = np.random.default_rng(seed)
    wave = np.cumsum(rng.standard_normal(count + 40))
    wave = np.convolve(wave - np.linspace(wave[0], wave[-1], wave.size), np.ones(40) / 40, "valid")
    return 0.5 * wave[:count] / np.abs(wave[:count]).max()


def int16(*channels):
    return np.rint(32767 * np.stack(channels, 1)).astype(np.int16)


def decoded(frames, use=()):
    message = SimpleNamespace(
        sample_rate=16000, channels=frames.shape[1], samples=array("h", frames.tobytes())
    )
    return decode_audio(message, AudioOptions(use_channels=list(use))).samples


@pytest.mark.parametrize("use", [[0], [5], [2, 3], [5, 0, 1], [1, 1], [0, 1, 2, 3, 4, 5], []])
def test_the_channels_that_are_used_are_mixed(use):
    frames = int16(*(sound(seed=i) for i in range(6)))
    picked = sorted(set(use)) or range(6)
    expected = frames[:, picked].astype(np.float64).mean(axis=1) / 32768
    np.testing.assert_allclose(decoded(frames, use), expected, atol=1e-7)


def test_every_type_has_use_channels():
    frames = int16(sound(seed=1), sound(seed=2))
    right = frames[:, 1] / np.float32(32768)
    raw = SimpleNamespace(data=frames.astype("<i2").tobytes())
    options = RawAudioOptions(channels=2, use_channels=[1])
    np.testing.assert_array_equal(decode_audio_data(raw, options).samples, right)
    stamped = SimpleNamespace(
        audio=SimpleNamespace(
            audio_data=SimpleNamespace(int16_data=frames.reshape(-1)),
            info=SimpleNamespace(format=8, channels=2, rate=16000, chunk=640),
        )
    )
    got = decode_audio_stamped(stamped, AudioOptions(use_channels=[1]))
    np.testing.assert_array_equal(got.samples, right)


@pytest.mark.parametrize("use", [[6], [0, 9], [255]])
def test_a_channel_that_is_not_there_is_one_sentence(use):
    frames = int16(*(sound(seed=i) for i in range(6)))
    with pytest.raises(RejectedSampleError, match=f"channel {max(use)} but .* channels 0 .. 5"):
        decoded(frames, use)


def test_the_parameter_is_a_list_of_channel_numbers():
    assert check(AudioOptions, "use_channels", array("q", [0, 3])) == [0, 3]
    assert check(AudioOptions, "use_channels", []) == []
    for value in (["0"], [0.5], 0, [True], "0"):
        with pytest.raises(ParameterError, match="must be a list of whole numbers"):
            check(AudioOptions, "use_channels", value)
    for value in ([-1], [0, 256]):
        with pytest.raises(ParameterError, match=r"each must be in 0 \.\. 255"):
            check(AudioOptions, "use_channels", value)


@pytest.mark.parametrize(("channels", "gain"), [(2, 0.99), (2, 0.7), (4, 0.99), (6, 0.9)])
@pytest.mark.parametrize("offset", [0.0, 0.1])
def test_channels_of_opposite_sign_give_the_loudest(channels, gain, offset):
    wave = sound()
    frames = int16(*((wave if i % 2 == 0 else -gain * wave) + offset for i in range(channels)))
    np.testing.assert_array_equal(decoded(frames), frames[:, 0] / np.float32(32768))


@pytest.mark.parametrize("make", ["U8", "F32LE", "S32LE", "S16BE"])
def test_that_is_so_for_every_format(make):
    wave = np.stack([-0.8 * sound(), sound()], 1)
    write = {
        "U8": lambda x: (np.rint(127 * x) + 128).astype("u1"),
        "F32LE": lambda x: x.astype("<f4"),
        "S32LE": lambda x: (x * (2**31 - 1)).astype("<i4"),
        "S16BE": lambda x: np.rint(x * 32767).astype(">i2"),
    }[make]
    message = SimpleNamespace(data=write(wave).tobytes())
    got = decode_audio_data(message, RawAudioOptions(channels=2, format=make)).samples
    np.testing.assert_allclose(got, wave[:, 1], atol=0.01)


@pytest.mark.parametrize("seed", range(20))
def test_a_healthy_recording_gives_exactly_the_mean(seed):
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(2, 12))
    shared = sound(seed=seed)
    frames = int16(
        *(
            rng.uniform(0.1, 1.0) * np.roll(shared, int(rng.integers(0, 5)))
            + 0.01 * rng.standard_normal(shared.size)
            for _ in range(channels)
        )
    )
    expected = frames.mean(axis=1, dtype=np.float32) / np.float32(32768)
    np.testing.assert_array_equal(decoded(frames), expected)


@pytest.mark.parametrize("channels", [2, 3, 8, 32])
def test_independent_channels_give_the_mean(channels):
    frames = int16(*(sound(seed=i) * 0.5 for i in range(channels)))
    expected = frames.mean(axis=1, dtype=np.float64) / 32768
    np.testing.assert_allclose(decoded(frames), expected, atol=1e-6)


@pytest.mark.parametrize("gain", [1.0, 0.97, 1.03])
def test_the_sign_of_opposite_channels_does_not_change_from_chunk_to_chunk(gain):
    rng, time = np.random.default_rng(3), np.arange(6400) / 16_000
    wave = 0.4 * np.sin(2 * np.pi * 440 * time) + 0.1 * rng.standard_normal(6400)
    left = wave + 0.001 * rng.standard_normal(wave.size)
    right = -gain * wave + 0.001 * rng.standard_normal(wave.size)
    frames = int16(left, right)
    joined = np.concatenate([decoded(frames[i : i + 320]) for i in range(0, 6400, 320)])
    assert np.corrcoef(joined, wave)[0, 1] > 0.99
