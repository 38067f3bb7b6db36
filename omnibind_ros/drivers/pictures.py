"""A camera's frames made of photographs: loading, fitting, motion and the time plan."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

NAMEABLE = ("astronaut", "camera", "chelsea", "coffee", "motorcycle_left", "rocket")
"""The photographs that scikit-image ships and whose subject a person would name in a word."""

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""What counts as a picture in a folder, in small letters."""

ENCODINGS = {"rgb8": None, "bgr8": cv2.COLOR_RGB2BGR, "mono8": cv2.COLOR_RGB2GRAY}
"""The encodings that frames come in, and how to get there from RGB."""

ZOOM = 0.04
"""How much closer the camera gets, as a share; its pan stays within the same margin."""

Pixels = NDArray[np.uint8]


class PictureError(Exception):
    """No pictures to show; the message is one sentence: what, where, what to do."""


def shipped_folder() -> Path:
    """Return the folder of the photographs that scikit-image ships.

    Raises:
        PictureError: scikit-image is not installed.
    """
    # Found, not imported: importing scikit-image takes a second.
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise PictureError(
            "scikit-image, whose photographs are shown by default, is not installed: "
            "install it (pip install scikit-image) or name a folder of pictures."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def find_pictures(folder: str = "") -> list[Path]:
    """List the pictures of a folder by name.

    Args:
        folder: Where to look; empty for the nameable photographs that scikit-image ships.

    Raises:
        PictureError: There is no such folder, or no picture in it.
    """
    place = Path(folder).expanduser() if folder else shipped_folder()
    if not place.is_dir():
        raise PictureError(f"{place} is not a folder: name one that holds pictures.")
    found = sorted(
        path for path in place.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not folder:
        found = [path for path in found if path.stem in NAMEABLE]
    if not found:
        kinds = ", ".join(sorted(suffix.lstrip(".") for suffix in SUFFIXES))
        raise PictureError(f"{place} holds no pictures: put some there ({kinds}).")
    return found


def load_picture(path: Path) -> Pixels | None:
    """Read a picture as RGB, shape [height, width, 3]; None if it cannot be read."""
    try:
        data = np.fromfile(path, dtype=np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        return None
    if picture is None:
        return None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def fit(picture: Pixels, width: int, height: int) -> Pixels:
    """Scale a picture until it covers the frame, and cut out the centre."""
    rows, columns = picture.shape[:2]
    scale = max(width / columns, height / rows)
    # Rounding must not leave a side one pixel short.
    size = max(width, round(columns * scale)), max(height, round(rows * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, size, interpolation=method)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width], dtype=np.uint8)


def moved(picture: Pixels, count: int) -> list[Pixels]:
    """Make a loop of frames of a picture: the camera circles slowly and comes closer.

    No two frames are the same, and the last leads back to the first.

    Args:
        picture: What the camera looks at, fitted to the frame.
        count: How many frames the loop has, at least 1.
    """
    height, width = picture.shape[:2]
    frames = []
    for index in range(count):
        angle = 2 * math.pi * index / count
        scale = 1 + ZOOM * (1.5 + 0.5 * math.cos(angle))
        across = (width * (1 - scale) + width * ZOOM * math.cos(angle) * 0.9) / 2
        down = (height * (1 - scale) + height * ZOOM * math.sin(angle) * 0.9) / 2
        matrix = np.array([[scale, 0, across], [0, scale, down]])
        frame = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        frames.append(np.asarray(frame, dtype=np.uint8))
    return frames


def encode(frame: Pixels, encoding: str) -> Pixels:
    """Turn an RGB frame into one of `ENCODINGS`."""
    conversion = ENCODINGS[encoding]
    return frame if conversion is None else np.asarray(cv2.cvtColor(frame, conversion), np.uint8)


@dataclass(frozen=True)
class Plan:
    """What the camera shows at which time, in seconds since its start.

    Attributes:
        subjects: How many subjects there are, at least 1.
        dwell: How long each is shown.
        unplug_after: When the plug is pulled.
        unplug_for: How long it stays pulled; with 0 for either the plug is never pulled.
    """

    subjects: int
    dwell: float
    unplug_after: float = 0.0
    unplug_for: float = 0.0

    def subject(self, elapsed: float) -> int:
        """Return the index of the subject that is shown."""
        return int(elapsed / self.dwell) % self.subjects

    def plugged(self, elapsed: float) -> bool:
        """Return whether the plug is in."""
        if self.unplug_after <= 0 or self.unplug_for <= 0:
            return True
        return not self.unplug_after <= elapsed < self.unplug_after + self.unplug_for


@dataclass(frozen=True)
class Subject:
    """One photograph, ready to be shown.

    Attributes:
        name: Its file name without the suffix.
        frames: A loop of frames, in the encoding that was asked for.
    """

    name: str
    frames: list[Pixels]


class Reel:
    """Photographs in turn; the next one is made ready while the present one is shown.

    So a folder of any size takes the memory of two subjects, and a change takes no time.
    Close it after use, or use it in a with statement.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        width: int,
        height: int,
        encoding: str = "rgb8",
        frames: int = 8,
    ) -> None:
        """Keep the pictures that can be read.

        Args:
            paths: Files, in the order in which they are shown.
            width: Columns of a frame.
            height: Rows of a frame.
            encoding: One of `ENCODINGS`.
            frames: How many different frames a subject has.

        Raises:
            PictureError: None of them can be read, or there is no such encoding.
        """
        if encoding not in ENCODINGS:
            raise PictureError(
                f"frames cannot be made in encoding '{encoding}': use {', '.join(ENCODINGS)}."
            )
        self._size = (width, height)
        self._encoding = encoding
        self._count = frames
        self.paths = [path for path in paths if cv2.haveImageReader(str(path))]
        self.unreadable = [path for path in paths if path not in self.paths]
        if not self.paths:
            where = paths[0].parent if paths else "the folder"
            raise PictureError(f"none of the pictures in {where} can be read: replace them.")
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="reel")
        self._ready: dict[int, Future[Subject]] = {}

    def __enter__(self) -> Reel:
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
        """Return a subject, and begin to prepare the one after it."""
        wanted = {index, (index + 1) % len(self.paths)}
        self._ready = {key: made for key, made in self._ready.items() if key in wanted}
        for key in sorted(wanted, key=lambda key: key != index):
            if key not in self._ready:
                self._ready[key] = self._worker.submit(self._prepare, self.paths[key])
        return self._ready[index].result()

    def _prepare(self, path: Path) -> Subject:
        """Load a picture and make its frames; a file gone bad since the start shows black."""
        width, height = self._size
        picture = load_picture(path)
        if picture is None:
            picture = np.zeros((height, width, 3), np.uint8)
        frames = moved(fit(picture, width, height), self._count)
        return Subject(path.stem, [encode(frame, self._encoding) for frame in frames])
