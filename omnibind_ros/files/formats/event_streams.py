"""Recordings of event cameras in their makers' formats: EVT 2 and 3, DAT, ATIS and AEDAT 4."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.recording import Recording
from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.evt3 import Columns, decode_evt3

from .aedat4 import read_aedat4
from .event_arrays import NS_PER_US, open_npz_file, recording

CD_OFF, CD_ON, TIME_HIGH = 0x0, 0x1, 0x8
"""Types of EVT 2.0's words (docs.prophesee.ai, Data Encoding Formats, EVT 2.0)."""

DAT_CD = (0x00, 0x0C)
"""Types of DAT files with events of contrast (docs.prophesee.ai, File Formats, DAT)."""

ATIS_OVERFLOW_ROW = 240
ATIS_OVERFLOW_US = 1 << 13
"""See `read_atis`."""


class _Header(NamedTuple):
    """The lines '% key value' at the start of Prophesee's files.

    Attributes:
        text: All of them, in lower case.
        size: Width and height; None if they are not said.
        end: First byte behind.
    """

    text: str
    size: tuple[int, int] | None
    end: int


def open_event_file(path: Path, modality: str) -> Recording:
    """Open a recording of an event camera.

    Args:
        path: npz, raw (EVT 2.0 or 3.0), dat (Prophesee's), aedat4, or bin (N-MNIST's).
        modality: The modality.

    Raises:
        FileError: It is damaged, cut off or in another format.
    """
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"PK"):
        return open_npz_file(path, modality)
    if head.startswith(b"#!AER-DAT4"):
        events, size = read_aedat4(path)
        return recording(path, events, size, modality)
    if head.startswith(b"#!AER-DAT"):
        version = head[9:12].decode("ascii", "replace")
        raise FileError(path, f"it is AEDAT {version}, which is not read; convert it to AEDAT 4")
    suffix = path.suffix.lower()
    if suffix == ".bin":
        return _open_atis(path, modality)
    if suffix not in (".raw", ".dat") or not head.startswith(b"%"):
        raise FileError(
            path,
            "its content is that of no known recording of events; use npz, aedat4, or raw and dat "
            "files with their header",
        )
    data = path.read_bytes()
    header = _header(data)
    events = (_dat if suffix == ".dat" else _raw)(path, data, header)
    return recording(path, events, header.size, modality)


def _header(data: bytes) -> _Header:
    end = 0
    while data[end : end + 1] == b"%":
        newline = data.find(b"\n", end)
        if newline < 0:
            break
        line = data[end:newline]
        end = newline + 1
        if line.strip() == b"% end":
            break
    text = data[:end].decode("ascii", "replace").lower()
    found = re.search(r"geometry\s+(\d+)x(\d+)", text)
    pair = (
        found.groups()
        if found
        else tuple(
            match[1] if (match := re.search(rf"{name}\W+(\d+)", text)) else ""
            for name in ("width", "height")
        )
    )
    size = (int(pair[0]), int(pair[1])) if all(pair) and all(map(int, pair)) else None
    return _Header(text, size, end)


