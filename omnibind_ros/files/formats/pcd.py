"""PCD, the format of the Point Cloud Library (pointclouds.org, The PCD file format, version .7)."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_POINTS = 50_000_000


def read_pcd(path: Path) -> tuple[npt.NDArray[Any], int]:
    """Read a PCD file, ascii, binary or binary_compressed.

    Returns:
        Structured [N], and the height.

    Raises:
        ValueError: It is damaged, cut off or of another format; the text says why and what to do.
    """
    data = path.read_bytes()
    header, start = _header(data)
    try:
        names = header["FIELDS"]
        sizes, counts = _numbers(header["SIZE"]), _numbers(header.get("COUNT", ["1"] * len(names)))
        kinds = [{"I": "i", "U": "u", "F": "f"}[kind] for kind in header["TYPE"]]
        width, height = int(header["WIDTH"][0]), int(header["HEIGHT"][0])
        kind = header["DATA"][0].lower()
        columns = [
            (name, f"<{letter}{size}", (count,)) if count > 1 else (name, f"<{letter}{size}")
            for name, letter, size, count in zip(_unique(names), kinds, sizes, counts, strict=True)
        ]
        dtype = np.dtype(columns)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise ValueError(
            f"its PCD header is damaged ({error}); it needs FIELDS, SIZE, TYPE, WIDTH, HEIGHT and "
            "DATA"
        ) from error
    points = width * height
    if not 0 <= points <= MAX_POINTS or min(width, height) < 0:
        raise ValueError(
            f"its header announces {width} x {height} points, more than {MAX_POINTS}; restore it"
        )
    if kind == "ascii":
        return _ascii(data[start:], dtype, points), height
    if kind == "binary":
        return _binary(data[start:], dtype, points), height
    if kind == "binary_compressed":
        return _compressed(data[start:], dtype, points), height
    raise ValueError(
        f"DATA {kind[:20]} is not known; save it as ascii, binary or binary_compressed"
    )


def _header(data: bytes) -> tuple[dict[str, list[str]], int]:
    header: dict[str, list[str]] = {}
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        key, *values = data[at:end].decode("ascii", "replace").split() or [""]
        at = end + 1
        if key and not key.startswith("#"):
            header[key.upper()] = values
        if key.upper() == "DATA":
            return header, at
        if at > 1 << 16:
            break
    raise ValueError("its PCD header has no line DATA, so it is cut off; restore the file")


def _numbers(words: list[str]) -> list[int]:
    numbers = [int(word) for word in words]
    if not all(0 < number <= 4096 for number in numbers):
        raise ValueError("SIZE or COUNT is out of range")
    return numbers


def _unique(names: list[str]) -> list[str]:
    """Return names without repetition: padding is '_' each time."""
    return [
        name if names.index(name) == index else f"{name}_{index}"
        for index, name in enumerate(names)
    ]


def _ascii(data: bytes, dtype: np.dtype[Any], points: int) -> npt.NDArray[Any]:
    width = sum(int(np.prod(dtype[name].shape, dtype=int)) for name in dtype.names or ())
    try:
        table = np.loadtxt(BytesIO(data), np.float64, ndmin=2)
    except ValueError as error:
        raise ValueError(
            f"its points are no table of numbers ({str(error)[:80]}); restore the file"
        ) from error
    if table.shape != (points, width) and not points == table.size == 0:
        raise ValueError(
            f"it is cut off or damaged: {table.shape[0]} lines of {table.shape[1]} numbers where "
            f"the header announces {points} of {width}; restore the file"
        )
    result = np.zeros(points, dtype)
    column = 0
    with np.errstate(invalid="ignore"):
        for name in dtype.names or ():
            shape = dtype[name].shape
            count = int(np.prod(shape, dtype=int))
            values = table[:, column : column + count]
            result[name] = values if shape else values[:, 0]
            column += count
    return result


def _binary(data: bytes, dtype: np.dtype[Any], points: int) -> npt.NDArray[Any]:
    if len(data) < points * dtype.itemsize:
        raise ValueError(
            f"it is cut off: {len(data)} bytes where {points} points need "
            f"{points * dtype.itemsize}; restore the file"
        )
    return np.frombuffer(data, dtype, points)


def _compressed(data: bytes, dtype: np.dtype[Any], points: int) -> npt.NDArray[Any]:
    """Unpack: two sizes (uint32), then LZF data of one field after the other."""
    packed, whole = (int.from_bytes(data[at : at + 4], "little") for at in (0, 4))
    if len(data) < 8 + packed or whole != points * dtype.itemsize:
        raise ValueError(
            f"it is cut off or damaged: {max(len(data) - 8, 0)} of {packed} packed bytes, which "
            f"hold {whole} bytes where {points} points need {points * dtype.itemsize}; restore "
            "the file"
        )
    unpacked = unpack_lzf(data[8 : 8 + packed], whole)
    result = np.zeros(points, dtype)
    at = 0
    for name in dtype.names or ():
        size = dtype[name].itemsize * points
        column = np.frombuffer(unpacked[at : at + size], dtype[name].base)
        result[name] = column.reshape(points, *dtype[name].shape)
        at += size
    return result


def unpack_lzf(data: bytes, size: int) -> bytes:
    """Unpack data of LibLZF (Marc Lehmann's lzf_d.c describes the format).

    A control byte below 32 is followed by as many bytes and one more, to be copied. Otherwise its
    upper 3 bits are a length less 2 (7: the next byte is to be added), its lower 5 bits and the
    next byte a distance less 1, from which bytes are repeated.

    Args:
        data: The packed bytes.
        size: Of the unpacked ones.

    Raises:
        ValueError: The data are damaged.
    """
    out = bytearray()
    at = 0
    try:
        while at < len(data) and len(out) <= size:  # no more is taken than is announced
            control = data[at]
            at += 1
            if control < 32:
                out += data[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += data[at]
                at += 1
            start = len(out) - ((control & 31) << 8) - data[at] - 1
            at += 1
            length += 2
            if start < 0:
                raise IndexError  # noqa: TRY301 - as for a byte that is missing
            if start + length <= len(out):
                out += out[start : start + length]
            else:  # the bytes overlap with those that they make
                piece = out[start:]
                out += (piece * (length // len(piece) + 1))[:length]
    except IndexError:
        size = -1
    if len(out) != size:
        raise ValueError("its packed points are damaged; restore the file")
    return bytes(out)
