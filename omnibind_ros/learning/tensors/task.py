"""One piece of the preparation of a cache: the rows of one modality from one to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.learning.teachers.interface import Teacher
from omnibind_ros.learning.teachers.loading import load_teacher

from .inputs import write_inputs
from .storage import Array
from .targets import write_images, write_texts


class Piece(NamedTuple):
    """Rows of a modality."""

    modality: str
    start: int
    stop: int

    @property
    def name(self) -> str:
        """Name of the file that marks the piece as done."""
        return f"{self.modality}-{self.start}"

    @property
    def samples(self) -> int:
        """Number of rows."""
        return self.stop - self.start


@dataclass
class CacheTask:
    """Prepares pieces; pickled into every worker.

    Attributes:
        folder: The cache's; its files are allocated.
        dataset: Where the samples are.
        rows: By modality, the sample of each row.
        windows: int [n_audio, 2], which window of its sound a row is, and of how many.
        pieces: The pieces by number.
        teacher: As `load_teacher` takes it; loaded when it is first needed.
    """

    folder: Path
    dataset: Dataset
    rows: Mapping[str, Array]
    windows: Array
    pieces: tuple[Piece, ...]
    teacher: str
    _loaded: list[Teacher] = field(default_factory=list)

    def __call__(self, number: int, tick: Callable[[], None]) -> None:
        """Prepare one piece, and mark it as done; `tick` is called after each row."""
        piece = self.pieces[number]
        samples, rows = self.rows[piece.modality], range(piece.start, piece.stop)
        if piece.modality == "image":
            write_images(self.folder, self.dataset, self._load(), samples, rows, tick)
        elif piece.modality == "text":
            write_texts(self.folder, self.dataset, self._load(), samples, rows, tick)
        else:
            write_inputs(
                self.folder, self.dataset, piece.modality, samples, self.windows, rows, tick
            )
        (self.folder / "done" / piece.name).touch()

    def _load(self) -> Teacher:
        if not self._loaded:
            self._loaded.append(load_teacher(self.teacher))
        return self._loaded[0]
