"""A sample that was read from a dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnibind_ros.datasets.samples import sample_module

from .item import Origin


@dataclass(frozen=True)
class Sample:
    """One sample; the data of a modality is read and decoded on access.

    Attributes:
        key: Its name in the dataset.
        label: The class.
        object_id: The object.
        split: train, validation or test.
        source: The published set that it comes from.
        licence: Licence of the data.
        author: Author of the object model or the recording.
        origin: By modality that it has, 'recorded' or 'simulated'.
    """

    key: str
    label: str
    object_id: str
    split: str
    source: str
    licence: str
    author: str
    origin: Mapping[str, Origin]
    _members: Mapping[str, memoryview]

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that it has."""
        return tuple(self.origin)

    @property
    def meta(self) -> dict[str, Any]:
        """What else is known of it, such as the settings of simulated sensors."""
        return dict(json.loads(bytes(self._members["meta"]))["meta"])

    def __getitem__(self, modality: str) -> Any:
        """Return a modality's data, as its module in `datasets.samples` decodes it.

        Raises:
            KeyError: It has no such modality.
            CodecError: The shard is damaged.
        """
        return sample_module(modality).decode(self._members[modality])

    def length(self, modality: str) -> int:
        """Return the number of samples in time of a modality's data, without decoding it.

        Args:
            modality: One whose module in `datasets.samples` has `length`, such as audio.

        Raises:
            KeyError: It has no such modality.
            CodecError: The shard is damaged.
        """
        return int(sample_module(modality).length(self._members[modality]))
