"""Which kind of file a file is: by its name and by its first bytes, which must agree."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .errors import FileError

MAX_BYTES = 2**30
"""Larger files are not read."""

SUFFIXES: dict[str, frozenset[str]] = {
    "picture": frozenset(
        [".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"]
    ),
    "sound": frozenset([".aif", ".aiff", ".au", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"]),
    "cloud": frozenset([".pcd", ".ply"]),
    "array": frozenset({".npy"}),
    "events": frozenset([".aedat", ".aedat4", ".bin", ".dat", ".npz", ".raw"]),
    "text": frozenset({".txt"}),
}
"""By kind, the endings of file names, in lower case."""

KIND_OF_SUFFIX = {suffix: kind for kind, suffixes in SUFFIXES.items() for suffix in suffixes}

MODALITIES_OF: dict[str, tuple[str, ...]] = {
    "picture": ("image", "touch", "thermal"),
    "sound": ("audio",),
    "cloud": ("points",),
    "array": ("points", "thermal", "event"),
    "events": ("event",),
    "text": ("text",),
}
"""By kind, the modalities that a file of it may have; the first is the usual one."""

HEAD = 512
"""Bytes from the start of a file that are looked at."""


class Content(NamedTuple):
    """What the first bytes say.

    Attributes:
        kind: A key of `SUFFIXES`; empty for a file of none of these kinds.
        name: What it is, for messages.
    """

    kind: str
    name: str


_SIGNATURES: tuple[tuple[bytes, Content], ...] = (
    (b"\xff\xd8\xff", Content("picture", "a JPEG picture")),
    (b"\x89PNG\r\n\x1a\n", Content("picture", "a PNG picture")),
    (b"II*\0", Content("picture", "a TIFF picture")),
    (b"MM\0*", Content("picture", "a TIFF picture")),
    (b"fLaC", Content("sound", "a FLAC sound")),
    (b"OggS", Content("sound", "an Ogg sound")),
    (b"ID3", Content("sound", "an MP3 sound")),
    (b"# .PCD", Content("cloud", "a PCD cloud")),
    (b"ply\n", Content("cloud", "a PLY cloud")),
    (b"ply\r", Content("cloud", "a PLY cloud")),
    (b"\x93NUMPY", Content("array", "a NumPy array")),
    (b"PK\x03\x04", Content("events", "a zip archive, as npz files are")),
    (b"#!AER-DAT", Content("events", "a recording of an event camera")),
    (b"GIF8", Content("", "a GIF picture; save it as PNG")),
    (b"%PDF", Content("", "a PDF document; save its pictures as PNG")),
    (b"\x89HDF", Content("", "an HDF5 file; save its events or points as npz or npy")),
    (b"<!DOCTYPE", Content("", "an HTML page; fetch the file that it links to")),
    (b"<html", Content("", "an HTML page; fetch the file that it links to")),
    (
        b"version https://git-lfs",
        Content("", "a pointer of Git LFS; run 'git lfs pull' where it came from"),
    ),
)


def content_of(head: bytes) -> Content | None:
    """Return what the first bytes of a file say; None if they say nothing."""
    for signature, content in _SIGNATURES:
        if head.startswith(signature):
            return content
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return Content("sound", "a WAV sound")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Content("picture", "a WebP picture")
    if head[:4] == b"FORM" and head[8:11] == b"AIF":
        return Content("sound", "an AIFF sound")
    if head[4:8] == b"ftyp":
        return Content("", "a film or picture of the MP4 family; save a picture or sound of it")
    return None


def named_kind(path: Path) -> str:
    """Return the kind that a file's name says; '' if it says none."""
    return KIND_OF_SUFFIX.get(path.suffix.lower(), "")


def kind_of(path: Path) -> str:
    """Return the kind of a file, a key of `SUFFIXES`.

    Raises:
        FileError: It is missing, empty or too large, of an unknown kind, or of another kind than
            its name says.
    """
    try:
        if path.is_dir():
            raise FileError(path, "this is a folder, not a file; name a file in it")
        with path.open("rb") as file:
            head = file.read(HEAD)
            size = file.seek(0, 2)
    except OSError as error:
        raise FileError(path, f"it cannot be read ({error.strerror}); check the path") from error
    if not head:
        raise FileError(path, "the file is empty; restore it from where it came")
    if size > MAX_BYTES:
        raise FileError(
            path, f"the file has {size / 2**30:.1f} GiB, more than 1; cut out the part that matters"
        )
    named, content = named_kind(path), content_of(head)
    if content is not None and not content.kind:
        raise FileError(path, f"it cannot be used since it is {content.name}")
    if content is not None and named and content.kind != named:
        raise FileError(
            path,
            f"its name is that of {_article(named)}, but it is {content.name}; "
            "give it its right name",
        )
    kind = content.kind if content is not None else named
    if not kind:
        raise FileError(path, f"its kind is unknown; use a file that ends in {known_suffixes()}")
    return kind


def known_suffixes() -> str:
    """Return the endings of names that are known, for messages."""
    return ", ".join(sorted(KIND_OF_SUFFIX))


def _article(kind: str) -> str:
    return {"events": "a recording of events", "array": "an array"}.get(kind, f"a {kind}")
