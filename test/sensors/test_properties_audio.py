"""Properties of sound messages; OMNIBIND_EXAMPLES sets how many of each are tried."""

import os
from types import SimpleNamespace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.audio import RawAudioOptions, decode_audio_data

many = settings(deadline=None, max_examples=int(os.environ.get("OMNIBIND_EXAMPLES", "150")))

WRITE = {
    "S16LE": lambda x: np.rint(x * 32767).astype("<i2"),
    "S16BE": lambda x: np.rint(x * 32767).astype(">i2"),
    "S32LE": lambda x: (x * (2**31 - 1)).astype("<i4"),
    "F32LE": lambda x: x.astype("<f4"),
    "U8": lambda x: (np.rint(x * 127) + 128).astype("u1"),
}


@st.composite
def sounds(draw):
    """Return sound as from a microphone, float64 [n, channels], within -1..1."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, channels = draw(st.integers(150, 1500)), draw(st.integers(1, 6))
    slope = draw(st.floats(0.0, 0.97))  # 0: white
    noise = rng.laplace(size=(count, channels)) + draw(st.floats(0, 3)) * rng.laplace(
        size=(count, 1)
    )
    wave = np.empty_like(noise)
    wave[0] = noise[0]
    for i in range(1, count):
        wave[i] = slope * wave[i - 1] + (1 - slope) * noise[i]
    t = np.arange(count)[:, None]
    wave += draw(st.floats(0, 3)) * np.sin(draw(st.floats(0.01, 2.0)) * t)
    wave *= 10 ** draw(st.floats(-3.5, 0.0)) / np.abs(wave).max()
    return wave


@many
@given(sounds(), st.sampled_from(sorted(WRITE)), st.lists(st.integers(0, 5), max_size=3))
def test_every_format_gives_the_mean_of_the_channels_used(wave, kind, use):
    channels = wave.shape[1]
    use = [i for i in use if i < channels]
    picked = sorted(set(use)) or range(channels)
    message = SimpleNamespace(data=WRITE[kind](wave).tobytes())
    options = RawAudioOptions(channels=channels, format=kind, use_channels=use)
    got = decode_audio_data(message, options).samples
    written = wave[:, picked]
    mean = written.mean(axis=1)
    step = 2 / 128 if kind == "U8" else 2 / 32768
    if np.var(mean) < 0.11 / len(picked) * np.var(written, axis=0).mean():
        errors = np.abs(written - got[:, None]).max(axis=0)
        assert min(errors.min(), np.abs(mean - got).max()) <= step
    else:
        assert np.abs(mean - got).max() <= step


@many
@given(sounds(), st.sampled_from(["S16BE", "shifted"]))
def test_loud_sound_in_the_wrong_order_is_refused(wave, kind):
    mono = 0.3 * wave[:, 0] / np.abs(wave[:, 0]).max()
    assume(len(mono) >= 500 and np.std(mono) > 0.03)
    raw = WRITE["S16BE" if kind == "S16BE" else "S16LE"](mono).tobytes()
    raw = raw[1:] + b"\0" if kind == "shifted" else raw
    try:
        decode_audio_data(SimpleNamespace(data=raw), RawAudioOptions())
    except RejectedSampleError as error:
        said = str(error)
    else:
        said = ""
    assert "samples look" in said
