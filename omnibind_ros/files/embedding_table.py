"""Embeddings of files as a table: npz or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.atomic_files import atomic_file

FORMATS = (".npz", ".parquet")
"""Endings of the files that can be written."""


@dataclass(frozen=True)
class EmbeddingRow:
    """One embedding.

    Attributes:
        path: The file, or the sentence; several, joined by ' + ', where they are fused.
        modality: Its modality; several joined by '+'.
        label: The class of its folder; '' if there is none.
        object: The object, folders below the class; '' if there is none.
        values: float32 [D], unit vector.
        features: float32 [F], what the encoder projects; None where it does not say, and of a fused
            one.
        quality: 0..1.
        distance: From what the encoder was trained on, 0..1; of a fused one the largest.
        samples: How many samples it is the mean of.
    """

    path: str
    modality: str
    label: str
    object: str
    values: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32] | None
    quality: float
    distance: float
    samples: int


def check_format(path: Path) -> None:
    """Raise ValueError, with one sentence, for a file that cannot be written."""
    if path.suffix.lower() not in FORMATS:
        raise ValueError(
            f"--out {path}: embeddings are written as .npz or .parquet; give one of these endings"
        )


def write_table(path: Path, model: str, rows: Sequence[EmbeddingRow]) -> None:
    """Write embeddings, all or nothing; the path's ending gives the format.

    npz: `values` float32 [N, D]; `path`, `modality`, `label`, `object` texts [N]; `quality` and
    `distance` float32 [N]; `samples` int64 [N]; `model` a text; and for each modality with features
    `features_MODALITY` float32 [n, F] and `rows_MODALITY` int64 [n], the rows that they belong to.
    Parquet: a column for each of these, with `values` and `features` as lists, and `model` in the
    metadata.

    Args:
        path: The file; it is replaced.
        model: Name and version of the bundle.
        rows: At least one.

    Raises:
        ValueError: The ending is another one.
        OSError: It cannot be written.
        ImportError: pyarrow is missing, for Parquet.
    """
    check_format(path)
    if path.suffix.lower() == ".parquet":
        _write_parquet(path, model, rows)
        return
    arrays: dict[str, Any] = {name: np.array(column) for name, column in _columns(rows).items()}
    arrays["values"] = np.stack([row.values for row in rows])
    arrays["model"] = np.array(model)
    for modality in sorted({row.modality for row in rows}):
        numbers = [
            number
            for number, row in enumerate(rows)
            if row.modality == modality and row.features is not None
        ]
        if numbers:
            features = [rows[number].features for number in numbers]
            arrays[f"features_{modality}"] = np.stack([f for f in features if f is not None])
            arrays[f"rows_{modality}"] = np.array(numbers, np.int64)
    with atomic_file(path) as file:
        np.savez_compressed(file, **arrays)


def _columns(rows: Sequence[EmbeddingRow]) -> dict[str, list[Any]]:
    names = ("path", "modality", "label", "object", "samples")
    columns: dict[str, list[Any]] = {name: [getattr(r, name) for r in rows] for name in names}
    for name in ("quality", "distance"):
        columns[name] = [np.float32(getattr(row, name)) for row in rows]
    return columns


def _write_parquet(path: Path, model: str, rows: Sequence[EmbeddingRow]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - of the extra sim
    import pyarrow.parquet as pq  # noqa: PLC0415 - likewise

    floats = pa.list_(pa.float32())
    columns: dict[str, Any] = _columns(rows)
    columns["values"] = pa.array([row.values for row in rows], floats)
    columns["features"] = pa.array([row.features for row in rows], floats)
    table = pa.table(columns).replace_schema_metadata({"model": model})
    with atomic_file(path) as file:
        pq.write_table(table, file)
