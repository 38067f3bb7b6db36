"""The sounds that things make when they run or are handled, by name.

Each is a small physical or signal model with figures drawn anew, so that no two are the same.
descriptions.yaml says which class makes which; a new one is a function and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import appliances as machines
from . import moving_parts as handling
from . import voices
from .synthesis import Rng, Wave

Sound = Callable[[int, Rng], Wave]
"""Makes `count` samples at 16 kHz."""

SOUNDS: dict[str, Sound] = {
    "aquarium": machines.aquarium,
    "bark": voices.bark,
    "bell": voices.bell,
    "boiling": machines.boiling,
    "clock": voices.clock,
    "compressor": machines.compressor,
    "computer": machines.computer,
    "crackle": handling.crackle,
    "creak": handling.creak,
    "dishwasher": machines.dishwasher,
    "engine": machines.engine,
    "fan": machines.fan,
    "flip": handling.flip,
    "hum": machines.hum,
    "loudspeaker": voices.loudspeaker,
    "oven": machines.oven,
    "printer": machines.printer,
    "rustle": handling.rustle,
    "slide": handling.slide,
    "springs": partial(handling.creak, pitch=(700, 2500)),
    "strings": voices.strings,
    "switch": handling.switch,
    "telephone": voices.telephone,
    "typing": handling.typing,
    "vacuum": machines.vacuum,
    "voice": voices.voice,
    "washer": machines.washer,
    "water": machines.water,
}
"""Every running sound by its name in descriptions.yaml."""
