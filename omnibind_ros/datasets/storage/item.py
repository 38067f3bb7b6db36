"""An item: one sample on its way into a dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["recorded", "simulated"]
Split = Literal["train", "validation", "test"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Item:
    """A sample on its way into a dataset: its labels, and how to load each modality.

    Attributes:
        key: Unique in its dataset; letters, digits, '-' and '_' only (the name of a tar member
            begins with it and a dot).
        label: The class.
        object_id: The object.
        split: The split that is published or chosen by hand; None: a plan gives it one
            (`splits.divide`) before it is stored.
        modalities: By modality, a function that loads its data, as `datasets.samples` describes.
        origin: By modality, whether the data was recorded or simulated.
        source: The published set that it comes from, e.g. 'ESC-10'.
        licence: Licence of the data.
        author: Author of the object model or the recording.
        meta: What else is known, as JSON can hold it.
        object_known: Whether the object is known; else the id stands for the item alone.
    """

    key: str
    label: str
    object_id: str
    split: Split | None
    modalities: Mapping[str, Callable[[], Any]]
    origin: Mapping[str, Origin]
    source: str
    licence: str
    author: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    object_known: bool = True
