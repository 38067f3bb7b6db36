"""Arrays in memory-mapped files, `FOLDER/NAME.npy`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def allocate(folder: Path, name: str, shape: tuple[int, ...], dtype: Any) -> None:
    """Make a file of zeros, unless an interrupted preparation left it; raises OSError."""
    path = folder / f"{name}.npy"
    if path.is_file():
        return
    if 0 in shape:
        np.save(path, np.zeros(shape, dtype))  # an empty file cannot be memory-mapped
        return
    temporary = path.with_suffix(".tmp")
    np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape).flush()
    with temporary.open("r+b") as file:
        # Else a full disk would kill the process (SIGBUS) when it writes to the mapped memory.
        os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
    temporary.replace(path)


def open_array(folder: Path, name: str, writable: bool = False) -> Array:
    """Open a file; raises OSError, or ValueError if it is damaged."""
    return np.load(folder / f"{name}.npy", mmap_mode="r+" if writable else "r")


def flush(*arrays: Array) -> None:
    """Write changes of memory-mapped arrays to their files."""
    for array in arrays:
        if isinstance(array, np.memmap):
            array.flush()
