"""Types and files of arrays: NumPy's npy and npz, of which nothing is believed."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
"""float32, of any shape."""

DAMAGED_ARCHIVE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, MemoryError),
    *(
        OverflowError,
        RuntimeError,
        SyntaxError,
        tokenize.TokenError,
        zipfile.BadZipFile,
        zlib.error,
    ),
)
"""What NumPy and zipfile raise on npz files that are damaged, encrypted or of another kind."""

_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

MOST_UNPACKED = 1 << 30
"""Bytes that the arrays of a file have unpacked at most: an archive may be a thousandth of them."""


def read_npy(data: bytes) -> npt.NDArray[Any]:
    """Return the array in the bytes of an npy file.

    `numpy.load` takes the memory that the header announces before it looks for the values.

    Args:
        data: The file.

    Returns:
        The array, which can be written to.

    Raises:
        Exception: One of `DAMAGED_ARCHIVE`: it is damaged, cut off, or needs pickle.
    """
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version[0]}.{version[1]} of npy files is not read")
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, by_column, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("the array holds Python objects, which are not read")
    if min(shape, default=0) < 0:
        raise ValueError(f"the array has a negative size: {shape}")
    count = math.prod(shape)
    there = len(data) - file.tell()
    if count * dtype.itemsize > there:
        raise ValueError(f"the header announces {count} values, for which {there} bytes are there")
    values = np.frombuffer(data, dtype, count, file.tell()) if count else np.empty(0, dtype)
    return values.reshape(shape, order="F" if by_column else "C").copy()


def read_npz(
    source: Path | bytes, names: Collection[str] | None = None, most: int = MOST_UNPACKED
) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an npz file.

    Args:
        source: The file, or its bytes.
        names: The arrays to read; None: all.
        most: Bytes that they have unpacked at most.

    Raises:
        Exception: One of `DAMAGED_ARCHIVE`: it is damaged, lacks an array, is larger, or an array
            needs pickle.
    """
    there = len(source) if isinstance(source, bytes) else source.stat().st_size
    with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
        members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        wanted = {name: members[name] for name in (members if names is None else names)}
        size = sum(member.file_size for member in wanted.values())
        if size > most:
            raise ValueError(f"unpacked it has {size >> 20} MiB, more than {most >> 20}")
        if not {member.compress_type for member in wanted.values()} <= _COMPRESSIONS:
            raise ValueError("an array in it is compressed in a way that NumPy does not write")
        if any(member.compress_size > there for member in wanted.values()):
            raise ValueError("an array in it is said to be longer than the file")
        return {name: read_npy(archive.read(member)) for name, member in wanted.items()}
