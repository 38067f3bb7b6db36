"""An event camera: from a sequence of intensities to events.

The model of ESIM (Rebecq, Gehrig and Scaramuzza 2018) with the imperfections of v2e (Hu, Liu and
Delbruck 2021). A pixel reports an event whenever the logarithm of its intensity has moved by a
threshold since the last event; between two frames the logarithm is taken to be linear in time,
which gives the crossing times. Thresholds differ from pixel to pixel, a pixel is blind for a
refractory time after an event, hot pixels report without a cause, and background activity is added.
v2e's limited bandwidth is left out, as rooms here are well lit.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.sensors.event import EventWindow

from .interface import Setup, Step, Subject
from .rendering.motion import Keyframe, Motion, frames_between, moving_frames

_NS = 1_000_000_000


SIDE = 128
"""Rows and columns of the camera of a robot that moves."""

SENSORS = ((128, 128), (128, 128), (160, 120), (240, 180), (240, 180), (320, 240))
"""Columns and rows of event cameras: DVS128, DAVIS240, and larger ones, whole or binned."""

RENDERED = 104 * 104
"""Pixels that are pictured at most; those of a finer camera are interpolated, as a lens blurs."""

WINDOW_NS = 50_000_000
"""Length of a sample's window, ns."""

STEP_FRAMES = 4
"""Most frames that are pictured from one step to the next."""


SHIFT = (0.7, 9.0)
"""Least and most movement in a sample's window, pixels of a picture of 128 x 128."""

STILL = 0.4
"""Share of the samples in which the camera stands still and the object moves before it."""


@dataclass(frozen=True)
class EventSettings:
    """The parameters of an event camera; its fields are stored with each sample.

    Attributes:
        brighter: Threshold of a brighter event, in units of the natural logarithm.
        darker: Threshold of a darker event.
        mismatch: Standard deviation of the thresholds over the pixels, same units.
        refractory: Time in s in which a pixel is blind after an event.
        noise: Events of background activity per pixel and second, of either sign.
        leak: Brighter events by leakage per pixel and second.
        hot: Share of the pixels that are hot.
        hot_rate: Events of a hot pixel per second, of one sign.
        floor: Intensity (of 1) added before the logarithm: dark current, so that noise in the
            shadows makes no events (v2e maps the darkest grey values linearly instead).
    """

    brighter: float = 0.2
    darker: float = 0.2
    mismatch: float = 0.03
    refractory: float = 1e-3
    noise: float = 0.5
    leak: float = 0.1
    hot: float = 0.0
    hot_rate: float = 100.0
    floor: float = 0.02

    @staticmethod
    def draw(rng: np.random.Generator) -> EventSettings:
        """Draw a camera: from clean and sensitive to noisy and dull.

        The thresholds of a DAVIS346 are 0.15 to 0.3 (Hu et al. 2021); biases, which users set, move
        them by a factor of two, and differently for the two polarities.
        """
        threshold = float(np.exp(rng.uniform(np.log(0.1), np.log(0.5))))
        bias = float(np.exp(rng.normal(0, 0.25)))
        return EventSettings(
            brighter=threshold,
            darker=float(np.clip(threshold * bias, 0.06, 1.0)),
            mismatch=float(threshold * rng.uniform(0.05, 0.3)),
            refractory=float(10 ** rng.uniform(-4, -2)),
            noise=float(10 ** rng.uniform(-2, 0.5)),
            leak=float(rng.uniform(0.01, 0.2)),
            hot=float(10 ** rng.uniform(-4, -2.3)) if rng.random() < 0.5 else 0.0,
            hot_rate=float(10 ** rng.uniform(1.5, 3)),
            floor=float(10 ** rng.uniform(-2, -1.2)),
        )


