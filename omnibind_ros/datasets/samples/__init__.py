"""Modalities in datasets: one module a modality, from data to bytes, observations and pictures.

*Data* is what a dataset holds of one modality of one sample. An *observation* is the same as a
sensor delivers it and encoders take it. The module of a modality, which `sample_module` returns,
has

- `SUFFIX`: the end of the tar member's name, after 'KEY.'; 11 characters at most, e.g. 'image.jpg';
- `CONTENT`: type, shape and units of the data, for the data card;
- `encode(data)`: returns bytes; raises `CodecError` where the data does not fit the modality;
- `decode(stored)`: returns the data; raises `CodecError` where the bytes are damaged;
- `to_observation(data, rng)`: returns the observation; `rng` decides where there is a choice;
- `picture(data, size)`: draws the data, uint8 [size, size, 3], RGB;
- `noise(observation, rng)`: returns an observation of the same size that is noise only;

and it may have

- `from_observation(observation, reading)`: returns the data of an observation, for recordings of
  sensors; `reading` is the sensor's last decoded message; raises `CodecError` where nothing can be
  stored; where it is missing, the observation is the data;
- `dead(observation, rng)`: returns the observation of a sensor that delivers but measures nothing;
  where there is no `dead`, such a sensor delivers nothing;
- `features(data)`: returns simple features, float32 [F], for `omnibind dataset inspect --probe`;
- `length(stored)`: returns the number of samples in time, from the header of the bytes alone, of
  data of any length such as sounds;
- `CELLS`: the width of a picture on the contact sheet, in cells; 1 where it is missing.

`rng` is a `numpy.random.Generator`.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from omnibind_ros.modalities import MODALITIES, has_part, part

from .base import CodecError

__all__ = ["CodecError", "sample_module", "stored_modalities"]


@cache
def stored_modalities() -> tuple[str, ...]:
    """Return the modalities that datasets can hold, in the order of `MODALITIES`."""
    return tuple(name for name in MODALITIES if has_part("datasets.samples", name))


def sample_module(modality: str) -> ModuleType:
    """Return the module of a modality in this room.

    Raises:
        KeyError: There is no such modality; the text is a sentence.
        ImportError: Datasets cannot hold it, or its module cannot be imported.
    """
    return part("datasets.samples", modality)
