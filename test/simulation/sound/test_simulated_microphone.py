"""What a microphone and its line leave of a sound, by its spectrum."""

import numpy as np
import pytest

from omnibind_ros.simulation.sound.microphone import Microphone, background

RATE = 16000


def level(sound, low, high):
    """Mean power density between two frequencies, dB."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    return 10 * np.log10(power[(frequency >= low) & (frequency < high)].mean() + 1e-30)


@pytest.mark.parametrize("high", [3400.0, 4000.0, 6000.0])
def test_a_line_ends_where_it_says(high):
    noise = np.random.default_rng(0).standard_normal(RATE)
    heard = Microphone(low=1.0, high=high).hear(noise)
    assert level(heard, 500, 0.95 * high) == pytest.approx(level(noise, 500, 0.95 * high), abs=0.3)
    assert level(heard, 1.15 * high, 8000) < level(noise, 1.15 * high, 8000) - 50


@pytest.mark.parametrize("low", [50.0, 300.0])
def test_the_high_pass_has_3_db_at_its_corner(low):
    time = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * low * time)
    heard = Microphone(low=low).hear(tone)[RATE : 3 * RATE]
    assert np.std(heard) == pytest.approx(np.std(tone) / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("tilt", [-3.0, 2.0])
def test_the_tilt_is_that_of_an_octave_above_1_khz(tilt):
    time = np.arange(4 * RATE) / RATE
    gains = [
        20 * np.log10(np.std(Microphone(1.0, tilt=tilt).hear(np.sin(2 * np.pi * f * time))[RATE:]))
        for f in (2000, 4000)
    ]
    assert gains[1] - gains[0] == pytest.approx(tilt, abs=0.1)


@pytest.mark.parametrize("colour", [0.0, -3.0, -6.0])
def test_the_background_has_its_colour_and_power(colour):
    noise = background(8 * RATE, Microphone(colour=colour), np.random.default_rng(1))
    assert np.mean(noise**2) == pytest.approx(1, abs=1e-6)
    slope = (level(noise, 3500, 4500) - level(noise, 437, 562)) / 3
    assert slope == pytest.approx(colour, abs=0.5)


@pytest.mark.parametrize("hum", [50.0, 60.0])
def test_hum_has_the_frequency_of_the_mains(hum):
    noise = background(
        4 * RATE, Microphone(colour=0.0, hum=hum, hum_level=10), np.random.default_rng(2)
    )
    power = np.abs(np.fft.rfft(noise)) ** 2
    assert np.fft.rfftfreq(len(noise), 1 / RATE)[power.argmax()] == hum


def test_silence_stays_silence_and_drawn_lines_differ():
    drawn = [Microphone.draw(np.random.default_rng(seed)) for seed in range(200)]
    assert all((each.hear(np.zeros(1000)) == 0).all() for each in drawn[:5])
    assert 0.1 < np.mean([each.high <= 4000 for each in drawn]) < 0.35
    assert 0.4 < np.mean([each.high == 8000 for each in drawn]) < 0.8
