"""One piece of a cache of tensors: the samples of one modality, from one row to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.sample import Sample
from omnibind_ros.learning.teachers.interface import Teacher, load_teacher

from .specs import PICTURE, PREPARE, STUDENT_SPECS
from .windows import input_length, window

SENTENCES = 4
"""Sentences of a sample that are embedded, evenly taken from those that it has."""


class Piece(NamedTuple):
    """Rows of a modality."""

    modality: str
    start: int
    stop: int

    @property
    def name(self) -> str:
        """Return the name of the file that says that it is done."""
        return f"{self.modality}-{self.start}"

    @property
    def samples(self) -> int:
        """Return how many it has."""
        return self.stop - self.start


@dataclass
class CacheTask:
    """Prepares pieces; pickled into every worker.

    Attributes:
        folder: Of the cache; its files are there in full length.
        dataset: Where the samples are.
        rows: By modality, the sample of each row.
        windows: int [n_audio, 2], which window of its sound a row is, of how many.
        pieces: What there is to do, by number.
        teacher: As `load_teacher` takes it; loaded when it is first asked.
    """

    folder: Path
    dataset: Dataset
    rows: Mapping[str, npt.NDArray[Any]]
    windows: npt.NDArray[np.int64]
    pieces: tuple[Piece, ...]
    teacher: str
    _loaded: list[Teacher] = field(default_factory=list)

    def __call__(self, number: int, tick: Callable[[], None]) -> None:
        """Prepare one piece and say that it is done."""
        piece = self.pieces[number]
        write = {"image": self._images, "text": self._texts}.get(piece.modality, self._students)
        write(piece, tick)
        (self.folder / "done" / piece.name).touch()

    def _sample(self, piece: Piece, row: int) -> Sample:
        return self.dataset[int(self.rows[piece.modality][row])]

    def _map(self, name: str) -> npt.NDArray[Any]:
        return np.load(self.folder / f"{name}.npy", mmap_mode="r+")

    def _ask(self) -> Teacher:
        if not self._loaded:
            self._loaded.append(load_teacher(self.teacher))
        return self._loaded[0]

    def _students(self, piece: Piece, tick: Callable[[], None]) -> None:
        modality = piece.modality
        values, quality = self._map(modality), self._map(f"{modality}-quality")
        spec, prepare = STUDENT_SPECS[modality], PREPARE[modality]
        rng = np.random.default_rng(0)  # only texts draw from it
        for row in range(piece.start, piece.stop):
            try:
                data = sample_module(modality).to_observation(
                    self._sample(piece, row)[modality], rng
                )
            except CodecError:
                tick()
                continue  # zeros, of quality 0: not usable, and counted as such
            if modality == "audio":
                number, count = (int(value) for value in self.windows[row])
                data = window(data, number, count, input_length(spec))
            prepared = prepare(data, spec)
            stored = prepared.values[0].astype(values.dtype)
            if np.isfinite(stored).all():
                values[row], quality[row] = stored, prepared.quality
            tick()
        _flush(values, quality)

    def _images(self, piece: Piece, tick: Callable[[], None]) -> None:
        arrays = [self._map(name) for name in ("image", "image-quality", "image-features")]
        pictures = self._map("image-pictures")
        for row in range(piece.start, piece.stop):
            try:
                picture = self._sample(piece, row)["image"]
            except CodecError:
                tick()
                continue
            said = self._ask().embed_images([picture])
            for array, values in zip(
                arrays, (said.values, said.quality, said.features), strict=True
            ):
                array[row] = values[0]
            small = cv2.resize(picture, (PICTURE, PICTURE), interpolation=cv2.INTER_AREA)
            pictures[row] = small.transpose(2, 0, 1)
            tick()
        _flush(*arrays, pictures)

    def _texts(self, piece: Piece, tick: Callable[[], None]) -> None:
        values, counts = self._map("text"), self._map("text-count")
        for row in range(piece.start, piece.stop):
            try:
                texts = self._sample(piece, row)["text"]
            except CodecError:
                tick()
                continue
            chosen = np.unique(np.linspace(0, len(texts) - 1, SENTENCES).astype(int))
            values[row, : len(chosen)] = self._ask().encode_batch([texts[i] for i in chosen])
            counts[row] = len(chosen)
            tick()
        _flush(values, counts)


def _flush(*arrays: npt.NDArray[Any]) -> None:
    for array in arrays:
        if isinstance(array, np.memmap):
            array.flush()
