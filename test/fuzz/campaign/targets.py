"""What is tried: targets by name, in families of one module each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MILLION = 1_000_000
SOME = 20_000

FAMILIES: dict[str, tuple[str, ...]] = {
    "messages": (
        *("image", "compressed_image", "thermal", "compressed_thermal", "touch"),
        *("compressed_touch", "events", "evt3", "mono", "points", "audio", "audio_data"),
        *("audio_stamped", "encoded_sound", "text", "embedding"),
    ),
    "page": ("guard", "refresh", "event", "state", "stamp", "unpacked", "pictures"),
    "files": (
        *("pcd", "ply", "npy", "npz", "evt2", "evt3_file", "dat", "atis", "aedat4", "wav", "mp3"),
        *("flac", "ogg", "tif", "png", "jpg", "bmp", "webp", "pgm", "txt"),
    ),
    "documents": (
        *("manifest", "bundle", "labels", "bag_labels", "parameters", "folder", "enrolled"),
        *("label_cache", "statistics"),
    ),
    "bags": ("mcap", "mcap_chunks", "sqlite3", "metadata"),
    "networks": ("student", "student_bytes", "fusion"),
}
"""Names of the targets by family: `campaign/FAMILY.py` has each under `TARGETS`."""

PURE = ("messages", "page")
"""Families of functions of a message alone."""


@dataclass(frozen=True)
class Target:
    """Something that reads what comes from outside.

    Attributes:
        run: Takes an input. It returns where the input is read or refused as it should be, and
            raises otherwise.
        seeds: Returns inputs to begin with.
        longest: Bytes of an input at most.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    longest: int = 1024


def names(wanted: Sequence[str] = ()) -> list[str]:
    """Return the names FAMILY.TARGET of all targets, or of the wanted families and targets.

    Raises:
        ValueError: There is no such target.
    """
    every = [f"{family}.{name}" for family, members in FAMILIES.items() for name in members]
    known = {*every, *FAMILIES}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"there is no target {unknown[0]}; use one of: {', '.join(every)}")
    return [one for one in every if not wanted or {one, one.partition(".")[0]} & {*wanted}]


def inputs_asked(name: str) -> int:
    """Return how many inputs issue and documentation ask of a target."""
    return MILLION if name.partition(".")[0] in PURE else SOME


def load(name: str) -> Target:
    """Return a target; its module, with all that it needs, is imported by this."""
    family, _, member = name.partition(".")
    module = importlib.import_module(f"campaign.{family}")
    target: Target = module.TARGETS[member]
    return target
