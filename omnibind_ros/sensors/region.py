"""A region of interest: the part of a picture-like sample that is encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .base import Chunk, Combiner, Doubtful, RejectedSampleError, SensorType
from .event import EventWindow

PICTURE_LIKE = frozenset({"image", "touch", "thermal", "event"})
"""Modalities whose samples have rows and columns."""


class Region(NamedTuple):
    """A rectangle, in shares of the picture's width and height.

    Attributes:
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
    """

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def parse(cls, text: str) -> Region:
        """Return the region of a text such as '0.25,0.1,0.5,0.5'.

        Raises:
            ValueError: It is none, or lies outside the picture; the text is one sentence.
        """
        return cls.of(text.split(","))

    @classmethod
    def of(cls, values: Sequence[Any]) -> Region:
        """Return the region of x, y, width and height, numbers or their texts.

        Raises:
            ValueError: As `parse`.
        """
        shown = f"the region '{','.join(map(str, values))[:40]}'"
        try:
            region = cls(*map(float, values))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{shown} is not x,y,w,h; give four shares of the picture, such as "
                "0.25,0.25,0.5,0.5"
            ) from error
        inside = (
            min(region.x, region.y) >= 0
            and min(region.width, region.height) > 0
            and region.x + region.width <= 1 + 1e-6
            and region.y + region.height <= 1 + 1e-6
        )
        if not inside:
            raise ValueError(
                f"{shown} lies outside the picture; x, y, w and h are shares of its width and "
                "height, from 0 to 1"
            )
        return region

    def pixels(self, width: int, height: int) -> tuple[slice, slice]:
        """Return the rows and columns of a picture; at least one pixel each.

        Args:
            width: Of the picture, pixels.
            height: Likewise.
        """
        left = min(round(self.x * width), width - 1)
        top = min(round(self.y * height), height - 1)
        right = max(min(round((self.x + self.width) * width), width), left + 1)
        bottom = max(min(round((self.y + self.height) * height), height), top + 1)
        return slice(top, bottom), slice(left, right)


class Box(NamedTuple):
    """A rectangle in pixels, as a detector gives it.

    Attributes:
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
    """

    x: int
    y: int
    width: int
    height: int

    def region(self, width: int, height: int) -> Region | None:
        """Return the part of the box inside a picture, in shares of it; None if there is none.

        Args:
            width: Of the picture, pixels.
            height: Likewise.
        """
        left, top = max(self.x, 0), max(self.y, 0)
        right, bottom = min(self.x + self.width, width), min(self.y + self.height, height)
        if right <= left or bottom <= top:
            return None
        return Region(left / width, top / height, (right - left) / width, (bottom - top) / height)


def picture_size(sample: Any) -> tuple[int, int]:
    """Return width and height of a picture-like sample, pixels.

    Args:
        sample: [H, W] or [H, W, C], or `EventWindow`.
    """
    if isinstance(sample, EventWindow):
        return int(sample.width), int(sample.height)
    return int(sample.shape[1]), int(sample.shape[0])


def check_region(values: Sequence[Any]) -> None:
    """Raise ValueError, with one sentence, unless values are empty or those of a region."""
    if values:
        Region.of(values)


def crop(sample: Any, region: Region) -> Any:
    """Return the part of a sample inside a region.

    Args:
        sample: [H, W] or [H, W, C], or `EventWindow`.
        region: The region.
    """
    if isinstance(sample, EventWindow):
        rows, columns = region.pixels(sample.width, sample.height)
        inside = (
            (sample.x >= columns.start)
            & (sample.x < columns.stop)
            & (sample.y >= rows.start)
            & (sample.y < rows.stop)
        )
        return sample._replace(
            x=(sample.x[inside] - columns.start).astype(np.uint16),
            y=(sample.y[inside] - rows.start).astype(np.uint16),
            t=sample.t[inside],
            p=sample.p[inside],
            width=columns.stop - columns.start,
            height=rows.stop - rows.start,
        )
    rows, columns = region.pixels(sample.shape[1], sample.shape[0])
    return np.ascontiguousarray(sample[rows, columns])


def with_region(kind: SensorType, region: Region) -> SensorType:
    """Return a sensor type whose samples are cropped.

    Args:
        kind: A type of a modality in `PICTURE_LIKE`.
        region: What to keep.
    """
    if kind.modality not in PICTURE_LIKE or kind.encoded:
        raise RejectedSampleError(f"a {kind.modality} sample has no region; leave roi away")

    def make(options: Any) -> Combiner:
        combine = kind.make_combiner(options)

        def cropped(chunks: Sequence[Chunk]) -> Any:
            result = combine(chunks)
            if isinstance(result, Doubtful):
                return result._replace(data=crop(result.data, region))
            return crop(result, region)

        return cropped

    return replace(kind, make_combiner=make)
