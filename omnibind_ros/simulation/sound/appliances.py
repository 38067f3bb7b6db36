"""The sounds of motors, pumps, fans, water, heat and fire.

Each is float64 [count], at 16 kHz, of any scale.
"""

from __future__ import annotations

import numpy as np

from omnibind_ros.units import SAMPLE_RATE

from .moving_parts import click, rustle, typing
from .synthesis import Rng, Wave, add_at, instants, ring, shaped_noise, swell, tone, unit, wander


def fan(count: int, rng: Rng, speed: tuple[float, float] = (15, 40), air: float = 1.0) -> Wave:
    """Blades: turbulence below about 1 kHz plus the blade-passing tone and its harmonics."""
    turns = rng.uniform(*speed)
    pitch = turns * rng.integers(3, 8) * (1 + 0.003 * wander(count, rng, 3))
    corner = rng.uniform(400, 1200)
    wind = shaped_noise(count, rng, ((40, -6), (corner, 0), (4 * corner, -18), (8000, -40)))
    throb = 1 + 0.15 * np.sin(2 * np.pi * turns * np.arange(count) / SAMPLE_RATE)
    return air * wind * throb + rng.uniform(0.2, 0.6) * tone(pitch, 0.6 ** np.arange(6), rng)


def hum(count: int, rng: Rng, harmonics: int = 8) -> Wave:
    """Mains hum: iron is attracted twice a cycle, so harmonics of 100 or 120 Hz."""
    pitch = np.full(count, rng.choice((100.0, 120.0)))
    strength = rng.uniform(0.2, 1, harmonics) * 0.75 ** np.arange(harmonics)
    return tone(pitch, strength, rng)


def compressor(count: int, rng: Rng) -> Wave:
    """A fridge: hum, the piston's turns just below line frequency, gas gurgling in the pipes."""
    line = rng.choice((50.0, 60.0)) * rng.uniform(0.94, 0.98)
    pump = tone(line * (1 + 0.002 * wander(count, rng, 2)), 0.7 ** np.arange(10), rng)
    hiss = shaped_noise(count, rng, ((60, 0), (300, -6), (1500, -20), (8000, -50)))
    wave = hum(count, rng) + pump + 0.4 * hiss
    return wave + 0.3 * bubbles(count, rng, rate=rng.uniform(2, 12), sizes=(0.003, 0.008))


def washer(count: int, rng: Rng) -> Wave:
    """A washing machine: the motor's whine, and either splashing water or a spinning drum."""
    spin = rng.random() < 0.4
    turns = rng.uniform(8, 20) if spin else rng.uniform(0.7, 1.0)
    time = np.arange(count) / SAMPLE_RATE
    beat = 0.5 + 0.5 * np.sin(2 * np.pi * turns * time + rng.uniform(0, 6))
    slosh = shaped_noise(count, rng, ((60, -10), (400, 0), (1500, -4), (8000, -30)))
    motor = tone(turns * (11 if spin else 130) * np.ones(count), 0.65 ** np.arange(12), rng)
    rumble = shaped_noise(count, rng, ((30, 0), (120, 0), (400, -24), (8000, -60)))
    return slosh * beat ** (1 if spin else 3) * 1.2 + 0.5 * motor + 0.6 * rumble


def dishwasher(count: int, rng: Rng) -> Wave:
    """Jets that sweep the dishes with the spray arm, over a pump."""
    time = np.arange(count) / SAMPLE_RATE
    sweep = 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.5, 1.2) * time + rng.uniform(0, 6))
    spray = shaped_noise(count, rng, ((80, -16), (600, 0), (2500, -3), (8000, -18)))
    pump = tone(np.full(count, rng.uniform(45, 60)), 0.8 ** np.arange(12), rng)
    return spray * sweep + 0.4 * pump + 0.3 * bubbles(count, rng, 40, (0.002, 0.006))


def vacuum(count: int, rng: Rng) -> Wave:
    """A commutator motor of 300 to 600 turns a second in a rush of air."""
    pitch = rng.uniform(300, 600) * (1 + 0.01 * wander(count, rng, 2))
    rush = shaped_noise(count, rng, ((80, -12), (800, 0), (4000, -4), (8000, -12)))
    return rush + rng.uniform(0.4, 1) * tone(pitch, 0.7 ** np.arange(10), rng)