def _raw(path: Path, data: bytes, header: _Header) -> Columns:
    version = re.search(r"(?:evt\s+|format\s+evt)(\d(?:\.\d)?)", header.text)
    name = version[1] if version else "unknown"
    body = np.frombuffer(data, np.uint8, offset=header.end)
    if name in ("3", "3.0"):
        try:
            size = header.size or (1 << 11, 1 << 11)
            # A word of 2 bytes gives 12 events at most.
            events, _ = decode_evt3(body[: len(body) // 2 * 2], False, 6 * len(body), *size)
        except RejectedSampleError as error:
            raise FileError(path, str(error)) from error
    elif name in ("2", "2.0"):
        events = _evt2(path, body)
    else:
        raise FileError(path, f"its encoding EVT {name} is not read; save it as EVT 2.0 or 3.0")
    return events._replace(t=events.t * NS_PER_US)


def _evt2(path: Path, body: npt.NDArray[np.uint8]) -> Columns:
    """Decode 32-bit words: type (4 bits), lower 6 bits of the time, x (11), y (11).

    A TIME_HIGH has the upper 28 bits of the time instead.

    Events before the first TIME_HIGH are left out. t is in microseconds.
    """
    words = body[: len(body) // 4 * 4].view("<u4")
    kind = words >> 28
    share = np.isin(kind, (CD_OFF, CD_ON, TIME_HIGH, 0xA, 0xE, 0xF)).mean() if len(kind) else 0
    if share < 0.9:
        raise FileError(
            path, f"{1 - share:.0%} of its words are none of EVT 2.0; it is damaged, restore it"
        )
    at = np.arange(len(words))
    high_at = np.maximum.accumulate(np.where(kind == TIME_HIGH, at, -1))
    is_event = (kind <= CD_ON) & (high_at >= 0)
    chosen = words[is_event].astype(np.int64)
    high = words[high_at[is_event]].astype(np.int64) & 0x0FFF_FFFF
    return Columns(
        (chosen >> 11 & 0x7FF).astype(np.uint16),
        (chosen & 0x7FF).astype(np.uint16),
        high << 6 | (chosen >> 22 & 0x3F),
        (chosen >> 28).astype(np.uint8),
    )


def _dat(path: Path, data: bytes, header: _Header) -> Columns:
    """Decode 8 bytes an event: time in microseconds (32 bits), x (14), y (14), polarity (4)."""
    kind, size = data[header.end : header.end + 1], data[header.end + 1 : header.end + 2]
    if not kind or kind[0] not in DAT_CD or size != b"\x08":
        raise FileError(
            path, "it holds no events of contrast of 8 bytes; it is damaged, or of another type"
        )
    body = data[header.end + 2 :]
    if len(body) % 8:
        raise FileError(path, "it is cut off within an event of 8 bytes; restore the file")
    words = np.frombuffer(body, "<u4").reshape(-1, 2)
    where = words[:, 1]
    return Columns(
        (where & 0x3FFF).astype(np.uint16),
        (where >> 14 & 0x3FFF).astype(np.uint16),
        words[:, 0].astype(np.int64) * NS_PER_US,
        ((where >> 28) > 0).astype(np.uint8),
    )


def read_atis(data: npt.NDArray[np.uint8]) -> Columns:
    """Decode the binary format of N-MNIST and N-Caltech101.

    An event is 40 bits, big-endian: 8 bits x, 8 bits y, 1 bit polarity (1 brighter), 23 bits time
    in microseconds (Orchard et al. 2015, doi 10.3389/fnins.2015.00437, and its web pages). An event
    in row 240 marks an overflow of the clock instead: 2^13 us are added to all events that follow,
    as in the authors' Read_Ndataset.m.

    Args:
        data: uint8 [n], the file.

    Returns:
        The events, t in nanoseconds.

    Raises:
        ValueError: It is cut off; the text is one sentence.
    """
    if data.size % 5:
        raise ValueError("the recording is cut off: 5 bytes are an event; restore the file")
    fields = data.reshape(-1, 5).astype(np.int64)
    t = (fields[:, 2] & 0x7F) << 16 | fields[:, 3] << 8 | fields[:, 4]
    overflow = fields[:, 1] == ATIS_OVERFLOW_ROW
    t += np.cumsum(overflow) * ATIS_OVERFLOW_US
    real = fields[~overflow]
    return Columns(
        real[:, 0].astype(np.uint16),
        real[:, 1].astype(np.uint16),
        t[~overflow] * NS_PER_US,
        (real[:, 2] >> 7).astype(np.uint8),
    )


def _open_atis(path: Path, modality: str) -> Recording:
    try:
        events = read_atis(np.fromfile(path, np.uint8))
    except ValueError as error:
        raise FileError(path, str(error)) from error
    return recording(path, events, None, modality)
