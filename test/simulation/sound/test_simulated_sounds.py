"""Taps, running sounds, rooms and recordings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.simulation.audio import (
    COUNT,
    AudioSettings,
    AudioStream,
    body_of,
    make_sound,
    render_audio,
)
from omnibind_ros.simulation.objects.substances import SUBSTANCES
from omnibind_ros.simulation.sound.impacts import SHAPES, Body, Strike, contact_time, modes, tap
from omnibind_ros.simulation.sound.operating import SOUNDS
from omnibind_ros.simulation.sound.room import Room, impulse_response, record
from omnibind_ros.simulation.sound.synthesis import ring, shaped_noise
from omnibind_ros.units import SAMPLE_RATE

STEEL, OAK = (2e11, 7800, 0.002), (1.1e10, 650, 0.02)


def plate(young, density, loss, thickness=0.01, side=0.5):
    return Body("plate", (side, side * 0.8, side), thickness, young, density, loss)


def ringing_time(sound):
    """Seconds until all but a thousandth of the energy is past."""
    left = np.cumsum(np.square(sound)[::-1])[::-1]
    return np.argmax(left < 1e-3 * left[0]) / SAMPLE_RATE


def centroid(sound):
    power = np.square(np.abs(np.fft.rfft(sound)))
    return float(np.sum(power * np.fft.rfftfreq(sound.size, 1 / SAMPLE_RATE)) / power.sum())


def median_over_taps(measure, substance, size):
    values = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        body = body_of(SUBSTANCES[substance], size, rng)
        values.append(measure(tap(body, Strike.draw(rng), rng, COUNT)))
    return np.median(values)


def test_a_bank_of_modes_is_the_sum_of_decaying_sines():
    time = np.arange(1000) / SAMPLE_RATE
    expected = 0.5 * np.exp(-30 * time) * np.sin(2 * np.pi * 440 * time)
    expected += np.exp(-5 * time) * np.sin(2 * np.pi * 1000 * time)
    assert ring((440, 1000), (30, 5), (0.5, 1), 1000) == pytest.approx(expected, abs=1e-9)


def test_modes_above_half_the_rate_are_left_out():
    assert not ring((SAMPLE_RATE / 2, 12_000), (1, 1), (1, 1), 100).any()


def test_a_free_steel_bar_sounds_at_its_textbook_pitch():
    # f1 = 1.028 h / L^2 sqrt(E / rho) for a free rectangular bar.
    body = Body("bar", (0.5, 0.02, 0.01), 0.01, *STEEL)
    expected = 1.028 * 0.01 / 0.25 * np.sqrt(2e11 / 7800)
    assert modes(body, (0.0, 0.5, 0.5)).frequency[0] == pytest.approx(expected, rel=0.01)


def test_a_cup_rings_first_as_an_oval():
    # Rayleigh's ring, n = 2: sqrt(E h^2 / (12 rho R^4)) n (n^2 - 1) / sqrt(n^2 + 1) / 2 pi.
    body = Body("shell", (0.12, 0.08, 0.08), 0.004, 7e10, 2400, 0.004)
    ring_ = np.sqrt(7e10 * 0.004**2 / (12 * 2400 * 0.04**4)) * 6 / np.sqrt(5) / (2 * np.pi)
    plate_stiffening = 1 / np.sqrt(1 - 0.3**2)
    first = modes(body, (0.0, 1.0, 0.5)).frequency[0]
    assert first == pytest.approx(ring_ * plate_stiffening, rel=0.01)


@given(scale=st.floats(1.2, 3.0))
@settings(deadline=None, max_examples=20)
def test_a_larger_plate_sounds_lower_and_a_thicker_one_higher(scale):
    base = modes(plate(*STEEL), (0.3, 0.4, 0.5)).frequency[0]
    assert modes(plate(*STEEL, side=0.5 * scale), (0.3, 0.4, 0.5)).frequency[0] < base
    assert modes(plate(*STEEL, thickness=0.01 * scale), (0.3, 0.4, 0.5)).frequency[0] > base


def test_a_mode_is_not_stirred_by_a_hit_on_its_node():
    gain = modes(Body("plate", (0.4, 0.4, 0.01), 0.003, *STEEL), (0.5, 0.5, 0.5)).gain
    # Of the plate's modes (1,2), (2,1) have a node in the middle.
    assert abs(gain[0]) > 100 * abs(gain[1])


def test_a_hard_striker_stays_shorter_in_contact_than_a_soft_one():
    place = (0.5, 0.5, 0.5)
    hard, soft = Strike(place, young=2e11), Strike(place, young=1e8)
    assert contact_time(plate(*STEEL), hard) < contact_time(plate(*STEEL), soft)


def test_a_harder_tap_is_louder():
    loud, quiet = (
        tap(plate(*OAK), Strike((0.3, 0.4, 0.5), speed=speed), np.random.default_rng(0), COUNT)
        for speed in (0.8, 0.1)
    )
    assert np.abs(loud).max() > 3 * np.abs(quiet).max()


@pytest.mark.parametrize("size", [(0.1, 0.08, 0.12), (0.6, 0.5, 0.8)])
def test_metal_and_glass_ring_longer_than_wood_and_wood_longer_than_fabric(size):
    times = {
        name: median_over_taps(ringing_time, name, size)
        for name in ("metal", "glass", "wood", "fabric")
    }
    assert min(times["metal"], times["glass"]) > 2 * times["wood"]
    assert times["wood"] > times["fabric"]


def test_soft_things_sound_duller_than_hard_ones():
    size = (0.3, 0.3, 0.3)
    dull = max(median_over_taps(centroid, name, size) for name in ("fabric", "rubber", "skin"))
    assert all(median_over_taps(centroid, name, size) > dull for name in ("metal", "wood", "glass"))


@given(
    shape=st.sampled_from(SHAPES),
    size=st.tuples(*[st.floats(1e-3, 10.0)] * 3),
    thickness=st.floats(1e-4, 0.1),
    name=st.sampled_from(sorted(SUBSTANCES)),
)
@settings(deadline=None, max_examples=60)
def test_any_body_sounds_and_stays_finite(shape, size, thickness, name):
    substance = SUBSTANCES[name]
    body = Body(
        shape, size, thickness, substance.youngs_modulus, substance.density, substance.loss_factor
    )
    rng = np.random.default_rng(0)
    wave = tap(body, Strike.draw(rng), rng, 4000)
    assert np.isfinite(wave).all()
    assert wave.any()


@pytest.mark.parametrize(
    "body",
    [
        Body("cloud", (1, 1, 1), 0.01, *OAK),
        Body("plate", (1, 0, 1), 0.01, *OAK),
        Body("plate", (1, 1, 1), 0.01, 1e9, float("nan"), 0.1),
    ],
)
def test_a_body_that_cannot_be_is_refused(body):
    with pytest.raises(ValueError, match="body"):
        modes(body, (0.5, 0.5, 0.5))


@pytest.mark.parametrize("name", sorted(SOUNDS))
def test_every_running_sound_is_heard_varies_and_repeats_by_seed(name):
    first, again, other = (SOUNDS[name](COUNT, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (COUNT,)
    assert np.isfinite(first).all()
    assert first.std() > 0
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shaped_noise_follows_its_spectrum():
    noise = shaped_noise(COUNT, np.random.default_rng(0), ((100, 0), (1000, 0), (2000, -40)))
    power = np.square(np.abs(np.fft.rfft(noise)))
    frequency = np.fft.rfftfreq(COUNT, 1 / SAMPLE_RATE)
    low = power[(frequency > 200) & (frequency < 900)].mean()
    high = power[frequency > 2500].mean()
    assert 10 * np.log10(low / high) == pytest.approx(40, abs=1)
    assert noise.std() == pytest.approx(1, abs=0.01)


def test_a_room_decays_in_its_reverberation_time():
    for time in (0.2, 0.6):
        room = Room((5, 4, 2.5), time, (1, 1, 1), (2, 2, 1), snr=40, level=-6)
        left = np.cumsum(np.square(impulse_response(room, np.random.default_rng(0)))[::-1])[::-1]
        decay = 10 * np.log10(left / left[0])
        # The usual evaluation: from 5 to 25 dB below, times three.
        span = (np.argmax(decay < -25) - np.argmax(decay < -5)) / SAMPLE_RATE * 3
        assert span == pytest.approx(time, rel=0.35)


def test_the_direct_sound_comes_first_and_a_far_microphone_hears_more_of_the_room():
    near, far = (
        impulse_response(
            Room((5, 4, 2.5), 0.5, (1, 1, 1), (1 + away, 1, 1), 40, -6), np.random.default_rng(0)
        )
        for away in (0.3, 2.5)
    )
    assert np.argmax(np.abs(near)) == 0
    assert np.square(far[100:]).sum() > 4 * np.square(near[100:]).sum()


def test_a_recording_has_the_level_and_noise_that_were_asked_for():
    sound = np.zeros(COUNT)
    sound[COUNT // 2 :] = np.sin(np.arange(COUNT // 2) * 0.3)
    room = Room((4, 4, 2.5), 0.3, (1, 1, 1), (1.5, 1, 1), snr=30, level=-12)
    heard = record(sound, room, np.random.default_rng(0))
    assert heard.dtype == np.int16
    assert np.abs(heard).max() == pytest.approx(32767 * 10 ** (-12 / 20), abs=1)
    quiet, loud = heard[1000 : COUNT // 2 - 100].std(), heard.std()
    assert 20 * np.log10(loud / quiet) == pytest.approx(30, abs=1.5)


def test_silence_is_recorded_as_the_microphones_noise():
    heard = record(np.zeros(4000), Room.draw(np.random.default_rng(0)), np.random.default_rng(1))
    assert heard.shape == (4000,)
    assert heard.std() > 0


def test_a_thing_without_a_sound_of_its_own_is_tapped():
    for seed in range(20):
        drawn = AudioSettings.draw((), np.random.default_rng(seed))
        assert drawn.taps
        assert drawn.running == ""


def test_an_unknown_running_sound_is_named():
    rng = np.random.default_rng(0)
    drawn = AudioSettings((), "whoosh", 1.0, Room.draw(rng))
    with pytest.raises(ValueError, match="'whoosh'"):
        make_sound(plate(*OAK), drawn, rng)


@given(
    name=st.sampled_from(sorted(SUBSTANCES)),
    size=st.tuples(*[st.floats(0.0, 30.0)] * 3),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=40)
def test_any_object_can_be_recorded(name, size, seed):
    def recorded():
        rng = np.random.default_rng(seed)
        body = body_of(SUBSTANCES[name], size, rng)
        return render_audio(body, AudioSettings.draw(("fan", "clock"), rng), rng)

    sound = recorded()
    assert sound.dtype == np.int16
    assert sound.shape == (COUNT,)
    assert np.abs(sound.astype(int)).max() > 100
    assert np.array_equal(sound, recorded())


def test_a_stream_goes_on_in_chunks_of_any_length():
    def stream():
        rng = np.random.default_rng(3)
        return AudioStream(body_of(SUBSTANCES["metal"], (0.6, 0.6, 0.9), rng), ("compressor",), rng)

    whole = stream().read(70_000)
    parts, rest = stream(), 70_000
    pieces = []
    for count in (1, 1600, 0, 40_000):
        pieces.append(parts.read(count))
        rest -= count
    pieces.append(parts.read(rest))
    assert np.array_equal(np.concatenate(pieces), whole)