def engine(count: int, rng: Rng) -> Wave:
    """A four-stroke engine: a burst each half turn per cylinder, through a resonant exhaust."""
    cylinders, turns = rng.choice((1, 3, 4, 6)), rng.uniform(12, 50)
    firing = turns * cylinders / 2 * (1 + 0.02 * wander(count, rng, 6))
    phase = np.cumsum(firing) / SAMPLE_RATE
    strength = 1 + 0.25 * rng.standard_normal(int(phase[-1]) + 2)
    burst = np.exp(-12 * (phase % 1)) * strength[phase.astype(int)]
    burst = burst - burst.mean()
    pipe = ring(rng.uniform(60, 700, 5), rng.uniform(40, 150, 5), rng.uniform(0.3, 1, 5), 2048)
    size = 1 << (count + 2048).bit_length()
    wave = np.fft.irfft(np.fft.rfft(burst, size) * np.fft.rfft(pipe, size), size)[:count]
    rattle = shaped_noise(count, rng, ((200, -10), (1500, 0), (8000, -20)))
    return unit(wave) + 0.15 * rattle * (0.5 + burst.clip(0))


def bubbles(count: int, rng: Rng, rate: float, sizes: tuple[float, float]) -> Wave:
    """Bubbles of radii `sizes` in m: f = 3 / r Hz (Minnaert 1933), rising (van den Doel 2005)."""
    wave = np.zeros(count)
    for start in instants(rate, count / SAMPLE_RATE, rng):
        radius = np.exp(rng.uniform(*np.log(sizes)))
        pitch, decay = 3.0 / radius, 0.13 / radius + 0.0072 * radius**-1.5
        time = np.arange(min(int(SAMPLE_RATE * 5 / decay), SAMPLE_RATE // 4)) / SAMPLE_RATE
        rise = pitch * time * (1 + 0.1 * rng.random() * decay * time)
        add_at(wave, np.exp(-decay * time) * np.sin(2 * np.pi * rise) * rng.uniform(0.2, 1), start)
    return wave


def water(count: int, rng: Rng) -> Wave:
    """A tap, shower or flush: many small bubbles in a hiss."""
    hiss = shaped_noise(count, rng, ((100, -18), (900, -4), (3500, 0), (8000, -8)))
    flow = 1 + 0.2 * wander(count, rng, 4)
    splash = unit(bubbles(count, rng, rng.uniform(120, 300), (0.0008, 0.005)))
    return hiss * flow * rng.uniform(0.3, 1) + splash


def aquarium(count: int, rng: Rng) -> Wave:
    """An air pump's buzz and the bubbles that it feeds."""
    return 0.4 * unit(hum(count, rng)) + unit(bubbles(count, rng, 35, (0.0015, 0.004)))


def boiling(count: int, rng: Rng) -> Wave:
    """A kettle or a coffee machine: steam, bubbles, and the heater's hum."""
    steam = shaped_noise(count, rng, ((100, -20), (1200, -4), (5000, 0), (8000, -3)))
    return (
        steam * (1 + 0.2 * wander(count, rng, 6))
        + unit(bubbles(count, rng, 150, (0.002, 0.009)))
        + 0.2 * unit(hum(count, rng))
    )


def oven(count: int, rng: Rng) -> Wave:
    """A fan behind sheet metal, hum, and now and then a beep or a tick of hot metal."""
    wave = unit(fan(count, rng, (20, 30))) + 0.5 * unit(hum(count, rng))
    if rng.random() < 0.5:
        beep = tone(np.full(SAMPLE_RATE // 4, rng.uniform(1900, 2200)), (1, 0, 0.3), rng)
        for number in range(rng.integers(1, 4)):
            add_at(wave, beep * swell(beep.size, 0.005, 0.01) * 1.5, 0.2 + 0.5 * number)
    for start in instants(1.0, count / SAMPLE_RATE, rng):
        add_at(wave, 2 * ring(rng.uniform(900, 4000, 4), np.full(4, 90.0), np.ones(4), 1600), start)
    return wave


def computer(count: int, rng: Rng) -> Wave:
    """A quick small fan, with typing or a disk's seeks."""
    return unit(fan(count, rng, (25, 70), air=0.8)) + 0.7 * typing(count, rng)


def printer(count: int, rng: Rng) -> Wave:
    """A stepper motor that drives a carriage to and fro over rustling paper."""
    stroke = rng.uniform(0.3, 0.6)
    ramp = np.abs((np.arange(count) / SAMPLE_RATE / stroke) % 2 - 1)
    pitch = rng.uniform(300, 700) * np.clip(4 * np.minimum(ramp, 1 - ramp), 0.2, 1)
    return unit(tone(pitch, 0.8 ** np.arange(8), rng)) + 0.4 * unit(rustle(count, rng))


def crackle(count: int, rng: Rng) -> Wave:
    """A fire: snaps of all sizes over a low roar."""
    roar = shaped_noise(count, rng, ((40, 0), (200, 0), (1000, -20), (8000, -44)))
    wave = 0.4 * roar * (1 + 0.3 * wander(count, rng, 5))
    snaps = np.zeros(count)
    for start in instants(rng.uniform(15, 40), count / SAMPLE_RATE, rng):
        add_at(snaps, click(rng, 700, 7000, 700) * rng.pareto(1.6), start)
    return wave + unit(np.tanh(snaps))
