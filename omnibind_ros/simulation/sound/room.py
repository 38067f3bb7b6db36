"""The effect of a room and a microphone on a sound.

Direct sound and first reflections come from the image-source method in a rectangular room (Allen
and Berkley 1979); the tail is noise that decays exponentially (Moorer 1979, Polack 1988), faster at
high frequencies, where air and furnishings absorb more. What records it is in microphone.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.units import SAMPLE_RATE

from .microphone import Microphone, background
from .synthesis import Rng, Wave, shaped_noise

_SPEED_OF_SOUND = 343.0


@dataclass(frozen=True)
class Room:
    """A rectangular room with a source and a microphone in it.

    Attributes:
        size: Length, width and height in metres.
        reverberation: Time in s in which the sound decays by 60 dB, at low frequencies.
        source: Where the sound is made, in metres from a corner of the floor.
        microphone: Where the microphone is, likewise.
        snr: Ratio of the sound to the background noise, in dB.
        level: Highest peak of the recording, in dB relative to full scale; above 0 it is clipped.
        device: What records it.
    """

    size: tuple[float, float, float]
    reverberation: float
    source: tuple[float, float, float]
    microphone: tuple[float, float, float]
    snr: float
    level: float
    device: Microphone = field(default_factory=Microphone)

    @staticmethod
    def draw(rng: Rng) -> Room:
        """Draw a room, from a cell to a hall, with the robot 0.3 to 3 m from the sound.

        A tenth of the recordings is clipped by up to 6 dB, the others are up to 45 dB below full
        scale.
        """
        hall = rng.random() < 0.15
        size = rng.uniform((2.0, 2.0, 2.3), (15.0, 12.0, 6.0) if hall else (7.0, 5.0, 3.2))
        source = rng.uniform((0.3, 0.3, 0.1), size - (0.3, 0.3, 0.8))
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 3.0)
        away = source + reach * np.array([math.cos(angle), math.sin(angle), rng.uniform(-0.2, 0.4)])
        microphone = np.clip(away, 0.1, size - 0.1)
        return Room(
            _triple(size),
            float(rng.uniform(0.6, 1.5) if hall else rng.uniform(0.1, 0.8)),
            _triple(source),
            _triple(microphone),
            snr=float(rng.uniform(5, 50)),
            level=float(rng.uniform(0, 6) if rng.random() < 0.1 else rng.uniform(-45, -1)),
            device=Microphone.draw(rng),
        )


def impulse_response(room: Room, rng: Rng) -> Wave:
    """Return the impulse response at the microphone: direct sound, reflections, tail.

    The direct sound arrives at time 0 (the travel time is left out) with an amplitude of 1.

    Args:
        room: The room.
        rng: Random generator of the tail.

    Returns:
        float64, as long as it takes to decay by 60 dB.
    """
    size, source, microphone = (np.array(v) for v in (room.size, room.source, room.microphone))
    reflection = _reflection(room)
    # Up to one reflection an axis: 27 images, the source itself among them.
    order = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    images = np.where(order == 0, source, np.where(order < 0, -source, 2 * size - source))
    distance = np.maximum(np.linalg.norm(images - microphone, axis=1), 0.1)
    direct = distance[len(order) // 2]
    late = (distance - direct) / _SPEED_OF_SOUND * SAMPLE_RATE
    gain = reflection ** np.abs(order).sum(axis=1) * direct / distance
    count = round(room.reverberation * SAMPLE_RATE)
    response = np.zeros(count)
    np.add.at(response, np.minimum(np.maximum(late.round().astype(int), 0), count - 1), gain)
    return response + _tail(room, float(direct), rng, count)


def record(sound: Wave, room: Room, rng: Rng) -> NDArray[np.int16]:
    """Record a sound in a room with a noisy microphone.

    Args:
        sound: The dry sound at 16 kHz, any scale.
        room: The room and the microphone.
        rng: Random generator.

    Returns:
        int16 of the same length.
    """
    response = impulse_response(room, rng)
    size = 1 << (sound.size + response.size - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    recorded = np.fft.irfft(spectrum, size)[: sound.size]
    peak = float(np.abs(recorded).max(initial=0.0))
    recorded = recorded / peak if peak > 0 else recorded
    loudness = float(np.sqrt(np.mean(np.square(recorded)))) or 0.1
    noise = background(sound.size, room.device, rng)
    recorded = room.device.hear(recorded + noise * loudness * 10 ** (-room.snr / 20))
    recorded *= 10 ** (room.level / 20) / max(float(np.abs(recorded).max(initial=0.0)), 1e-9)
    return np.asarray(np.round(np.clip(recorded, -1, 1) * 32767), np.int16)


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _reflection(room: Room) -> float:
    """Return the walls' pressure reflection that gives the reverberation time (Sabine's law)."""
    x, y, z = room.size
    surface = 2 * (x * y + y * z + x * z)
    absorption = 0.161 * x * y * z / (surface * room.reverberation)
    return math.sqrt(max(1 - absorption, 0.0))


def _tail(room: Room, direct: float, rng: Rng, count: int) -> Wave:
    """Return the diffuse tail: two bands of noise, the upper one decaying twice as fast."""
    time = np.arange(count) / SAMPLE_RATE
    fall = math.log(1000) / room.reverberation
    low = shaped_noise(count, rng, ((60, 0), (1500, 0), (3000, -24), (8000, -60)))
    high = shaped_noise(count, rng, ((1500, -40), (3000, 0), (8000, -6)))
    tail = low * np.exp(-fall * time) + high * np.exp(-2 * fall * time)
    # Direct and diffuse energies are equal at the critical distance (Kuttruff 2016, section 5.6).
    x, y, z = room.size
    critical = 0.057 * math.sqrt(x * y * z / room.reverberation)
    energy = float(np.sum(np.square(tail)))
    return tail * (direct / critical) / math.sqrt(energy) if energy > 0 else tail
