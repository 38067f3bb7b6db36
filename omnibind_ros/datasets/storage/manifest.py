"""dataset.json: the manifest of a dataset; written last, so that it marks it as complete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.format_number import NewerFormatError, check_format

from .index import Shard, shard_name

MANIFEST = "dataset.json"
INDEX = "index.parquet"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """The content of dataset.json.

    Attributes:
        description: What `building.plan.Plan.describe` returned.
        shards: Every shard, in order; a shard may be empty.
        index_size: Bytes of index.parquet.
        skipped: The samples that were left out, as `SkipLog.to_dict` returns them.
        format: Version of the layout.
    """

    description: Mapping[str, Any]
    shards: tuple[Shard, ...]
    index_size: int
    skipped: Mapping[str, Any]
    format: int = FORMAT

    @property
    def samples(self) -> int:
        """Number of samples."""
        return sum(shard.samples for shard in self.shards)

    @property
    def size(self) -> int:
        """Bytes of the shards and the index."""
        return self.index_size + sum(shard.size for shard in self.shards)

    def save(self, folder: Path) -> None:
        """Write the manifest into a dataset's folder; raises OSError."""
        write_atomic(folder / MANIFEST, json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read the manifest of a dataset, and check that all of its files have their full length.

        Raises:
            DatasetError: The folder holds no complete dataset, or one of a later version.
        """
        try:
            data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            check_format(data.get("format", FORMAT), FORMAT)
            shards = tuple(Shard(**shard) for shard in data.pop("shards"))
            manifest = cls(shards=shards, **data)
        except FileNotFoundError as error:
            raise DatasetError(
                f"{folder} holds no complete dataset ({MANIFEST} is missing): build it, or run the "
                "interrupted build again"
            ) from error
        except OSError as error:
            raise DatasetError(f"{folder / MANIFEST} cannot be read ({error.strerror})") from error
        except NewerFormatError as error:
            raise DatasetError(
                f"{folder / MANIFEST} cannot be used: {error}, or build the dataset again"
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{folder / MANIFEST} is damaged ({error}): build the dataset again"
            ) from error
        sizes = {shard_name(number): shard.size for number, shard in enumerate(manifest.shards)}
        for name, size in (sizes | {INDEX: manifest.index_size}).items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size:
                raise DatasetError(
                    f"{path} is missing or cut short: copy the dataset anew or build it again"
                )
        return manifest
