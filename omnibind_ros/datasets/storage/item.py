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
    """A sample on its way into a dataset: what it shows, and how to get at each modality.

    Attributes:
        key: Unique in its dataset; letters, digits, '-' and '_' only (a tar member's name begins
            with it, and a dot would end it).
        label: The class.
        object_id: The thing itself; no object is in two splits.
        split: Where the object belongs; None: the dataset decides by a hash of the object's id.
        modalities: By name, how to load the data. `datasets.samples` says what each returns.
        origin: By modality, whether the data was recorded or simulated.
        source: The set it comes from, e.g. 'ESC-10'.
        licence: Licence of the data.
        author: Who made the object or the recording.
        meta: What else is known; JSON can hold it.
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
