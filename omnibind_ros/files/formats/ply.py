"""PLY, the Stanford polygon format 1.0 (Greg Turk, The PLY Polygon File Format): its vertices."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_POINTS = 50_000_000

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}

_ORDERS = {"ascii": "<", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class _Element:
    """An element of the header.

    Attributes:
        name: Such as vertex.
        count: How many there are.
        properties: Name and type of each; an empty type for a list.
    """

    name: str
    count: int
    properties: list[tuple[str, str]]


def read_ply(path: Path) -> tuple[npt.NDArray[Any], int]:
    """Read the vertices of a PLY file, ascii or binary of either byte order.

    Returns:
        Structured [N], and the height, which is 1.

    Raises:
        ValueError: It is damaged, cut off or of another layout; the text says why and what to do.
    """
    data = path.read_bytes()
    form, elements, start = _header(data)
    before: list[_Element] = []
    for element in elements:
        if element.name == "vertex":
            return _vertices(data, start, form, before, element), 1
        before.append(element)
    raise ValueError("it has no element vertex; save points as vertices with x, y and z")


def _header(data: bytes) -> tuple[str, list[_Element], int]:
    end = data.find(b"end_header")
    newline = data.find(b"\n", end)
    if end < 0 or newline < 0 or end > 1 << 16:
        raise ValueError("its PLY header has no end_header, so it is cut off; restore the file")
    form = ""
    elements: list[_Element] = []
    try:
        for line in data[:end].decode("ascii", "replace").splitlines():
            key, *values = line.split() or [""]
            if key == "format":
                form = values[0]
            elif key == "element":
                elements.append(_Element(values[0], int(values[1]), []))
            elif key == "property":
                kind = "" if values[0] == "list" else _TYPES[values[0]]
                elements[-1].properties.append((values[-1], kind))
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f"its PLY header is damaged ({error}); restore the file") from error
    if form not in _ORDERS:
        raise ValueError(f"its PLY format is '{form[:30]}'; save it as {' or '.join(_ORDERS)}")
    return form, elements, newline + 1


def _vertices(
    data: bytes, start: int, form: str, before: list[_Element], vertex: _Element
) -> npt.NDArray[Any]:
    if not 0 <= vertex.count <= MAX_POINTS:
        raise ValueError(f"its header announces {vertex.count} points; restore the file")
    lists = [name for element in (*before, vertex) for name, kind in element.properties if not kind]
    if lists and (form != "ascii" or any(not kind for _, kind in vertex.properties)):
        raise ValueError(
            f"the list {lists[0]} stands in or before the vertices; save the vertices first and "
            "without lists"
        )
    order = _ORDERS[form]
    dtype = _dtype(vertex, order)
    if form == "ascii":
        return _ascii(data[start:], sum(element.count for element in before), vertex, dtype)
    start += sum(element.count * _dtype(element, order).itemsize for element in before)
    if len(data) - start < vertex.count * dtype.itemsize:
        raise ValueError(
            f"it is cut off: {max(len(data) - start, 0)} bytes where {vertex.count} points need "
            f"{vertex.count * dtype.itemsize}; restore the file"
        )
    return np.frombuffer(data, dtype, vertex.count, start)


def _dtype(element: _Element, order: str) -> np.dtype[Any]:
    try:
        return np.dtype([(name, order + kind) for name, kind in element.properties])
    except ValueError as error:  # a name twice
        raise ValueError(f"its PLY header is damaged ({error}); restore the file") from error


def _ascii(data: bytes, skip: int, vertex: _Element, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    lines = data.splitlines()[skip : skip + vertex.count]
    try:
        table = np.loadtxt(BytesIO(b"\n".join(lines)), np.float64, ndmin=2) if lines else None
    except ValueError as error:
        raise ValueError(
            f"its points are no table of numbers ({str(error)[:80]}); restore the file"
        ) from error
    if table is None:
        table = np.empty((0, len(vertex.properties)))
    if table.shape != (vertex.count, len(vertex.properties)):
        raise ValueError(
            f"it is cut off or damaged: {table.shape[0]} points of {table.shape[1]} numbers where "
            f"the header announces {vertex.count} of {len(vertex.properties)}; restore the file"
        )
    result = np.zeros(vertex.count, dtype)
    for column, name in enumerate(dtype.names or ()):
        result[name] = table[:, column]
    return result
