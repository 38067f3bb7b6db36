"""From an item to the bytes of its modalities."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.samples.base import CodecError

from .item import Item, Split

KEY = re.compile(r"[A-Za-z0-9_-]{1,88}")
SUFFIX_LENGTH = 11
"""Most characters of a suffix: a tar header has 100 for key, dot and suffix."""


@dataclass(frozen=True)
class EncodedSample:
    """A sample, ready to be written into a shard.

    Attributes:
        item: The item that it was made from.
        split: Its split.
        meta: Content of KEY.json.
        data: By modality, the encoded bytes.
    """

    item: Item
    split: Split
    meta: bytes
    data: Mapping[str, bytes]


def encode(item: Item) -> EncodedSample:
    """Load and encode all modalities of an item.

    Raises:
        SkipError: A modality cannot be loaded or encoded, or the item has no modality, no split or
            no valid key. A sample is stored with all of its modalities or not at all.
    """
    if not KEY.fullmatch(item.key):
        raise SkipError(item.key, "the key is not made of 1 to 88 letters, digits, '-' and '_'")
    if not item.modalities:
        raise SkipError(item.key, "the sample has no modality")
    if item.split is None:
        raise SkipError(item.key, "the plan gave the sample no split")
    data = {}
    for modality in stored_modalities():
        if modality in item.modalities:
            try:
                data[modality] = _encode_data(modality, item.modalities[modality]())
            except SkipError:
                raise
            except (ValueError, OSError) as error:
                raise SkipError(item.object_id, f"{modality}: {error}") from error
    meta = {
        **{name: getattr(item, name) for name in ("label", "object_id", "source", "licence")},
        "author": item.author,
        "split": item.split,
        "origin": {modality: item.origin[modality] for modality in data},
        "meta": dict(item.meta),
    }
    return EncodedSample(item, item.split, json.dumps(meta, ensure_ascii=False).encode(), data)


def _encode_data(modality: str, data: Any) -> bytes:
    """Return a modality's data as bytes; raises CodecError."""
    module = sample_module(modality)
    if len(module.SUFFIX) > SUFFIX_LENGTH:
        raise CodecError(
            f"files of the modality end in '{module.SUFFIX}', which is longer than "
            f"{SUFFIX_LENGTH} characters: give its module a shorter SUFFIX"
        )
    stored: bytes = module.encode(data)
    return stored
