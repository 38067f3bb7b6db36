"""What datasets need to know of each modality: one module a modality, named after it.

`sample_module(modality)` returns it. It has the names below. *Data* is what a dataset holds of one
modality of one sample. An *observation* is the same as a sensor delivers it and encoders take it.

    SUFFIX: str                       how the name of the tar member ends, after 'KEY.': 11
                                      characters at most, all different, e.g. 'image.jpg'
    CONTENT: str                      type, shape and units of the data, for the data card
    encode(data) -> bytes             raises CodecError where it is other data
    decode(stored) -> data            raises CodecError where the bytes are damaged
    to_observation(data, rng)         data -> observation; rng chooses where there is a choice
    picture(data, size) -> Picture    draws the data, uint8 [size, size, 3], RGB
    noise(observation, rng)           the observation of a sensor that delivers noise only

These are optional:

    dead(observation, rng)            the observation of a sensor that delivers, but measures
                                      nothing; without it, such a sensor delivers nothing
    features(data) -> float32 [F]     simple features for `omnibind dataset inspect --probe`
    length(stored) -> int             number of samples in time of data of any length, such as a
                                      sound, from its header alone
    CELLS: int                        width of a picture on the contact sheet, in cells (1)

`rng` is a numpy.random.Generator. `noise` and `dead` keep the size of the observation.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from omnibind_ros.modalities import MODALITIES, has_part, part


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
