"""Reading a dataset: any modality of any sample, without the rest."""

from __future__ import annotations

import json
import mmap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.samples import sample_module, stored_modalities

from .item import SPLITS, Origin
from .manifest import INDEX, Manifest
from .shards import TEXTS, shard_name, with_all_columns
from .splits import in_share

WINDOW = 16
"""Shards from which a shuffled pass draws at a time."""


@dataclass(frozen=True)
class Sample:
    """One sample; a modality's data is read and decoded when it is asked for.

    Attributes:
        key: Its name in the dataset.
        label: The class.
        object_id: The thing.
        split: train, validation or test.
        source: The set it comes from.
        licence: Of the data.
        author: Of the object or the recording.
        origin: By modality that it has, 'recorded' or 'simulated'.
    """

    key: str
    label: str
    object_id: str
    split: str
    source: str
    licence: str
    author: str
    origin: Mapping[str, Origin]
    _members: Mapping[str, memoryview]

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that it has."""
        return tuple(self.origin)

    @property
    def meta(self) -> dict[str, Any]:
        """What else is known of it."""
        return dict(json.loads(bytes(self._members["meta"]))["meta"])

    def __getitem__(self, modality: str) -> Any:
        """Return a modality's data; the modules of `samples` say in what form.

        Raises:
            KeyError: It has no such modality.
            CodecError: The shard is damaged.
        """
        return sample_module(modality).decode(self._members[modality])

    def length(self, modality: str) -> int:
        """Return the number of samples in time of a modality's data, without decoding it.

        Args:
            modality: One whose module in `samples` has `length`, such as audio.

        Raises:
            KeyError: It has no such modality.
            CodecError: The shard is damaged.
        """
        return int(sample_module(modality).length(self._members[modality]))


class Dataset(Sequence[Sample]):
    """Samples of a dataset, or a selection of them. Any number of threads may read it.

    It may be pickled into worker processes, e.g. of a data loader: each maps the shards anew.
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
        # A size of 0 stands for a modality that is not there.
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
            folder: Where it was built.

        Raises:
            DatasetError: There is no dataset that is whole.
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
        """The classes of the whole dataset, by name; the same for every selection."""
        return tuple(sorted(set(self._table["label"].unique().to_pylist())))

    def column(self, name: str) -> npt.NDArray[np.object_]:
        """Return one of key, label, object_id, split, source, licence and author of each sample."""
        return self._texts(name)[self.rows]

    def has(self, modality: str) -> npt.NDArray[np.bool_]:
        """Return which samples have a modality, bool [len]."""
        return np.asarray(self._present[modality][self.rows])

    def recorded(self, modality: str) -> npt.NDArray[np.bool_]:
        """Return of which samples a modality is there and was recorded, bool [len]."""
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
            shares: Percent of paired training data by student modality; the same choice as
                `omnibind dataset build --share` makes. Samples stay, modalities go.

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
        present = self._shared(shares) if shares else self._present
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

    def _shared(self, shares: Mapping[str, float]) -> dict[str, npt.NDArray[np.bool_]]:
        train = self._texts("split") == "train"
        keys = self._texts("key")
        present = dict(self._present)
        for modality, percent in shares.items():
            kept = np.fromiter((in_share(key, modality, percent) for key in keys), np.bool_)
            present[modality] = present[modality] & (kept | ~train)
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
        """Yield every sample once, in an order that the seed decides.

        The order is drawn from a window of shards at a time, so that reading stays within it
        however large the dataset is.

        Args:
            seed: Another seed, another order.
            window: Shards in the window.
        """
        rng = np.random.default_rng(seed)
        shards = self._shard[self.rows]
        order = rng.permutation(np.unique(shards))
        for first in range(0, len(order), window):
            inside = np.flatnonzero(np.isin(shards, order[first : first + window]))
            for index in rng.permutation(inside):
                yield self[int(index)]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the mapped shards behind."""
        return self.__dict__ | {"_maps": {}}
