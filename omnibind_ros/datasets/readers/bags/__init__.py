"""The reader of ROS 2 bags, by the rosbags library and without ROS.

The module of a modality, `readers/bags/MODALITY.py`, has

- `TYPES`: the message types that it understands, e.g. 'sensor_msgs/msg/Image';
- `load(messages, source)`: returns the data of one sample, as datasets hold it
  (`omnibind_ros.datasets.samples`), from the messages of the sample's time, at least one; raises
  `SkipError` where they cannot be used. `source` is a `base.MessageSource`.

and it may have

- `WINDOW_NS`: only the messages of the last so many nanoseconds of a sample's time are used.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from omnibind_ros.modalities import MODALITIES, has_part, part


@cache
def bag_modalities() -> tuple[str, ...]:
    """Return the modalities that are read from bags, in the order of `MODALITIES`."""
    return tuple(name for name in MODALITIES if has_part("datasets.readers.bags", name))


def bag_module(modality: str) -> ModuleType:
    """Return the module of a modality in this room.

    Raises:
        KeyError: There is no such modality; the text is a sentence.
        ImportError: It is not read from bags, or its module cannot be imported.
    """
    return part("datasets.readers.bags", modality)