class EventCamera:
    """A camera whose pixels have a state, so that each window continues the one before."""

    def __init__(
        self, width: int, height: int, settings: EventSettings, rng: np.random.Generator
    ) -> None:
        """Draw the thresholds of the pixels.

        Args:
            width: Columns.
            height: Rows.
            settings: The camera.
            rng: Random generator of this and of every later call.

        Raises:
            ValueError: A threshold is not positive, or a time or rate is negative.
        """
        if min(settings.brighter, settings.darker, settings.floor) <= 0:
            raise ValueError("an event camera's thresholds and floor must be above 0.")
        rates = settings.noise, settings.leak, settings.hot, settings.hot_rate
        if min(settings.mismatch, settings.refractory, *rates) < 0:
            raise ValueError("an event camera's mismatch, times and rates must be at least 0.")
        self.settings, self._rng, self._shape = settings, rng, (height, width)
        spread = rng.standard_normal((2, height * width)) * settings.mismatch
        # As v2e does: a pixel with a lower threshold would report noise only.
        self._brighter = np.maximum(settings.brighter + spread[0], 0.01)
        self._darker = np.maximum(settings.darker + spread[1], 0.01)
        count = min(round(settings.hot * height * width), height * width)
        self._hot = rng.integers(0, height * width, count)
        self._hot_polarity = rng.integers(0, 2, count).astype(np.uint8)
        self._last: NDArray[np.float64] | None = None
        self._reference = np.zeros(height * width)

    def window(self, frames: ArrayLike, times_ns: ArrayLike) -> EventWindow:
        """Turn intensities into events.

        Args:
            frames: Linear intensity, 0..1, [K, H, W]; the first continues the last window, or
                sets the pixels' references where there was none.
            times_ns: When, in nanoseconds from the window's start, [K], ascending from 0.

        Returns:
            The events up to the last frame.

        Raises:
            ValueError: The shapes or times do not fit.
        """
        stack = np.asarray(frames, float)
        times = np.asarray(times_ns, np.int64)
        if stack.ndim != 3 or stack.shape[1:] != self._shape or len(stack) != len(times):
            raise ValueError(
                f"frames of shape {stack.shape} at {times.size} times do not fit an event camera "
                f"of {self._shape[1]}x{self._shape[0]} pixels."
            )
        if times.size == 0 or times[0] != 0 or (np.diff(times) <= 0).any():
            raise ValueError("the times of an event camera's frames must ascend from 0.")
        logs = np.log(np.maximum(stack, 0) + self.settings.floor).reshape(len(stack), -1)
        if self._last is None:
            # A real pixel may be anywhere between two events.
            phase = self._rng.uniform(-0.5, 0.5, logs.shape[1])
            self._reference = logs[0] + phase * np.minimum(self._brighter, self._darker)
            self._last = logs[0]
        pieces = [self._noise(int(times[-1])), self._hot_events(int(times[-1]))]
        for before, log, start, end in zip(
            [self._last, *logs[1:-1]], logs[1:], times, times[1:], strict=False
        ):
            pieces += self._crossings(before, log, int(start), int(end))
        self._last = logs[-1]
        return self._gather(pieces, int(times[-1]))

    def _crossings(
        self, before: NDArray[np.float64], log: NDArray[np.float64], start: int, end: int
    ) -> list[_Piece]:
        """Find the thresholds that the pixels cross between two frames."""
        pieces = []
        for polarity, sign, threshold in ((1, 1.0, self._brighter), (0, -1.0, self._darker)):
            counts = np.floor(sign * (log - self._reference) / threshold).astype(np.int64)
            pixels = np.flatnonzero(counts > 0)
            count = counts[pixels]
            pixel = np.repeat(pixels, count)
            # 1, 2 ... count for every pixel.
            number = np.arange(pixel.size) - np.repeat(np.cumsum(count) - count, count) + 1
            level = self._reference[pixel] + sign * number * threshold[pixel]
            change = log[pixel] - before[pixel]
            moved = np.abs(change) > 1e-12
            share = np.where(moved, (level - before[pixel]) / np.where(moved, change, 1), 0)
            time = start + np.clip(share, 0, 1) * (end - start)
            self._reference[pixels] += sign * count * threshold[pixels]
            pieces.append((pixel, time.astype(np.int64), np.full(pixel.size, polarity, np.uint8)))
        return pieces

    def _noise(self, duration: int) -> _Piece:
        """Draw background activity: shot noise of either sign, and leaks, which are brighter."""
        pixels, seconds = self._reference.size, duration / _NS
        shot = self._rng.poisson(self.settings.noise * seconds * pixels)
        leak = self._rng.poisson(self.settings.leak * seconds * pixels)
        polarity = np.concatenate([self._rng.integers(0, 2, shot), np.ones(leak, np.int64)])
        return (
            self._rng.integers(0, pixels, shot + leak),
            self._rng.integers(0, max(duration, 1), shot + leak),
            polarity.astype(np.uint8),
        )

    def _hot_events(self, duration: int) -> _Piece:
        """Draw the events of the hot pixels."""
        counts = self._rng.poisson(self.settings.hot_rate * duration / _NS, self._hot.size)
        times = self._rng.integers(0, max(duration, 1), int(counts.sum()))
        return np.repeat(self._hot, counts), times, np.repeat(self._hot_polarity, counts)

    def _gather(self, pieces: list[_Piece], duration: int) -> EventWindow:
        """Join events, leave out those in a refractory time, and sort by time."""
        pixel, time, polarity = (np.concatenate(part) for part in zip(*pieces, strict=True))
        order = np.lexsort((time, pixel))
        pixel, time, polarity = pixel[order], time[order], polarity[order]
        rested = _rested(pixel, time, round(self.settings.refractory * _NS), self._reference.size)
        order = rested[np.lexsort((pixel[rested], time[rested]))]
        rows, columns = np.divmod(pixel[order], self._shape[1])
        return EventWindow(
            columns.astype(np.uint16),
            rows.astype(np.uint16),
            time[order],
            polarity[order],
            self._shape[1],
            self._shape[0],
            duration,
        )


