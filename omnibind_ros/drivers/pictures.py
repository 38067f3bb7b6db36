"""Photographs: finding and loading them, and making camera frames of them."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

NAMEABLE = ("astronaut", "camera", "chelsea", "coffee", "motorcycle_left", "rocket")
"""Those of scikit-image's photographs whose subject has a one-word name."""

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Suffixes of picture files, in lower case."""

ENCODINGS = {"rgb8": None, "bgr8": cv2.COLOR_RGB2BGR, "mono8": cv2.COLOR_RGB2GRAY}
"""Encodings of frames, each with its conversion from RGB."""

ZOOM = 0.04
"""Amplitude of the camera's zoom; its pan stays within the same margin."""

Pixels = NDArray[np.uint8]


class PictureError(Exception):
    """There are no pictures, or they cannot be used; the text is one sentence."""


def shipped_folder() -> Path:
    """Return the folder of the photographs that scikit-image ships.

    Raises:
        PictureError: scikit-image is not installed.
    """
    # Without importing scikit-image, which takes a second.
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise PictureError(
            "scikit-image, whose photographs are shown by default, is not installed: "
            "install it (pip install scikit-image) or set a folder of pictures."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def find_pictures(folder: str = "") -> list[Path]:
    """List the pictures of a folder by name.

    Args:
        folder: The folder; empty for the photographs of `NAMEABLE`.

    Raises:
        PictureError: There is no such folder, or no picture in it.
    """
    path = Path(folder).expanduser() if folder else shipped_folder()
    if not path.is_dir():
        raise PictureError(f"{path} is not a folder: set one that has pictures.")
    files = sorted(
        file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()
    )
    if not folder:
        files = [file for file in files if file.stem in NAMEABLE]
    if not files:
        kinds = ", ".join(sorted(suffix.lstrip(".") for suffix in SUFFIXES))
        raise PictureError(f"{path} has no pictures: put some there ({kinds}).")
    return files


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


def moving_frames(picture: Pixels, count: int) -> list[Pixels]:
    """Return a loop of frames of a camera that moves in a small circle and zooms.

    No two frames are the same, and the first follows smoothly after the last.

    Args:
        picture: The picture, fitted to the frame.
        count: Number of frames, at least 1.
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
    """Convert an RGB frame to one of `ENCODINGS`."""
    conversion = ENCODINGS[encoding]
    return frame if conversion is None else np.asarray(cv2.cvtColor(frame, conversion), np.uint8)
