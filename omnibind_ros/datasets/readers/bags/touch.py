"""Pictures of gel pads in bags, with the first picture of the bag as the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .base import MessageSource
from .image import TYPES, to_image

__all__ = ["TYPES", "load"]


def load(messages: Sequence[Any], source: MessageSource) -> npt.NDArray[np.uint8]:
    """Return the last picture and the reference, uint8 [2, H, W, 3], RGB; raises SkipError."""
    return np.stack([to_image(messages[-1], source.name), to_image(source.first(), source.name)])