_Piece = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]


def _rested(
    pixel: NDArray[np.int64], time: NDArray[np.int64], rest: int, pixels: int
) -> NDArray[np.int64]:
    """Return the indices of events at least `rest` ns after the last such event of their pixel.

    Events are sorted by pixel, then time. Each round takes the next event of every pixel, so the
    rounds are as many as the busiest pixel has events.
    """
    first = np.flatnonzero(np.diff(pixel, prepend=-1))
    last = np.full(pixels, -rest - 1, np.int64)
    rank = np.arange(pixel.size) - np.repeat(first, np.diff(first, append=pixel.size))
    chosen = []
    order = np.argsort(rank, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(rank))[:-1]) if rank.size else ():
        rested = members[time[members] - last[pixel[members]] >= rest]
        last[pixel[rested]] = time[rested]
        chosen.append(rested)
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Move the camera around the view for one window; see the room's description."""
    settings = EventSettings.draw(rng)
    width, height = SENSORS[int(rng.integers(len(SENSORS)))]
    still = bool(rng.random() < STILL)
    scale = min(1.0, math.sqrt(RENDERED / (width * height)))
    shape = rows, columns = round(scale * height), round(scale * width)
    motion = Motion.draw(setup.view, rng, limits=SHIFT)
    frames = moving_frames(
        subject.scene, setup.surroundings, setup.light, motion, shape, rng, still=still
    )
    if scale < 1:
        fine = [
            cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR) for frame in frames
        ]
        frames = np.stack(fine)
    times = np.linspace(0, WINDOW_NS, len(frames)).astype(np.int64)
    events = EventCamera(width, height, settings, rng).window(frames, times)
    return events._asdict(), {
        **asdict(settings),
        "still": still,
        "pixels": motion.pixels(columns, rows),
    }


class Stream:
    """An event camera in motion: each step gives the events since the one before."""

    rate = 30.0
    steady = True

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Draw a camera; see the room's description."""
        self._camera = EventCamera(SIDE, SIDE, EventSettings.draw(rng), rng)
        self._frame: Floats | None = None

    def read(self, step: Step) -> dict[str, Any]:
        """Return the events since the step before, none at the first step."""
        scene, surroundings = step.subject.visible, step.surroundings
        keyframe = Keyframe.of(scene, surroundings, step.camera, step.radiance)
        motion, first = Motion(step.previous, step.view), self._frame is None
        frames = frames_between(
            scene, surroundings, keyframe, motion, (SIDE, SIDE), STEP_FRAMES, first
        )
        frames = frames[:1] if self._frame is None else np.concatenate([self._frame, frames])
        self._frame = frames[-1:]
        times = np.linspace(0, round(step.elapsed * 1e9), len(frames)).astype(np.int64)
        return self._camera.window(frames, times)._asdict()
