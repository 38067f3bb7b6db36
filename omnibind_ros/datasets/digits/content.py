"""What a sample of the digits set is made of: pictures, and sentences about digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

from omnibind_ros.datasets.readers.nmnist import DIGITS

SCALE = 16
"""Pixels a side that one pixel of the original becomes: 8 x 8 become 128 x 128."""

SENTENCES = (
    ("the digit {word}", "a handwritten {word}", "someone says {word}", "number {word}"),
    (
        "the number after {before}",
        "the number before {after}",
        "what comes after {before}",
        "{misheard}",
    ),
)
"""With the class's name, and without it; one of each kind is drawn."""

MISHEARD: Mapping[str, str] = {
    "zero": "the digit nero",
    "one": "number won",
    "two": "number too",
    "three": "the digit free",
    "four": "number for",
    "five": "the digit hive",
    "six": "number sicks",
    "seven": "digit heaven",
    "eight": "number ate",
    "nine": "number mine",
}
"""By digit, what a speech recogniser may write for it."""


@lru_cache(maxsize=1)
def _pictures() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return scikit-learn's digits: uint8 [N, 8, 8] 0..255, dark ground, and their classes."""
    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return pixels, np.asarray(digits.target, np.int64)


def picture_classes() -> list[int]:
    """Return the digit of each picture, in the order of their numbers."""
    return [int(digit) for digit in _pictures()[1]]


def load_picture(number: int) -> npt.NDArray[np.uint8]:
    """Return one of scikit-learn's digits.

    Args:
        number: Its number in the set.

    Returns:
        uint8 [128, 128, 3], RGB, white on black; each of the 8 x 8 pixels is a square of 16.
    """
    pixels = _pictures()[0][number]
    size = (pixels.shape[1] * SCALE, pixels.shape[0] * SCALE)
    large = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB), np.uint8)


def sentences(digit: int, seed: Sequence[int]) -> list[str]:
    """Return sentences about a digit: one with its name, one without, in either order.

    Args:
        digit: 0 to 9.
        seed: Seed of the choice.
    """
    rng = np.random.default_rng(seed)
    words = {
        "word": DIGITS[digit],
        "before": DIGITS[digit - 1] if digit else "minus one",
        "after": DIGITS[digit + 1] if digit < 9 else "ten",
        "misheard": MISHEARD[DIGITS[digit]],
    }
    chosen = [str(rng.choice(texts)).format(**words) for texts in SENTENCES]
    return [chosen[i] for i in rng.permutation(len(chosen))]
