"""The index of a dataset, index.parquet: what each sample is, and where its data is in the shards.

While a dataset is built, each shard has a part of the index in a file of its own. It is written
after the shard, so that it also marks the shard as complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from omnibind_ros.atomic_files import atomic_file
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.samples import stored_modalities

from .skip_log import SkipLog

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


@dataclass(frozen=True)
class Shard:
    """A complete shard.

    Attributes:
        samples: Samples in it.
        size: Bytes.
        sha256: Of the tar file, in hexadecimal.
    """

    samples: int
    size: int
    sha256: str


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{number:06d}.tar"


def with_all_columns(table: pa.Table) -> pa.Table:
    """Return an index, or a part of one, with the columns of `SCHEMA`, in its order.

    It may come from a machine where fewer modalities are installed, or more: columns that are
    missing are null, and columns that are unknown here are left out.
    """
    columns = {
        field.name: table[field.name]
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in SCHEMA
    }
    return pa.table(columns)


def write_part(path: Path, shard: Shard, table: pa.Table, skipped: SkipLog) -> None:
    """Write a shard's part of the index.

    Args:
        path: The Parquet file.
        shard: The shard.
        table: Its rows.
        skipped: The samples that were left out of it.

    Raises:
        OSError: It cannot be written; then no file is left.
    """
    metadata = {"shard": json.dumps(asdict(shard)), "skipped": json.dumps(skipped.to_dict())}
    with atomic_file(path, shared=True) as file:
        pq.write_table(table.replace_schema_metadata(metadata), file)


def read_part(path: Path) -> tuple[Shard, SkipLog]:
    """Return the shard and the log that `write_part` was given, without reading the rows.

    Raises:
        DatasetError: The file cannot be read.
    """
    try:
        metadata = pq.read_schema(path).metadata
        shard = Shard(**json.loads(metadata[b"shard"]))
        return shard, SkipLog.from_dict(json.loads(metadata[b"skipped"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path} is damaged ({error}): remove it and build again") from error


def join_parts(parts: Iterable[Path], index: Path) -> None:
    """Write index.parquet from the parts of all shards, with one part in memory at a time.

    Raises:
        OSError: It cannot be written; then no file is left.
    """
    with atomic_file(index) as file, pq.ParquetWriter(file, SCHEMA) as writer:
        for path in parts:
            writer.write_table(with_all_columns(pq.read_table(path)).cast(SCHEMA))
