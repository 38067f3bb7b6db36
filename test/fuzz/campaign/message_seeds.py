"""Whole messages of each kind, laid out as `messages.py` takes inputs apart."""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np

from omnibind_ros.sensors.audio import FORMATS

_RNG = np.random.default_rng(0)
_PIXELS = _RNG.integers(0, 256, (6, 8, 3), np.uint8)
_SINE = np.sin(np.arange(120) / 3)


def _header(layout: str, *values: Any) -> bytes:
    return struct.pack("<" + layout, *values)


def image_seeds() -> list[bytes]:
    return [
        _header("IIBBI", 6, 8, kind, 0, 0) + _PIXELS.tobytes() + bytes(60) for kind in range(14)
    ]


def thermal_seeds() -> list[bytes]:
    kelvin = _RNG.normal(295, 2, 48)
    rows = {
        0: (kelvin * 100).astype("<u2"),
        2: kelvin.astype("<f4"),
        3: _RNG.integers(0, 255, 48, np.uint8),
    }
    return [
        _header("IIBBIBBB", 6, 8, kind, 0, 0, 0, 0, 0) + values.tobytes()
        for kind, values in rows.items()
    ]


def compressed_seeds() -> list[bytes]:
    grey = _PIXELS[..., 0]
    wide = (grey.astype(np.uint16) << 8) | 255
    jpegs = [(".jpg", _PIXELS), (".jpg", grey)]
    pngs = [(".png", one) for one in (_PIXELS, grey, wide, _PIXELS.astype(np.uint16) * 200)]
    found = []
    for suffix, pixels in (*jpegs, *pngs):
        file = cv2.imencode(suffix, pixels)[1].tobytes()
        found += [bytes((form, 0, 0)) + file for form in (2, 3, 5, 8)]
    return found


def events_seeds() -> list[bytes]:
    x, y = _RNG.integers(0, 64, (2, 20)).astype("<u2")
    t, p = np.sort(_RNG.integers(0, 10**7, 20)).astype("<u4"), _RNG.integers(0, 2, 20).astype("u1")
    head = _header("IIBBBB", 64, 64, 20, 20, 20, 20)
    return [head + b"".join(column.tobytes() for column in (x, y, t, p))]


def evt3_seeds() -> list[bytes]:
    words = np.array(
        [0x8001, 0x6010, 0x0020, 0x2030, 0x2831, 0x3040, 0x4FFF, 0x50AA, 0x6020, 0xE000], "<u2"
    )
    return [_header("IIBB", 640, 480, 0, 0) + np.tile(words, 4).tobytes()]


def mono_seeds() -> list[bytes]:
    words = [(i % 2) << 63 | i << 48 | i << 32 | i * 1000 for i in range(20)]
    return [_header("IIBB", 640, 480, 0, 0) + np.array(words, "<u8").tobytes()]


def points_seeds() -> list[bytes]:
    cloud = _RNG.normal((2, 0, 0), 0.2, (40, 3)).astype("<f4")
    head = _header("IIIIBB", 1, 40, 12, 480, 0, 3)
    fields = b"".join(_header("BIB", axis, 4 * axis, 7) for axis in range(3))
    return [head + fields + bytes((0, axes, 0, 0, 0, frame)) + cloud.tobytes()
            for axes, frame in ((0, 0), (0, 1), (2, 2))]  # fmt: skip


def audio_seeds() -> list[bytes]:
    sound = (_SINE * 9000).astype("<i2").tobytes()
    return [_header("IHB", 16000, channels, 0) + sound for channels in (1, 2)]


def audio_data_seeds() -> list[bytes]:
    kinds = enumerate(FORMATS.values())
    return [
        bytes((index, 0, 0)) + (_SINE * (0.3 if "f" in kind else 90)).astype(kind).tobytes()
        if kind != "u1"
        else bytes((index, 0, 0)) + (_SINE * 90 + 128).astype("u1").tobytes()
        for index, kind in kinds
    ]


def audio_stamped_seeds() -> list[bytes]:
    return [
        _header("IIH", kind, 16000, 1) + (_SINE * scale).astype(dtype).tobytes()
        for kind, scale, dtype in ((1, 0.3, "<f4"), (8, 9000, "<i2"), (2, 2e9, "<i4"))
    ]


def encoded_seeds() -> list[bytes]:
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    adts = b"\xff\xf1\x50\x80\x04\x1f\xfc" + bytes(26)
    return [frame * 3, adts * 4, b"RIFF\0\0\0\0WAVEfmt ", b"ID3\x04", b"OggS"]


def text_seeds() -> list[bytes]:
    return [
        b"there is a cup but no bowl on the table, and it is not a plate",
        b"[BLANK_AUDIO] (music) <|en|> *laughs* a cup",
        b"No, I don't see a chair; nothing but a lamp which isn't red.",
        "\u064a\u06cc\u200c\u3010noise\u3011 caf\u00e9".encode(),
    ]


def embedding_seeds() -> list[bytes]:
    values = _RNG.normal(size=16)
    unit = (values / np.linalg.norm(values)).astype("<f4").tobytes()
    return [bytes((4, 0, 8)) + bytes(8) + b"\x02" + unit, bytes((4, 0, 0, 0)) + unit]
