"""NumPy arrays: clouds, temperatures or events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, read_npy
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.recording import Recording, Timed

from .clouds import array_table, cloud
from .event_arrays import from_structured
from .pictures import RAW, floats_message


def load_array(path: Path) -> npt.NDArray[Any]:
    """Read a .npy file.

    Raises:
        FileError: It is damaged, cut off, or needs pickle.
    """
    try:
        array = read_npy(path.read_bytes())
    except DAMAGED_ARCHIVE as error:
        raise FileError(
            path, f"the array cannot be read ({str(error)[:80]}); restore or save it anew"
        ) from error
    if not array.size:
        raise FileError(path, "the array is empty; record it anew")
    return array


def open_array_file(path: Path, modality: str) -> Recording:
    """Open a .npy file as points, thermal or event.

    Raises:
        FileError: It does not hold what the modality needs.
    """
    array = load_array(path)
    if modality == "event":
        return from_structured(path, array, modality)
    if modality == "thermal":
        return _thermal(path, array)
    return cloud(path, array_table(path, array), modality)


def usual_modality(path: Path) -> str:
    """Return the modality of an array whose modality nobody says: event if it has t and p."""
    names = load_array(path).dtype.names or ()
    return "event" if {"t", "p"} <= set(names) else "points"


def _thermal(path: Path, array: npt.NDArray[Any]) -> Recording:
    if array.ndim != 2 or array.dtype.kind not in "fui" or array.dtype.itemsize < 2:
        shape = "x".join(map(str, array.shape))
        raise FileError(
            path,
            f"an array of {shape} {array.dtype} holds no temperatures; save [H, W] of float32 or "
            "uint16",
        )
    if array.dtype.kind in "ui" and array.dtype != np.uint16:
        array = array.astype(np.float32)
    return Recording("thermal", RAW, [Timed(floats_message(array))])
