"""Reading a dataset: any modality of any sample, without reading the others."""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.samples import stored_modalities

from .index import TEXTS, shard_name, with_all_columns
from .item import SPLITS, Origin
from .manifest import INDEX, Manifest
from .sample import Sample
from .splits import in_share

WINDOW = 16
"""Shards from which `Dataset.shuffled` draws at a time."""


class Dataset(Sequence[Sample]):
    """Samples of a dataset, or a selection of them. Any number of threads may read it.

    It can be pickled into worker processes, e.g. of a data loader; each maps the shards again.

    Attributes:
        folder: Where it is.
        manifest: Its manifest.
        rows: int64 [len], the rows of the index that are selected.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, table: pa.Table, rows: npt.NDArray[np.int64]
    ) -> None:
        """Use `open`."""
        self.folder = folder
        self.manifest = manifest
        self.rows = rows
        self._table = table
        self._shard = table["shard"].to_numpy()
        self._names = stored_modalities()
        spans = [("meta", "meta_offset", "meta_size")]
        spans += [(name, f"{name}_offset", f"{name}_size") for name in self._names]
        # A size of 0 is that of a modality that the sample lacks.
        self._spans = {
            name: tuple(table[column].fill_null(0).to_numpy() for column in columns)
            for name, *columns in spans
        }
        self._recorded = {
            name: table[f"{name}_recorded"].fill_null(False).to_numpy() for name in self._names
        }
        self._present = {name: self._spans[name][1] > 0 for name in self._names}
        self._maps: dict[int, memoryview] = {}

    @classmethod
    def open(cls, folder: Path | str) -> Dataset:
        """Open a dataset.

        Args:
            folder: The folder in which it was built.

        Raises:
            DatasetError: There is no complete dataset.
        """
        folder = Path(folder)
        manifest = Manifest.load(folder)
        try:
            table = with_all_columns(pq.read_table(folder / INDEX))
            table = table.unify_dictionaries().combine_chunks()
        except (OSError, pa.ArrowInvalid) as error:
            raise DatasetError(
                f"{folder / INDEX} is damaged ({error}): copy the dataset anew"
            ) from error
        return cls(folder, manifest, table, np.arange(len(table)))

    def _texts(self, name: str) -> npt.NDArray[np.object_]:
        return np.asarray(self._table[name].cast(pa.string()).to_numpy(zero_copy_only=False))

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of the dataset, sorted by name; the same for every selection."""
        return tuple(sorted(set(self._table["label"].unique().to_pylist())))

    def column(self, name: str) -> npt.NDArray[np.object_]:
        """Return a column of the index: key, label, object_id, split, source, licence or author."""
        return self._texts(name)[self.rows]

    def has(self, modality: str) -> npt.NDArray[np.bool_]:
        """Return which samples have a modality, bool [len]."""
        return np.asarray(self._present[modality][self.rows])

    def recorded(self, modality: str) -> npt.NDArray[np.bool_]:
        """Return which samples have a modality that was recorded, bool [len]."""
        return np.asarray((self._recorded[modality] & self._present[modality])[self.rows])

    def select(
        self,
        *,
        split: str | None = None,
        labels: Collection[str] = (),
        modalities: Collection[str] = (),
        recorded: bool | None = None,
        shares: Mapping[str, float] | None = None,
    ) -> Dataset:
        """Return a selection of these samples.

        Args:
            split: Only of this split.
            labels: Only of these classes; empty: of all.
            modalities: Only with all of these.
            recorded: Only samples of which something (True) or nothing (False) was recorded.
            shares: Percent of paired training data by student modality; the same samples lose it
                as with `omnibind dataset build --share`. No sample is left out.

        Raises:
            DatasetError: An unknown split, class or modality.
        """
        for what, given, known in (
            ("split", [split] if split else [], SPLITS),
            ("class", labels, self.labels),
            ("modality", [*modalities, *(shares or {})], self._names),
        ):
            unknown = sorted(set(given) - set(known))
            if unknown:
                raise DatasetError(
                    f"{self.folder} has no {what} '{unknown[0]}': use {', '.join(known)}"
                )
        present = self._present_in(shares) if shares else self._present
        keep = np.ones(len(self._table), np.bool_)
        if split:
            keep &= self._texts("split") == split
        if labels:
            keep &= np.isin(self._texts("label"), list(labels))
        for modality in modalities:
            keep &= present[modality]
        if recorded is not None:
            keep &= np.any(list(self._recorded.values()), axis=0) == recorded
        selection = Dataset(self.folder, self.manifest, self._table, self.rows[keep[self.rows]])
        selection._present = present
        return selection

    def _present_in(self, shares: Mapping[str, float]) -> dict[str, npt.NDArray[np.bool_]]:
        train = self._texts("split") == "train"
        keys = self._texts("key")
        present = dict(self._present)
        for modality, percent in shares.items():
            inside = np.fromiter((in_share(key, modality, percent) for key in keys), np.bool_)
            present[modality] = present[modality] & (inside | ~train)
        return present

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override]
        """Return a sample; nothing is decoded yet.

        Raises:
            IndexError: There is no such sample.
        """
        row = int(self.rows[index])
        shard = self._map(int(self._shard[row]))
        members = {}
        for name, (offsets, sizes) in self._spans.items():
            if name == "meta" or self._present[name][row]:
                start = int(offsets[row])
                members[name] = shard[start : start + int(sizes[row])]
        origin: dict[str, Origin] = {
            name: "recorded" if self._recorded[name][row] else "simulated"
            for name in self._names
            if name in members
        }
        texts = {name: self._table[name][row].as_py() for name in TEXTS}
        return Sample(**texts, origin=origin, _members=members)

    def _map(self, number: int) -> memoryview:
        if number not in self._maps:
            path = self.folder / shard_name(number)
            try:
                with path.open("rb") as file:
                    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except OSError as error:
                raise DatasetError(f"{path} cannot be read ({error.strerror})") from error
            self._maps[number] = memoryview(mapped)
        return self._maps[number]

    def shuffled(self, seed: int, window: int = WINDOW) -> Iterator[Sample]:
        """Yield every sample once, in a random order.

        The order is drawn within a window of some shards at a time, so that few files are read at
        once however large the dataset is.

        Args:
            seed: Seed of the order.
            window: Number of shards in the window.
        """
        rng = np.random.default_rng(seed)
        shards = self._shard[self.rows]
        order = rng.permutation(np.unique(shards))
        for first in range(0, len(order), window):
            inside = np.flatnonzero(np.isin(shards, order[first : first + window]))
            for index in rng.permutation(inside):
                yield self[int(index)]

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without the mapped shards."""
        return self.__dict__ | {"_maps": {}}
