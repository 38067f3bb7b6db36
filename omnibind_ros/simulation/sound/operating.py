"""The sounds that objects make when they operate or are operated, by name.

Each is a small physical or signal model with figures drawn anew, so that no two are the same.
descriptions.yaml names the sounds of each class; a new one is a function and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import appliances, bells_and_strings, moving_parts, voices
from .synthesis import Rng, Wave

Sound = Callable[[int, Rng], Wave]
"""Makes `count` samples at 16 kHz."""

SOUNDS: dict[str, Sound] = {
    "aquarium": appliances.aquarium,
    "bark": voices.bark,
    "bell": bells_and_strings.bell,
    "boiling": appliances.boiling,
    "clock": bells_and_strings.clock,
    "compressor": appliances.compressor,
    "computer": appliances.computer,
    "crackle": appliances.crackle,
    "creak": moving_parts.creak,
    "dishwasher": appliances.dishwasher,
    "engine": appliances.engine,
    "fan": appliances.fan,
    "flip": moving_parts.flip,
    "hum": appliances.hum,
    "loudspeaker": voices.loudspeaker,
    "oven": appliances.oven,
    "printer": appliances.printer,
    "rustle": moving_parts.rustle,
    "slide": moving_parts.slide,
    "springs": partial(moving_parts.creak, pitch=(700, 2500)),
    "strings": bells_and_strings.strings,
    "switch": moving_parts.switch,
    "telephone": bells_and_strings.telephone,
    "typing": moving_parts.typing,
    "vacuum": appliances.vacuum,
    "voice": voices.voice,
    "washer": appliances.washer,
    "water": appliances.water,
}
"""Every sound by its name in descriptions.yaml."""
