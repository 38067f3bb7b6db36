"""Makes published recordings fit beside the household set's simulated samples."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.sample import Item
from omnibind_ros.units import SAMPLE_RATE

SECONDS = 2.0
"""Length of the set's sounds."""

NUMBERED = re.compile(r"(?P<name>.*?)(?P<number>\d+)(?P<album> \d+)?$")
SCENE = 10
"""So many pictures with successive numbers are taken for one scene."""

Sound = npt.NDArray[np.int16]


def loudest(load: Callable[[], Sound], seconds: float = SECONDS) -> Sound:
    """Return the part of a sound that has the most energy.

    Clips are padded with silence, and a bark lasts half a second: a part chosen by chance would
    often hold nothing.

    Args:
        load: Loads the sound, int16 [n] at 16 kHz.
        seconds: Length of the part.

    Returns:
        int16 [seconds * 16 000]; a shorter sound is padded with silence at its end.
    """
    samples = load()
    wanted = round(seconds * SAMPLE_RATE)
    if samples.size <= wanted:
        return np.pad(samples, (0, wanted - samples.size))
    energy = np.cumsum(np.concatenate([[0.0], np.square(samples, dtype=np.float64)]))
    start = int((energy[wanted:] - energy[:-wanted]).argmax())
    return samples[start : start + wanted]


def scene(picture: str) -> str:
    """Return what pictures of one scene have in common.

    The pictures of 'Thermal Dogs and People' were taken in a row and numbered by the camera, and
    its published split puts neighbours, which show the same dog, into train and test. Ten numbers
    of one album are taken for a scene, so that a split by scene keeps most neighbours together.

    Args:
        picture: A file's name without Roboflow's ending, such as 'IMG_0034 2'.
    """
    match = NUMBERED.match(picture)
    if match is None:
        return picture
    return f"{match['name']}{match['album'] or ''}-{int(match['number']) // SCENE}"


def prepare(item: Item) -> Item:
    """Cut an item's sound to its loudest two seconds, and split thermal pictures by scene.

    Args:
        item: From any reader.

    Returns:
        The item, changed where it has one of these modalities.
    """
    modalities = dict(item.modalities)
    if "audio" in modalities:
        modalities["audio"] = partial(loudest, modalities["audio"])
    if "picture" not in item.meta:
        return replace(item, modalities=modalities)
    folder, _, picture = item.object_id.partition("/")
    return replace(item, modalities=modalities, split=None, object_id=f"{folder}/{scene(picture)}")
