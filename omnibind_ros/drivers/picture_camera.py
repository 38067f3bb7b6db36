"""A camera that shows photographs: what it shows at which time, and its frames."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .pictures import ENCODINGS, PictureError, Pixels, encode, fit, load_picture, moving_frames


@dataclass(frozen=True)
class Schedule:
    """What the camera shows at which time, in seconds since its start.

    Attributes:
        subjects: Number of subjects, at least 1.
        dwell: How long each is shown, seconds.
        unplug_after: When the camera is unplugged, seconds.
        unplug_for: How long it stays unplugged, seconds; if either is 0, it is never unplugged.
    """

    subjects: int
    dwell: float
    unplug_after: float = 0.0
    unplug_for: float = 0.0

    def subject(self, elapsed: float) -> int:
        """Return the index of the subject that is shown."""
        return int(elapsed / self.dwell) % self.subjects

    def plugged(self, elapsed: float) -> bool:
        """Return whether the camera is plugged in."""
        if self.unplug_after <= 0 or self.unplug_for <= 0:
            return True
        return not self.unplug_after <= elapsed < self.unplug_after + self.unplug_for


@dataclass(frozen=True)
class Subject:
    """One photograph and its frames.

    Attributes:
        name: Its file name without the suffix.
        frames: A loop of frames, in the sequence's encoding.
    """

    name: str
    frames: list[Pixels]


class PictureSequence:
    """Photographs in turn; the next one is prepared while the present one is shown.

    So a folder of any size takes the memory of two subjects, and a change takes no time. Close it
    after use, or use it in a with statement.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        width: int,
        height: int,
        encoding: str = "rgb8",
        frames: int = 8,
    ) -> None:
        """Take the pictures that can be read.

        Args:
            paths: Files, in the order in which they are shown.
            width: Columns of a frame.
            height: Rows of a frame.
            encoding: One of `ENCODINGS`.
            frames: Number of frames of a subject.

        Raises:
            PictureError: None of them can be read, or there is no such encoding.
        """
        if encoding not in ENCODINGS:
            raise PictureError(
                f"frames cannot have encoding '{encoding}': use one of {', '.join(ENCODINGS)}."
            )
        self._size = (width, height)
        self._encoding = encoding
        self._count = frames
        self.paths = [path for path in paths if cv2.haveImageReader(str(path))]
        self.unreadable = [path for path in paths if path not in self.paths]
        if not self.paths:
            where = paths[0].parent if paths else "the folder"
            raise PictureError(f"none of the pictures in {where} can be read: replace them.")
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._ready: dict[int, Future[Subject]] = {}

    def __enter__(self) -> PictureSequence:
        """Return itself."""
        return self

    def __exit__(self, *_: Any) -> None:
        """Close."""
        self.close()

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self.paths)

    def close(self) -> None:
        """Stop preparing pictures."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def show(self, index: int) -> Subject:
        """Return a subject, and start to prepare the next one."""
        wanted = {index, (index + 1) % len(self.paths)}
        self._ready = {key: ready for key, ready in self._ready.items() if key in wanted}
        for key in sorted(wanted, key=lambda key: key != index):
            if key not in self._ready:
                self._ready[key] = self._worker.submit(self._prepare, self.paths[key])
        return self._ready[index].result()

    def _prepare(self, path: Path) -> Subject:
        """Load a picture and make its frames; a file that cannot be read any more gives black."""
        width, height = self._size
        picture = load_picture(path)
        if picture is None:
            picture = np.zeros((height, width, 3), np.uint8)
        frames = moving_frames(fit(picture, width, height), self._count)
        return Subject(path.stem, [encode(frame, self._encoding) for frame in frames])
