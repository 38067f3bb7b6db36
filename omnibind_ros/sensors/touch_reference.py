"""The image of a tactile pad without contact: from a file, or recorded while the pad is at rest.

docs/how-to/thermal_and_touch.md describes `LearntReference` and its limits.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .base import Chunk, Doubt, Doubtful, NotReadyError, RejectedSampleError
from .touch_contact import ContactDetector
from .touch_doubt import ReferenceDoubt

Picture = npt.NDArray[np.float32]
"""float32 [H, W, 3], RGB, counts 0..255."""

CELLS = 8
"""Cells along each side of the pad. Their means show a local contact, which the mean of the pad
does not, with little of the camera's noise: 2 counts per pixel become 0.1 at 160 x 120."""

SETTLE_FRAMES = 10
"""Consecutive frames without movement whose mean becomes the reference."""

DARK = 8.0
"""Mean in counts (0..255) below which the pad's lamps are off."""

STILL = 2.0
"""Largest change of a cell, in counts (0..255), of a pad at rest."""

PATIENCE = 300
"""Frames without a reference after which the allowed change doubles, so that a pad with a noisy
camera gets a reference too."""

FOLLOW_EVERY = 0.5
"""Shortest time between two updates of the reference, seconds."""

FOLLOW_TIME = 10.0
"""Time constant of the reference where the pad is free, seconds."""

LONGEST_STEP = 2.0
"""Seconds between two updates that are allowed for; more count as these."""


REFERENCE_TAKEN = "the picture of the free pad has been taken; the pad may be touched from now on"


def _difference(image: npt.NDArray[np.uint8], reference: Picture) -> Picture:
    change = image - reference
    change *= np.float32(1 / 255)
    return change


class FixedReference:
    """Compares gel images with a given picture."""

    def __init__(self, reference: npt.NDArray[np.uint8]) -> None:
        """Create a combiner.

        Args:
            reference: uint8 [H, W, 3], RGB.
        """
        self._reference = reference.astype(np.float32)

    def __call__(self, chunks: Sequence[Chunk]) -> Picture:
        """Return the newest gel image's difference, float32 [H, W, 3], -1..1.

        Raises:
            RejectedSampleError: The image has another size than the reference.
        """
        image = chunks[-1].data
        if image.shape != self._reference.shape:
            height, width = self._reference.shape[:2]
            raise RejectedSampleError(
                f"the touch image is {image.shape[1]} x {image.shape[0]} pixels but its reference "
                f"{width} x {height}; take the reference in the pad's resolution"
            )
        return _difference(image, self._reference)


class LearntReference:
    """Compares gel images with the pad at rest, whose image it records. Each pad has its own."""

    def __init__(self) -> None:
        """Start without a reference."""
        self._reference: Picture | None = None
        self._followed_ns = 0
        self._doubts: tuple[Doubt, ...] = ()
        self._restart(())

    def __call__(self, chunks: Sequence[Chunk]) -> Picture | Doubtful:
        """Return the newest gel image's difference, float32 [H, W, 3], -1..1.

        It is `Doubtful` where the reference was perhaps taken during a contact.

        Raises:
            NotReadyError: There is no reference yet.
            RejectedSampleError: There can be none, because the image is dark.
        """
        image, stamp_ns = chunks[-1].data, chunks[-1].stamp_ns
        if image.shape != self._shape:
            self._restart(image.shape)
        if self._reference is None:
            self._reference = self._settle(image)
            rows, columns = self._first.shape[:2]
            self._contact = ContactDetector((rows, columns), self._noise)
            self._doubt = ReferenceDoubt(self._contact.limit)
            self._doubts = ()
            self._followed_ns = stamp_ns
        change = _difference(image, self._reference)
        step = (stamp_ns - self._followed_ns) / 1e9
        if not 0 <= step < FOLLOW_EVERY:  # a clock may jump back
            self._followed_ns = stamp_ns
            self._follow(image, change, step if step > 0 else FOLLOW_EVERY)
        return Doubtful(change, self._doubts) if self._doubts else change

    def _follow(self, image: npt.NDArray[np.uint8], change: Picture, step: float) -> None:
        cells = _cells(change) * np.float32(255)
        contact = self._contact.update(cells, step)
        self._doubts = self._doubt.update(cells, contact, min(step, LONGEST_STEP))
        if contact:
            return
        share = min(step, LONGEST_STEP) / FOLLOW_TIME
        cv2.accumulateWeighted(image, self._reference, share)
        self._contact.follow(share)

    def _restart(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._reference = None
        self._frames = self._still_frames = 0
        self._first = self._sum = np.zeros((0, 0, 3), np.float32)
        self._noise = 0.0
        self._contact = ContactDetector((1, 1), 0.0)
        self._doubt = ReferenceDoubt(0.0)
        self._doubts = ()

    def _settle(self, image: npt.NDArray[np.uint8]) -> Picture:
        """Return the mean of the last `SETTLE_FRAMES` frames if the pad did not move in them.

        Each is compared with the first of them, so that a slow movement is detected too.
        """
        pixels = image.astype(np.float32)
        cells = _cells(pixels)
        if cells.mean() < DARK:
            self._still_frames = 0
            raise RejectedSampleError(
                f"the touch image is dark (mean {cells.mean():.0f} of 255), so that no picture of "
                "the pad at rest can be taken; check the pad's lamps"
            )
        allowed = STILL * 2.0 ** min(self._frames // PATIENCE, 8)
        self._frames += 1
        moved = float(np.abs(cells - self._first).max()) if self._still_frames else 0.0
        if self._still_frames and moved <= allowed:
            self._sum += pixels
            self._still_frames += 1
            self._noise = max(self._noise, moved)
        else:
            self._first, self._sum = cells, pixels
            self._still_frames, self._noise = 1, 0.0
        if self._still_frames < SETTLE_FRAMES:
            raise NotReadyError(
                f"the picture of the pad at rest is being taken ({self._still_frames} of "
                f"{SETTLE_FRAMES} still frames); do not touch the pad, or give a picture by the "
                "parameter reference",
                done=REFERENCE_TAKEN,
            )
        return self._sum / np.float32(SETTLE_FRAMES)


def _cells(pixels: Picture) -> Picture:
    height, width = pixels.shape[:2]
    size = (min(width, CELLS), min(height, CELLS))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
