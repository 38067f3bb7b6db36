"""Log-mel spectrograms are what the formulas say, and their quality tells silence from sound."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.encoders.audio import DEFAULTS, INPUT, LEVEL, prepare
from omnibind_ros.encoders.manifest import BundleError, TensorSpec

RATE = 16000
FLOOR = math.log(DEFAULTS["floor"])


def spec(bands=64, frames=98, **parameters):
    return TensorSpec("audio", (1, 1, bands, frames), "float32", "NCHW", "log-mel", parameters)


def tone(pitch, seconds=1.0, amplitude=0.5):
    angle = 2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(angle)).astype(np.float32)


def noise(seconds=1.0, amplitude=0.1):
    rng = np.random.default_rng(5)
    return (amplitude * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def rustle(seconds=1.0, amplitude=0.1):
    """Noise of which little is high, of the standard deviation `amplitude`."""
    sound = np.convolve(noise(seconds + 0.01), np.ones(4), "valid")[: round(seconds * RATE)]
    return (amplitude * sound / sound.std()).astype(np.float32)


def slow_log_mel(sound, bands, frames):
    """The definition, written out: a discrete Fourier transform and triangles, bin by bin."""
    size, hop, n_fft = 400, 160, 512
    mel = [2595 * math.log10(1 + f / 700) for f in (50.0, 8000.0)]
    edges = [
        700 * (10 ** ((mel[0] + (mel[1] - mel[0]) * i / (bands + 1)) / 2595) - 1)
        for i in range(bands + 2)
    ]
    hann = np.array([0.5 - 0.5 * math.cos(2 * math.pi * i / size) for i in range(size)])
    k, n = np.arange(n_fft // 2 + 1)[:, None], np.arange(size)[None]
    transform = np.exp(-2j * np.pi * k * n / n_fft)
    out = np.empty((bands, frames))
    for t in range(frames):
        piece = sound[t * hop : t * hop + size].astype(np.float64)
        power = np.abs(transform @ (piece * hann) / (hann.sum() / 2)) ** 2
        for band in range(bands):
            low, centre, high = (1127 * math.log1p(e / 700) for e in edges[band : band + 3])
            total = 0.0
            for i in range(n_fft // 2 + 1):
                at = 1127 * math.log1p(i * RATE / n_fft / 700)
                if low < at <= centre:
                    total += power[i] * (at - low) / (centre - low)
                elif centre < at < high:
                    total += power[i] * (high - at) / (high - centre)
            out[band, t] = math.log(max(total, 1e-10))
    return out


def test_it_is_the_definition():
    sound = noise(0.095) + tone(1200, 0.095)
    prepared = prepare(sound, spec(40, 8)).values
    assert prepared.dtype == np.float32
    assert prepared.shape == (1, 1, 40, 8)
    np.testing.assert_allclose(prepared[0, 0], slow_log_mel(sound, 40, 8), atol=5e-3)


def test_a_sine_of_full_scale_has_about_0_in_its_band():
    low, high = (2595 * math.log10(1 + f / 700) for f in (50.0, 8000.0))
    for band in (10, 30, 50):
        centre = low + (high - low) * (band + 1) / 65
        values = prepare(tone(700 * (10 ** (centre / 2595) - 1), amplitude=1.0), spec()).values
        assert np.abs(values[0, 0].argmax(axis=0) - band).max() <= 1
        assert values.max() == pytest.approx(0.0, abs=0.7)


def test_a_short_sound_comes_last_after_silence():
    values = prepare(noise(0.4), spec()).values[0, 0]
    assert (values[:, :55] == np.float32(FLOOR)).all()
    assert (values[:, -35:] > FLOOR + 5).all()


def test_only_the_end_of_a_long_sound_counts():
    sound = np.concatenate([tone(3000), noise()])
    np.testing.assert_array_equal(prepare(sound, spec()).values, prepare(noise(), spec()).values)


@pytest.mark.parametrize(
    "sound",
    [np.empty(0), np.zeros(RATE), np.full(RATE, 0.7), np.zeros(100)],
    ids=["nothing", "silence", "a constant", "short silence"],
)
def test_what_is_no_sound_has_no_quality(sound):
    prepared = prepare(sound.astype(np.float32), spec())
    assert prepared.quality == 0.0
    assert np.isfinite(prepared.values).all()


def test_quality_falls_with_level_length_and_clipping():
    assert prepare(rustle(), spec()).quality == 1.0
    between = 10 ** (sum(LEVEL) / 2 / 20)
    assert prepare(rustle(amplitude=between), spec()).quality == pytest.approx(0.5, abs=0.02)
    assert prepare(rustle(0.25), spec()).quality == pytest.approx(0.25, abs=0.01)
    clipped = np.clip(tone(440, amplitude=1.05), -1.0, 1.0)
    assert prepare(clipped, spec()).quality == 0.0
    spikes = tone(440)
    spikes[::10] = 1.0
    assert prepare(spikes, spec()).quality == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("amplitude", [0.003, 0.03, 0.1])
def test_the_hiss_of_an_open_input_has_no_quality_and_a_sound_above_it_has(amplitude):
    hiss = noise(amplitude=amplitude)
    assert prepare(hiss, spec()).quality == 0.0
    sound = (hiss + rustle(amplitude=2 * amplitude)).clip(-1, 1)
    assert prepare(sound, spec()).quality == pytest.approx(1.0, abs=0.02)


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(0, 20000), frames=st.integers(1, 120), amplitude=st.sampled_from([0, 0.01, 1])
)
def test_any_sound_fits_the_input_and_is_not_written_to(size, frames, amplitude):
    rng = np.random.default_rng(size)
    sound = np.clip(amplitude * rng.standard_normal(size), -1, 1).astype(np.float32)
    kept = sound.copy()
    sound.setflags(write=False)
    prepared = prepare(sound, spec(frames=frames))
    assert prepared.values.shape == (1, 1, 64, frames)
    assert np.isfinite(prepared.values).all()
    assert 0.0 <= prepared.quality <= 1.0
    np.testing.assert_array_equal(sound, kept)
    np.testing.assert_array_equal(prepare(sound, spec(frames=frames)).values, prepared.values)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (spec(n_mels=64.0), "unknown parameter 'n_mels'"),
        (spec(sample_rate=44100.0), "44100 Hz"),
        (spec(window=0.05), "windows of 800"),
        (spec(hop=0.0), "hops of 0"),
        (spec(f_min=9000.0), "mel bands of 9000"),
        (spec(floor=0.0), "floor 0"),
        (spec(peak=1.0), "peak 1"),
        (spec(peak=-120.0), "peak -120"),
        (spec(bands=256), "raise the audio encoder's n_fft"),
        (TensorSpec("audio", (1, 64, 98), "float32"), "shape"),
    ],
)
def test_what_a_manifest_cannot_ask_for_is_one_sentence(wrong, words):
    with pytest.raises(BundleError, match=words) as error:
        prepare(noise(), wrong)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("sound", [rustle(2.0), tone(700, 2.0, 0.1), rustle(1.2, 0.05)])
@pytest.mark.parametrize("decibels", [-30.0, -10.0, 8.0])
def test_the_gain_changes_nothing_in_an_input_with_a_peak(sound, decibels):
    first = prepare(sound, INPUT)
    steps = np.round(sound * 10 ** (decibels / 20) * 32767) / 32767  # 16 bits
    second = prepare(steps.astype(np.float32), INPUT)
    assert first.values.max() == pytest.approx(math.log(10**-4), abs=1e-3)
    # Steps of 16 bits are heard in what is 50 dB and more below the loudest band.
    loud = first.values > first.values.max() - math.log(10**5)
    assert second.values[loud] == pytest.approx(first.values[loud], abs=0.5)
    assert second.quality == pytest.approx(first.quality, abs=0.01)


def test_silence_is_silence_in_an_input_with_a_peak():
    for sound in (np.zeros(2 * RATE), np.full(2 * RATE, 0.5)):
        prepared = prepare(sound.astype(np.float32), INPUT)
        assert prepared.quality == 0.0
    assert (prepare(np.zeros(2 * RATE, np.float32), INPUT).values == np.float32(FLOOR)).all()
    rng = np.random.default_rng(0)
    steps = (rng.integers(-1, 2, 2 * RATE) / 32768).astype(np.float32)  # the last bit
    prepared = prepare(steps, INPUT)
    assert prepared.quality < 0.1
    assert prepared.values.max() < math.log(10**-5)  # 10 dB below any sound
