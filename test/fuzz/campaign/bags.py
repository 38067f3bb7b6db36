"""Bags of MCAP and SQLite: what is whole is read, the rest is named in a sentence."""

from __future__ import annotations

import tempfile
from functools import cache, partial
from pathlib import Path

from damaged_bags import (
    MCAP_END,
    MCAP_MAGIC,
    TOPICS,
    chunked,
    make_texts,
    mcap_records,
    storage_file,
    write_texts,
)

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.bags.files import bag_problems, messages, open_bag

from .checks import attempt, check_sentence
from .files import folder
from .targets import Target

TEXTS = make_texts(5, size=24)


def bag(name: str) -> Path:
    """Return the folder of a bag, which is used again for each input."""
    made = folder() / name
    made.mkdir(exist_ok=True)
    return made


def read(where: Path) -> None:
    """Read all messages of a bag, and what is said of it."""
    open_bag.cache_clear()
    for _, _, decode in messages(where, TOPICS):
        attempt(decode, SkipError)
    for problem in bag_problems(where):
        check_sentence(problem)


def one_file(data: bytes, name: str) -> None:
    """Read a bag of a single file."""
    where = bag(name.replace(".", "-"))
    (where / name).write_bytes(data)
    attempt(partial(read, where), SkipError)


def metadata(data: bytes) -> None:
    """Read a whole bag beside metadata that may say anything."""
    where = bag("described")
    if not (where / "a.mcap").exists():
        (where / "a.mcap").write_bytes(_loose())
    (where / "metadata.yaml").write_bytes(data)
    attempt(partial(read, where), SkipError)


def _loose() -> bytes:
    head, records = mcap_records(TEXTS)
    return b"".join([MCAP_MAGIC, *head, *records, MCAP_END])


def chunk_seeds() -> list[bytes]:
    kinds = [(name, checked) for name in ("", "lz4", "zstd") for checked in (True, False)]
    return [
        b"".join([MCAP_MAGIC, *chunked(TEXTS, 3, name, checksum=checked), MCAP_END])
        for name, checked in kinds
    ]


@cache
def _whole(kind: str) -> tuple[bytes, bytes]:
    """Return the file and the metadata of a bag as rosbags writes it."""
    from damaged_bags import KINDS  # noqa: PLC0415 - by name below

    with tempfile.TemporaryDirectory() as scratch:
        where = Path(scratch) / "bag"
        plugin, mode = next(one for one in KINDS if one[0].name == kind)
        write_texts(where, TEXTS, plugin, mode)
        return storage_file(where).read_bytes(), (where / "metadata.yaml").read_bytes()


def mcap_seeds() -> list[bytes]:
    return [_loose(), _whole("MCAP")[0]]


TARGETS = {
    "mcap": Target(partial(one_file, name="a.mcap"), mcap_seeds, 8192),
    "mcap_chunks": Target(partial(one_file, name="c.mcap"), chunk_seeds, 8192),
    "sqlite3": Target(partial(one_file, name="b.db3"), lambda: [_whole("SQLITE3")[0]], 1 << 16),
    "metadata": Target(metadata, lambda: [_whole("MCAP")[1]], 8192),
}
