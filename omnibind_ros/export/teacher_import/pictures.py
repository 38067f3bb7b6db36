"""The pictures that an imported image network is measured on: the user's, or made ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.drivers.pictures import load_picture
from omnibind_ros.encoders.framing import frame
from omnibind_ros.encoders.manifest import BundleError, TensorSpec
from omnibind_ros.files.folder import list_folder

Picture = npt.NDArray[np.uint8]

MOST = 400
"""Largest number of the user's pictures that are read."""

MADE, ROWS, COLUMNS = 64, 240, 320
"""Number and size of made pictures."""

WHOLE = 16
"""Number of pictures that are also given to the library as they are."""


@dataclass(frozen=True)
class Measured:
    """Pictures.

    Attributes:
        inputs: uint8 [1, h, w, 3] each, framed for the image network.
        labels: The class of each, the name of its folder; empty where it has none.
        whole: The first of them, as they were.
        left_out: How many files are no pictures that can be read.
    """

    inputs: list[Picture]
    labels: list[str]
    whole: list[Picture]
    left_out: int = 0


def read_pictures(
    folder: Path, tensor: TensorSpec, progress: Callable[[int, int], None]
) -> Measured:
    """Read the pictures of a folder, CLASS/FILE or without classes.

    Args:
        folder: The folder; of more than `MOST` pictures, as many are drawn.
        tensor: How they are framed.
        progress: Called with the pictures read and all.

    Raises:
        BundleError: There are no pictures in it.
        FileError: There is no such folder.
    """
    files = list_folder(folder, "image").files
    order = np.random.default_rng(0).permutation(len(files))[:MOST]
    found = Measured([], [], [])
    left_out = 0
    for done, number in enumerate(order, 1):
        picture = load_picture(files[number].path)
        if picture is None:
            left_out += 1
            continue
        found.inputs.append(frame(picture, tensor).pixels[None])
        found.labels.append(files[number].label)
        if len(found.whole) < WHOLE:
            found.whole.append(picture)
        progress(done, len(order))
    if len(found.inputs) < 2:
        raise BundleError(
            f"{folder} has {len(found.inputs)} pictures that can be read, and two are needed; give "
            "a folder of pictures (CLASS/FILE or without classes) for --images"
        )
    return Measured(found.inputs, found.labels, found.whole, left_out)


def make_pictures(tensor: TensorSpec) -> Measured:
    """Return made pictures without objects: clouds of colour, with blocks and lines in half."""
    rng = np.random.default_rng(0)
    pictures = [_made(rng, blocks=number % 2 == 1) for number in range(MADE)]
    inputs = [frame(picture, tensor).pixels[None] for picture in pictures]
    return Measured(inputs, [""] * MADE, pictures[:WHOLE])


def _made(rng: np.random.Generator, blocks: bool) -> Picture:
    noise = rng.random((ROWS, COLUMNS, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(2, 30)))
    spread = (smooth - smooth.min()) / max(float(np.ptp(smooth)), 1e-6)
    picture = (spread * 255).astype(np.uint8)
    for _ in range(int(rng.integers(2, 9)) if blocks else 0):
        x, y = (int(rng.integers(0, most)) for most in (COLUMNS, ROWS))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            end = (x + int(rng.integers(5, 120)), y + int(rng.integers(5, 120)))
            cv2.rectangle(picture, (x, y), end, colour, -1)
        else:
            end = int(rng.integers(0, COLUMNS)), int(rng.integers(0, ROWS))
            cv2.line(picture, (x, y), end, colour, int(rng.integers(1, 9)))
    return picture
