"""Samples of sensors that are out of order: noise, and nothing at all. One function a modality.

Each takes a whole sample, whose size it keeps, and a generator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from omnibind_ros.sensors.event import EventWindow

Rng = np.random.Generator
Fault = Callable[[Any, Rng], Any]

WORDS = (
    "of", "to", "blue", "seven", "perhaps", "north", "slowly", "quite", "Monday", "nothing", "and",
    "yes", "under", "twice", "there", "maybe",
)  # fmt: skip
"""Words that name no thing."""


def _events(sample: EventWindow, rng: Rng) -> EventWindow:
    count = max(len(sample.x), 500)
    return sample._replace(
        x=rng.integers(0, sample.width, count, np.uint16),
        y=rng.integers(0, sample.height, count, np.uint16),
        t=np.sort(rng.integers(0, max(sample.duration_ns, 1), count)),
        p=rng.integers(0, 2, count, np.uint8),
    )


def _no_events(sample: EventWindow, rng: Rng) -> EventWindow:  # noqa: ARG001
    return sample._replace(x=sample.x[:0], y=sample.y[:0], t=sample.t[:0], p=sample.p[:0])


NOISE: dict[str, Fault] = {
    "image": lambda sample, rng: rng.integers(0, 256, sample.shape, np.uint8),
    "text": lambda sample, rng: " ".join(rng.choice(WORDS, 5)),  # noqa: ARG005
    "touch": lambda sample, rng: rng.normal(0, 0.1, sample.shape).clip(-1, 1).astype(np.float32),
    "thermal": lambda sample, rng: rng.normal(22, 5, sample.shape).astype(np.float32),
    "event": _events,
    "points": lambda sample, rng: (
        sample.mean(0) + rng.normal(0, sample.std(0) + 0.01, sample.shape)
    ).astype(np.float32),
    "audio": lambda sample, rng: rng.normal(0, 0.1, sample.shape).clip(-1, 1).astype(np.float32),
}
"""Noise, by modality."""

DEAD: dict[str, Fault] = {
    "image": lambda sample, rng: np.zeros_like(sample),  # noqa: ARG005
    "touch": lambda sample, rng: np.zeros_like(sample),  # noqa: ARG005
    "thermal": lambda sample, rng: np.full_like(sample, 22.0),  # noqa: ARG005
    "event": _no_events,
    "points": lambda sample, rng: np.zeros_like(sample[:1]),  # noqa: ARG005
    "audio": lambda sample, rng: np.zeros_like(sample),  # noqa: ARG005
}
"""Sensors that deliver, but nothing, by modality; text that is not there has no sample."""
