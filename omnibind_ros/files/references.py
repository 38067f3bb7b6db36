"""The picture of a tactile pad at rest, beside the pictures of its contacts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.sensors.touch import decode_compressed_touch

from .errors import FileError
from .folder_options import FolderOptions
from .formats.pictures import open_picture_file
from .kinds import named_kind

STEM = "reference"
OF_A_FILE = "_reference"
"""Ending of the name of the reference of one file, before the dot."""

MOST = 64
"""Pictures of which a median is taken at most, evenly chosen."""

FEWEST = 3
"""Pictures that a median needs."""


def is_reference(path: Path) -> bool:
    """Return whether a file is a picture of a pad at rest, by its name."""
    return path.stem.lower().startswith(STEM) and named_kind(path) == "picture"


class References:
    """Finds references; each folder is looked at once."""

    def __init__(self) -> None:
        """Create it; no folder has been looked at."""
        self._found: dict[Path, Path | None] = {}

    def nearest(self, path: Path) -> Path | None:
        """Return the reference of a touch picture: in its folder, or in the nearest one above.

        Args:
            path: The touch picture.

        Returns:
            reference.png or .jpg, else another picture whose name begins so; None if there is none.
        """
        for folder in path.absolute().parents:
            if folder not in self._found:
                self._found[folder] = _in_folder(folder)
            found = self._found[folder]
            if found is not None:
                return found
        return None


def _in_folder(folder: Path) -> Path | None:
    try:
        found = sorted(path for path in folder.iterdir() if is_reference(path))
    except OSError:
        return None
    return next((path for path in found if path.stem.lower() == STEM), found[0] if found else None)


def is_own_reference(path: Path) -> bool:
    """Return whether a file is the reference of one file, by its name."""
    return path.stem.lower().endswith(OF_A_FILE) and named_kind(path) == "picture"


@contextmanager
def chosen_reference(path: Path, options: FolderOptions, references: References) -> Iterator[Path]:
    """Give the reference of a touch picture as a file, which may be a temporary one.

    Args:
        path: The touch picture.
        options: Which reference it has.
        references: Finds the nearest.

    Raises:
        FileError: There is none.
    """
    if options.reference == "median":
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "median.png"
            pixels = median_picture(_alike(path, options))
            cv2.imwrite(str(file), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
            yield file
        return
    yield _found(path, options.reference, references)


def _found(path: Path, choice: str, references: References) -> Path:
    if choice == "nearest":
        found = references.nearest(path)
        lacking = (
            "a touch picture needs that of the pad at rest; give it by --reference, put it as "
            "reference.png into the folder of the file or one above, or write 'reference: median' "
            "into folder.yaml"
        )
    elif choice == "object":
        found = _in_folder(path.absolute().parent)
        lacking = (
            "its folder has no reference.png, as folder.yaml says (reference: object); put that of "
            "the pad at rest there"
        )
    elif choice == "file":
        found = next(
            (
                each
                for each in sorted(
                    path.absolute().parent.glob(f"{_escaped(path.stem)}{OF_A_FILE}.*")
                )
                if named_kind(each) == "picture"
            ),
            None,
        )
        lacking = (
            f"there is no {path.stem}{OF_A_FILE}.png beside it, as folder.yaml says "
            "(reference: file); put that of the pad at rest there"
        )
    else:
        return Path(choice)
    if found is None:
        raise FileError(path, lacking)
    return found


def _escaped(text: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def _alike(path: Path, options: FolderOptions) -> tuple[Path, ...]:
    """Return the pictures of the same folder and object."""
    own = options.object_in(path.stem)
    found = [
        each
        for each in sorted(path.absolute().parent.iterdir())
        if named_kind(each) == "picture"
        and not is_reference(each)
        and not is_own_reference(each)
        and options.object_in(each.stem) == own
    ]
    if len(found) < FEWEST:
        raise FileError(
            path,
            f"a median needs {FEWEST} pictures of the object or more, and its folder has "
            f"{len(found)}; give a picture of the pad at rest (reference in folder.yaml)",
        )
    places = np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST)).round().astype(int))
    return tuple(found[place] for place in places)


@lru_cache(maxsize=32)
def median_picture(paths: tuple[Path, ...]) -> npt.NDArray[np.uint8]:
    """Return the median of touch pictures, pixel by pixel: the pad where most do not touch.

    Args:
        paths: The pictures, all of one size.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        FileError: One of them cannot be used.
    """
    pictures = [touch_picture(path) for path in paths]
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise FileError(
                path,
                f"it has another size than {paths[0].name}, so that they have no median; put "
                "pictures of different pads into different folders",
            )
    return np.asarray(np.median(np.stack(pictures), axis=0), np.uint8)


def touch_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Return a touch picture as its sensor decodes it, uint8 [H, W, 3], RGB.

    Raises:
        FileError: It does not decode.
    """
    try:
        (timed,) = open_picture_file(path, "touch").messages
        return decode_compressed_touch(timed.message)
    except OSError as error:
        raise FileError(path, f"it cannot be read ({error.strerror}); restore it") from error
    except ValueError as error:
        raise FileError(path, str(error)) from error
