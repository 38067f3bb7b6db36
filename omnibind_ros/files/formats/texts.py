"""Texts: a file is one sentence, as std_msgs/String."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.recording import Recording, Timed

MAX_BYTES = 1 << 16
"""Longer texts are no sentence."""


def open_text_file(path: Path, modality: str) -> Recording:
    """Open a text in UTF-8.

    Raises:
        FileError: It is no text.
    """
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise FileError(path, "the text is too long for a sentence; use a file of one sentence")
    try:
        return sentence(data.decode("utf-8-sig"), modality)
    except UnicodeDecodeError as error:
        raise FileError(path, "it is no text in UTF-8; save it as UTF-8") from error


def sentence(text: str, modality: str = "text") -> Recording:
    """Return a sentence as a recording."""
    return Recording(modality, "std_msgs/msg/String", [Timed(SimpleNamespace(data=text))])
