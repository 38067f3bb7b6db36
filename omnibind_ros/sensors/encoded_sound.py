"""Recognises compressed sound and sound files by their bytes, where uncompressed sound is expected.

Formats: MPEG audio frame headers (ISO/IEC 11172-3, 2.4.1.3, and 13818-3), ID3v2, RIFF/WAVE, FLAC
(RFC 9639), Ogg (RFC 3533), ADTS (ISO/IEC 13818-7).
"""

from __future__ import annotations

import re
from collections.abc import Callable

_FIRST_4 = {
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"caff": "CAF",
    b".snd": "AU",
}

_HEADER = re.compile(rb"\xff[\xe2-\xe5\xf0-\xf5\xf8-\xfd][\x10-\xef]", re.DOTALL)
"""Bytes that may begin a frame of MPEG audio or ADTS.

Layer I is left out: nobody sends it, and its bytes 255 255 are those of a quiet negative sound.
"""

_V1 = 3  # version 1 as the header has it; 2 is version 2, 0 is version 2.5
_KBIT = {  # by whether it is version 1, and layer (2: II, 1: III)
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HZ = (44100, 48000, 32000)

_Frame = Callable[[bytes, int], tuple[tuple[int, ...], int]]


def encoding_at_start(data: bytes) -> str:
    """Return the name of the encoding that begins at the first byte; '' if none is recognised.

    Frames of MPEG audio or AAC are recognised where each begins where the one before ends and the
    last ends with the data, or is cut after the second.

    Args:
        data: The bytes of a message.
    """
    name = _FIRST_4.get(data[:4], "")
    if name:
        return name
    if data[:3] == b"ID3":
        return "MP3"
    if data[4:8] == b"ftyp":
        return "MP4"
    if (data[8:12] == b"WAVE" and data[:3] == b"RIF") or data[:4] == b"RF64":
        return "a WAV file"
    if data[8:11] == b"AIF" and data[:4] == b"FORM":
        return "an AIFF file"
    return _frames_at(data, 0) if data[:1] == b"\xff" else ""


def encoding_inside(data: bytes) -> str:
    """Return 'MP3' or 'AAC' if frames begin anywhere; '' if not.

    Headers of one kind are needed, each where the frame before it ends, up to the end of the data:
    two that are equal but for the padding bit, or three.

    Args:
        data: The bytes of a message.
    """
    starts = (header.start() for header in _HEADER.finditer(data, 0, len(data) // 2 + 3))
    return next(filter(None, (_frames_at(data, start) for start in starts)), "")


def _frames_at(data: bytes, start: int) -> str:
    for frame, name in ((_mpeg_frame, "MP3"), (_adts_frame, "AAC")):
        if _is_chain(data, start, frame):
            return name
    return ""


def _is_chain(data: bytes, start: int, frame: _Frame) -> bool:
    """Return whether frames of one kind follow each other from a byte to the end of the data."""
    kind, length = frame(data, start)
    at, count, header = start, 0, b""
    while length:
        at, count = at + length, count + 1
        if at + 7 > len(data):
            whole = count > 2 or (start == 0 and at == len(data))
            whole |= count == 2 and header == bytes((data[start + 1], data[start + 2] & 0xFD))
            # A tone may look like it, but repeats the header within each frame.
            return whole and data.count(data[start : start + 4]) <= count + 1
        this, length = frame(data, at)
        if this != kind:
            return False
        header = bytes((data[at + 1], data[at + 2] & 0xFD))
    return False


def _mpeg_frame(data: bytes, at: int) -> tuple[tuple[int, ...], int]:
    """Return the kind and length of the MPEG audio frame whose header is at a byte; 0 if none."""
    if at + 4 > len(data):
        return (), 0
    second, third, fourth = data[at + 1 : at + 4]
    version, layer = second >> 3 & 3, second >> 1 & 3
    rate, bits = third >> 2 & 3, third >> 4
    if data[at] != 0xFF or second < 0xE0 or version == 1 or layer in (0, 3) or rate == 3:
        return (), 0
    if not 0 < bits < 15 or fourth & 3 == 2:  # free format is not sent by drivers
        return (), 0
    hz = _HZ[rate] >> (_V1 - version if version else 2)
    kbit = _KBIT[version == _V1, layer][bits - 1]
    padding = third >> 1 & 1
    per_kbit = 72000 if layer == 1 and version != _V1 else 144000
    length = per_kbit * kbit // hz + padding
    return (version, layer, rate), length


def _adts_frame(data: bytes, at: int) -> tuple[tuple[int, ...], int]:
    """Return the kind and length of the ADTS frame whose header is at a byte; 0 if none."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return (), 0
    rate = data[at + 2] >> 2 & 15
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if rate > 12 or length < 8:
        return (), 0
    return (data[at + 1], data[at + 2] & 0xFD), length
