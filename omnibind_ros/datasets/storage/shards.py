"""Shards: tar files in WebDataset's layout, and the index of what lies where in them.

The members of a sample share its key: KEY.json (what it is), KEY.image.jpg, KEY.audio.flac ... So
any tar reader streams a shard, and the index finds one modality of one sample without the rest.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.modalities import part

from .files import whole_file
from .item import Item, Split
from .skip_log import SkipLog
from .splits import split_of

KEY = re.compile(r"[A-Za-z0-9_-]{1,88}")
SUFFIX_LENGTH = 11
"""Most characters of a suffix: a tar header has 100 for key, dot and suffix."""

META = "json"
TEXTS = ("key", "label", "object_id", "split", "source", "licence", "author")
_REPEATED = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        *((name, pa.string() if name == "key" else _REPEATED) for name in TEXTS),
        ("shard", pa.int32()),
        ("meta_offset", pa.int64()),
        ("meta_size", pa.int32()),
        *(
            (f"{modality}_{what}", kind)
            for modality in stored_modalities()
            for what, kind in (
                ("offset", pa.int64()),
                ("size", pa.int32()),
                ("recorded", pa.bool_()),
            )
        ),
    ]
)
"""One row a sample; offsets in bytes from the shard's start, null where there is no such data."""


def with_all_columns(table: pa.Table) -> pa.Table:
    """Return an index, or a part of one, with the columns of `SCHEMA`, in its order.

    It may come from a machine where fewer modalities are installed, or more: what is missing there
    is null here, and what is unknown here is left out.
    """
    columns = {
        field.name: table[field.name]
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in SCHEMA
    }
    return pa.table(columns)


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{number:06d}.tar"


@dataclass(frozen=True)
class Encoded:
    """A sample as it goes into a shard.

    Attributes:
        item: What it is.
        split: Where it belongs.
        meta: Content of KEY.json.
        data: By modality, the encoded bytes.
    """

    item: Item
    split: Split
    meta: bytes
    data: Mapping[str, bytes]


def encode(item: Item) -> Encoded:
    """Load and encode all of a sample.

    Raises:
        SkipError: Some of it cannot be loaded or encoded, or the item itself is not as it should
            be. A sample is stored with all of its modalities or not at all.
    """
    if not KEY.fullmatch(item.key):
        raise SkipError(item.key, "the key is not made of 1 to 88 letters, digits, '-' and '_'")
    if not item.modalities:
        raise SkipError(item.key, "the sample has no modality")
    data = {}
    for modality in stored_modalities():
        if modality in item.modalities:
            try:
                data[modality] = _encode_data(modality, item.modalities[modality]())
            except SkipError:
                raise
            except (ValueError, OSError) as error:
                raise SkipError(item.object_id, f"{modality}: {error}") from error
    split = item.split or split_of(item.object_id)
    meta = {
        **{name: getattr(item, name) for name in ("label", "object_id", "source", "licence")},
        "author": item.author,
        "split": split,
        "origin": {modality: item.origin[modality] for modality in data},
        "meta": dict(item.meta),
    }
    return Encoded(item, split, json.dumps(meta, ensure_ascii=False).encode(), data)


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


class _Hashing(io.RawIOBase):
    """A file that sums up what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(data)
        self.sha256.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size


@dataclass(frozen=True)
class Shard:
    """A shard that is whole.

    Attributes:
        samples: Samples in it.
        size: Bytes.
        sha256: Of the tar file, in hexadecimal.
    """

    samples: int
    size: int
    sha256: str


def write_shard(path: Path, number: int, samples: Iterable[Encoded]) -> tuple[Shard, pa.Table]:
    """Write a shard: the same bytes for the same samples.

    Args:
        path: The tar file.
        number: The shard's, for the index.
        samples: What goes in, one in memory at a time.

    Returns:
        The shard, and its part of the index.

    Raises:
        OSError: It cannot be written; then no file is left.
    """
    rows: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    with whole_file(path) as file:
        hashing = _Hashing(file)
        with tarfile.open(fileobj=hashing, mode="w", format=tarfile.USTAR_FORMAT) as tar:

            def add(name: str, data: bytes) -> int:
                # Nothing that differs from run to run: no time, no owner.
                member = tarfile.TarInfo(name)
                member.size = len(data)
                start: int = tar.offset + tarfile.BLOCKSIZE
                tar.addfile(member, io.BytesIO(data))
                return start

            for sample in samples:
                key = sample.item.key
                row = {name: getattr(sample.item, name) for name in TEXTS}
                row |= {
                    "split": sample.split,
                    "shard": number,
                    "meta_offset": add(f"{key}.{META}", sample.meta),
                    "meta_size": len(sample.meta),
                }
                for modality, data in sample.data.items():
                    row |= {
                        f"{modality}_offset": add(
                            f"{key}.{part('datasets.samples', modality).SUFFIX}", data
                        ),
                        f"{modality}_size": len(data),
                        f"{modality}_recorded": sample.item.origin[modality] == "recorded",
                    }
                for name, column in rows.items():
                    column.append(row.get(name))
    shard = Shard(len(rows["key"]), hashing.size, hashing.sha256.hexdigest())
    return shard, pa.table(rows, schema=SCHEMA)


def write_part(path: Path, shard: Shard, table: pa.Table, skipped: SkipLog) -> None:
    """Write a shard's part of the index; it marks the shard as whole.

    Args:
        path: The Parquet file.
        shard: What is in it.
        table: Its rows.
        skipped: What was left out of it.

    Raises:
        OSError: It cannot be written; then no file is left.
    """
    told = {"shard": json.dumps(shard.__dict__), "skipped": json.dumps(skipped.to_dict())}
    with whole_file(path) as file:
        pq.write_table(table.replace_schema_metadata(told), file)


def read_part(path: Path) -> tuple[Shard, SkipLog]:
    """Return what `write_part` was told, without the rows.

    Raises:
        DatasetError: The file cannot be read.
    """
    try:
        told = pq.read_schema(path).metadata
        return Shard(**json.loads(told[b"shard"])), SkipLog.from_dict(json.loads(told[b"skipped"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path} is damaged ({error}): remove it and build again") from error


def join_parts(parts: Iterable[Path], index: Path) -> None:
    """Write index.parquet out of the shards' parts, one in memory at a time.

    Raises:
        OSError: It cannot be written; then no file is left.
    """
    with whole_file(index) as file, pq.ParquetWriter(file, SCHEMA) as writer:
        for path in parts:
            writer.write_table(with_all_columns(pq.read_table(path)).cast(SCHEMA))
