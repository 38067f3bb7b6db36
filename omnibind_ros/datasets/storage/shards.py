"""Shards: tar files in WebDataset's layout.

The members of a sample share its key: KEY.json (labels, split, licence, settings), KEY.image.jpg,
KEY.audio.flac ... So any tar reader can stream a shard, and one modality of one sample can be read
at the offset in the index.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from omnibind_ros.atomic_files import atomic_file
from omnibind_ros.datasets.samples import sample_module

from .encoding import EncodedSample
from .index import SCHEMA, TEXTS, Shard

META = "json"
"""Suffix of the member with everything but data."""


class _Hashing(io.RawIOBase):
    """A file that computes the hash and the size of what is written to it."""

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


def write_shard(
    path: Path, number: int, samples: Iterable[EncodedSample]
) -> tuple[Shard, pa.Table]:
    """Write a shard: the same bytes for the same samples.

    Args:
        path: The tar file.
        number: Number of the shard, for the index.
        samples: Its samples; one is in memory at a time.

    Returns:
        The shard, and its part of the index.

    Raises:
        OSError: It cannot be written; then no file is left.
    """
    rows: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    with atomic_file(path, shared=True) as file:
        hashing = _Hashing(file)
        with tarfile.open(fileobj=hashing, mode="w", format=tarfile.USTAR_FORMAT) as tar:

            def add(name: str, data: bytes) -> int:
                # Without time and owner, which would differ from run to run.
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
                    name = f"{key}.{sample_module(modality).SUFFIX}"
                    row |= {
                        f"{modality}_offset": add(name, data),
                        f"{modality}_size": len(data),
                        f"{modality}_recorded": sample.item.origin[modality] == "recorded",
                    }
                for name, column in rows.items():
                    column.append(row.get(name))
    shard = Shard(len(rows["key"]), hashing.size, hashing.sha256.hexdigest())
    return shard, pa.table(rows, schema=SCHEMA)
