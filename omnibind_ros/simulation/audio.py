"""A microphone: the object is tapped, or operates, in a room of a home; 16 kHz, mono.

Taps are made by modal synthesis (sound/impacts.py). The sounds of operating objects are in
sound/operating.py, the effect of the room in sound/room.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.units import SAMPLE_RATE

from .interface import Setup, Step, Subject
from .objects.substances import SUBSTANCES, Substance
from .sound.impacts import Body, Strike, tap
from .sound.operating import SOUNDS
from .sound.room import Room, record
from .sound.synthesis import Rng, Wave, add_at, swell, unit

COUNT = 2 * SAMPLE_RATE
"""Samples of a recording: 2 s."""

LONGEST = 10
"""Most seconds of sound that one step gives."""

_SOFT = frozenset({"fabric", "food", "leaf", "leather", "rubber", "skin"})
_HOLLOW = frozenset({"ceramic", "glass", "metal", "plastic"})
_LARGEST = 1.2
"""Longest part of a piece of furniture that vibrates freely, in metres."""

_WALLS = {
    ("wood", "plate"): (0.008, 0.028),
    ("wood", "bar"): (0.015, 0.05),
    ("metal", "plate"): (0.0006, 0.002),
    ("metal", "bar"): (0.004, 0.03),
    ("metal", "shell"): (0.0006, 0.0025),
    ("glass", "plate"): (0.004, 0.008),
    ("glass", "shell"): (0.0012, 0.004),
    ("ceramic", "plate"): (0.006, 0.015),
    ("ceramic", "shell"): (0.003, 0.007),
    ("plastic", "plate"): (0.002, 0.004),
    ("plastic", "shell"): (0.0012, 0.003),
    ("plastic", "bar"): (0.005, 0.02),
    ("paper", "plate"): (0.0005, 0.004),
}
"""Usual thickness of walls, panels and profiles in metres, which models do not have."""


@dataclass(frozen=True)
class AudioSettings:
    """What is recorded, and where; its fields are stored with each sample.

    Attributes:
        taps: When and how the object is tapped: seconds, strike.
        running: The sound that it makes by itself, a name in `SOUNDS`; empty: none.
        balance: Level of that sound against the taps.
        room: Room and microphone.
    """

    taps: tuple[tuple[float, Strike], ...]
    running: str
    balance: float
    room: Room

    @staticmethod
    def draw(sounds: Sequence[str], rng: Rng) -> AudioSettings:
        """Draw one to three taps; or, if the object can, a sound of its own, with or without taps.

        Args:
            sounds: Names of the sounds that the object can make by itself.
            rng: Random generator.
        """
        operates = bool(sounds) and rng.random() < 0.7
        running = str(rng.choice(list(sounds))) if operates else ""
        count = 0 if operates and rng.random() < 0.4 else int(rng.integers(1, 4))
        times = np.sort(rng.uniform(0.05, 1.5, count))
        return AudioSettings(
            taps=tuple((float(time), Strike.draw(rng)) for time in times),
            running=running,
            balance=float(10 ** rng.uniform(-1.0, 0.3)),
            room=Room.draw(rng),
        )


def body_of(substance: Substance, size: Sequence[float], rng: Rng) -> Body:
    """Draw the part of an object that vibrates when it is tapped.

    Models have surfaces but no inside. So the shape class follows from substance and extents
    (small hollow objects are shells, long thin ones bars, soft ones solid and soft, the rest
    plates), and the wall's thickness is drawn from what is usual.

    Args:
        substance: What is struck.
        size: Extents of the object in metres, [3].
        rng: Random generator; with a seed of the object's own, the body is always the same.

    Returns:
        The body, its constants scattered by about a tenth around the substance's.
    """
    extents = np.clip(np.sort(np.asarray(size, float))[::-1], 1e-3, None)
    shape = _shape(substance.name, extents, rng)
    if shape == "shell":
        part = np.minimum(extents, _LARGEST)
    else:
        part = np.minimum(extents * rng.uniform(0.4, 1.0, 3), _LARGEST)
    low, high = _WALLS.get((substance.name, shape), (0.01, 0.04))
    scatter = np.exp(0.1 * rng.standard_normal(3))
    return Body(
        shape=shape,
        size=(float(part[0]), float(part[1]), float(part[2])),
        thickness=float(min(rng.uniform(low, high), part[0])),
        young=substance.youngs_modulus * float(scatter[0]),
        density=substance.density * float(scatter[1]),
        loss=substance.loss_factor * float(scatter[2] ** 3),
    )


def _shape(name: str, extents: NDArray[np.float64], rng: Rng) -> str:
    if name in _SOFT:
        return "soft"
    if name == "stone":
        return "solid"
    slender = extents[0] > 5 * extents[1]
    if name != "paper" and (slender or (name in {"wood", "metal"} and rng.random() < 0.3)):
        # Legs and rails; of glass and china there are only tubes.
        return "bar" if (name, "bar") in _WALLS else "shell"
    if name in _HOLLOW and extents[0] < 0.5 and extents[2] > 0.15 * extents[0]:
        return "shell"
    return "plate"


def make_sound(body: Body, settings: AudioSettings, rng: Rng, count: int = COUNT) -> Wave:
    """Make the dry sound of an object, before the room.

    Args:
        body: The body that is tapped.
        settings: When it is tapped, and which other sound it makes.
        rng: Random generator.
        count: Length in samples.

    Returns:
        float64 [count], largest peak 1 unless it is silent.

    Raises:
        ValueError: There is no such sound.
    """
    wave = np.zeros(count)
    for second, strike in settings.taps:
        add_at(wave, tap(body, strike, rng, count - round(second * SAMPLE_RATE)), second)
    wave = _normal(wave)
    if settings.running:
        if settings.running not in SOUNDS:
            known = ", ".join(SOUNDS)
            raise ValueError(f"there is no sound '{settings.running}': use one of {known}.")
        running = _normal(unit(SOUNDS[settings.running](count, rng)))
        wave = _normal(wave + running * (settings.balance if settings.taps else 1.0))
    return wave


def render_audio(
    body: Body, settings: AudioSettings, rng: Rng, count: int = COUNT
) -> NDArray[np.int16]:
    """Record an object that is tapped or operates.

    Args:
        body: The body that is tapped.
        settings: What is recorded, and where.
        rng: Random generator.
        count: Length in samples at 16 kHz.

    Returns:
        int16 [count].
    """
    return record(make_sound(body, settings, rng, count), settings.room, rng)


class AudioStream:
    """An endless sound of an object, read in chunks of any length.

    Recordings of 2 s in one room follow each other, crossfaded over 50 ms.
    """

    _OVERLAP = SAMPLE_RATE // 20

    def __init__(self, body: Body, sounds: Sequence[str], rng: Rng) -> None:
        """Draw the room.

        Args:
            body: The body that is tapped.
            sounds: Names of the sounds that the object can make by itself.
            rng: Random generator of this and of every later call.
        """
        self._body, self._sounds, self._rng = body, sounds, rng
        self._room = Room.draw(rng)
        self._ahead = np.zeros(self._OVERLAP)

    def read(self, count: int) -> NDArray[np.int16]:
        """Return the next samples, int16 [count]."""
        while self._ahead.size < count + self._OVERLAP:
            drawn = AudioSettings.draw(self._sounds, self._rng)
            settings = AudioSettings(drawn.taps, drawn.running, drawn.balance, self._room)
            clip = render_audio(self._body, settings, self._rng).astype(float)
            clip *= swell(clip.size, self._OVERLAP / SAMPLE_RATE, self._OVERLAP / SAMPLE_RATE)
            start = self._ahead.size - self._OVERLAP
            joined = np.concatenate([self._ahead, np.zeros(clip.size - self._OVERLAP)])
            joined[start:] += clip
            self._ahead = joined
        chunk, self._ahead = self._ahead[:count], self._ahead[count:]
        return np.asarray(np.round(np.clip(chunk, -32768, 32767)), np.int16)


def _normal(wave: Wave) -> Wave:
    peak = float(np.abs(wave).max(initial=0.0))
    return wave / peak if peak > 0 else wave


def sounding_body(subject: Subject, substance: str) -> Body:
    """Return the body that sounds when a part of that substance is tapped: always the same."""
    rng = np.random.default_rng([subject.seed, 0])
    return body_of(SUBSTANCES[substance], subject.model.size.tolist(), rng)


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[NDArray[np.int16], dict[str, Any]]:
    """Record one sound; see the room's description."""
    settings = AudioSettings.draw(subject.description.sounds, rng)
    substance = subject.model.materials[setup.contact.material].substance
    return render_audio(sounding_body(subject, substance), settings, rng), asdict(settings)


class Stream:
    """A microphone: each step gives the sound since the one before."""

    rate = 20.0

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Draw a room; see the room's description."""
        main = next(iter(subject.model.substance_shares()))
        self._sound = AudioStream(sounding_body(subject, main), subject.description.sounds, rng)
        self._count = 0

    def read(self, step: Step) -> NDArray[np.int16]:
        """Return the sound since the step before, int16 [n]; of a long step the last part."""
        # Counted from the first step, so that no rounding adds up.
        until = round(step.time * SAMPLE_RATE)
        count = min(until - self._count, LONGEST * SAMPLE_RATE)
        self._count = until
        return self._sound.read(count)
