"""Sentences: several of each sample, as JSON."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import numpy as np

from .base import CodecError
from .drawing import BACKGROUND, Picture, write

SUFFIX = "text.json"
CONTENT = "list of sentences"

CELLS = 2

WORDS = (
    *("of", "to", "blue", "seven", "perhaps", "north", "slowly", "quite"),
    *("Monday", "nothing", "and", "yes", "under", "twice", "there", "maybe"),
)
"""Words that name no object."""


def encode(data: Any) -> bytes:
    """Return a sentence, or a list of sentences, as JSON.

    Raises:
        CodecError: It is no text, or empty.
    """
    sentences = [data] if isinstance(data, str) else list(data)
    if not sentences or not all(isinstance(text, str) and text.strip() for text in sentences):
        raise CodecError("text data is no list of sentences")
    return json.dumps(sentences, ensure_ascii=False).encode()


def decode(stored: bytes | memoryview) -> list[str]:
    """Return the sentences; raises CodecError."""
    try:
        return [str(sentence) for sentence in json.loads(bytes(stored))]
    except ValueError as error:
        raise CodecError(f"stored sentences cannot be decoded ({error})") from error


def to_observation(data: list[str], rng: np.random.Generator) -> str:
    """Return one of the sentences."""
    return data[int(rng.integers(len(data)))]


def from_observation(observation: str, reading: Any) -> list[str]:
    """Return a sensor's sentence."""
    return [observation]


def picture(data: list[str], size: int) -> Picture:
    """Write the sentences into a picture, uint8 [size, size, 3]."""
    result = np.full((size, size, 3), BACKGROUND, np.uint8)
    words = " / ".join(data).encode("ascii", "replace").decode()
    for row, line in enumerate(textwrap.wrap(words, max(8, size // 6))):
        write(result, line, 3, 11 + 11 * row)
    return result


def noise(observation: str, rng: np.random.Generator) -> str:
    """Return five words without a meaning."""
    return " ".join(rng.choice(WORDS, 5))
