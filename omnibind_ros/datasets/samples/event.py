"""Events of event cameras: NumPy's npz, times as differences."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from omnibind_ros.arrays import DAMAGED_ARCHIVE
from omnibind_ros.sensors.event import EventWindow

from .base import CodecError, Features, check_array
from .drawing import BACKGROUND, Picture, fit

SUFFIX = "event.npz"
CONTENT = (
    "x and y uint16 [N], px; t int64 [N], ns, ascending (stored as differences); "
    "p uint8 [N], 1 brighter; width, height, px; duration_ns"
)

FIELDS: dict[str, type[np.generic]] = {
    "x": np.uint16,
    "y": np.uint16,
    "t": np.int64,
    "p": np.uint8,
}
"""Arrays of N values, by name."""

SIZES = ("width", "height", "duration_ns")

BRIGHTER, DARKER = (0, 90, 220), (220, 40, 20)
"""Colours of events, RGB."""


def encode(data: Any) -> bytes:
    """Return a window of events as an npz file.

    Pixels and times get small types instead of compression, which costs three times as long to
    read and saves a third: 7 bytes an event where the sensor has up to 256 pixels a side.

    Args:
        data: A mapping or an `EventWindow` with x, y uint16 [N], t int64 [N], p uint8 [N], width,
            height and duration_ns.

    Raises:
        CodecError: It is other data, has events outside the sensor, or times that go back.
    """
    events: Mapping[str, Any] = data if isinstance(data, Mapping) else data._asdict()
    arrays = {
        name: check_array("event", events[name], dtype, (len(events[name]),))
        for name, dtype in FIELDS.items()
    }
    x, y, t = arrays["x"], arrays["y"], arrays["t"]
    width, height, duration = (int(events[name]) for name in SIZES)
    if not len(x) == len(y) == len(t) == len(arrays["p"]):
        raise CodecError("event data has x, y, t and p of different lengths")
    if len(x) and (x.max() >= width or y.max() >= height):
        raise CodecError(f"event data has pixels outside its sensor of {width} x {height}")
    if len(t) and (t[0] < 0 or t[-1] > duration or np.any(np.diff(t) < 0)):
        raise CodecError("event data has times that go back or leave its window")
    buffer = io.BytesIO()
    size = np.array([width, height, duration], np.int64)
    pixel_type = np.uint8 if max(width, height) <= 256 else np.uint16
    steps = np.diff(t, prepend=0)
    step_type = np.uint32 if not len(t) or steps.max() <= np.iinfo(np.uint32).max else np.int64
    x, y, steps = x.astype(pixel_type), y.astype(pixel_type), steps.astype(step_type)
    np.savez(buffer, x=x, y=y, t=steps, p=arrays["p"], size=size)
    return buffer.getvalue()


def decode(stored: bytes | memoryview) -> dict[str, Any]:
    """Return the events as a dictionary of the fields of `EventWindow`; raises CodecError."""
    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            arrays = {name: file[name] for name in FIELDS}
            size = file["size"].tolist()
    except DAMAGED_ARCHIVE as error:
        raise CodecError(f"stored events cannot be decoded ({error})") from error
    arrays["t"] = np.cumsum(arrays["t"], dtype=np.int64)
    arrays |= {name: arrays[name].astype(np.uint16) for name in "xy"}
    return arrays | dict(zip(SIZES, size, strict=True))


def to_observation(
    data: Mapping[str, Any],
    rng: np.random.Generator,
) -> EventWindow:
    """Return the events as event cameras' decoders do."""
    return EventWindow(**data)


def from_observation(observation: EventWindow, reading: Any) -> dict[str, Any]:
    """Return a sensor's events.

    Raises:
        CodecError: There are none.
    """
    if not len(observation.t):
        raise CodecError("the camera's window has no events: nothing moves before it")
    return observation._asdict()


def picture(data: Mapping[str, Any], size: int) -> Picture:
    """Draw pixels that got brighter more often than darker in blue, the others in red."""
    balance = np.zeros((data["height"], data["width"]), np.int32)
    np.add.at(balance, (data["y"], data["x"]), np.where(data["p"] > 0, 1, -1))
    result = np.full((*balance.shape, 3), BACKGROUND, np.uint8)
    result[balance > 0] = BRIGHTER
    result[balance < 0] = DARKER
    return fit(result, size)


def noise(observation: EventWindow, rng: np.random.Generator) -> EventWindow:
    """Return as many events at random pixels and times, but at least 500."""
    count = max(len(observation.x), 500)
    return observation._replace(
        x=rng.integers(0, observation.width, count, np.uint16),
        y=rng.integers(0, observation.height, count, np.uint16),
        t=np.sort(rng.integers(0, max(observation.duration_ns, 1), count)),
        p=rng.integers(0, 2, count, np.uint8),
    )


def dead(
    observation: EventWindow,
    rng: np.random.Generator,
) -> EventWindow:
    """Return a window without events."""
    return observation._replace(**{name: getattr(observation, name)[:0] for name in FIELDS})


def features(data: Mapping[str, Any]) -> Features:
    """Return where events are (8 x 8), how they spread over time, their number and polarity."""
    x, y = data["x"] / data["width"], data["y"] / data["height"]
    counts, _, _ = np.histogram2d(y, x, bins=8, range=((0, 1), (0, 1)))
    times, _ = np.histogram(data["t"] / data["duration_ns"], bins=4, range=(0, 1))
    total = len(x)
    brighter = float(data["p"].mean()) if total else 0.5
    parts = [np.log1p(counts).ravel(), np.log1p(times), [np.log1p(total), brighter]]
    return np.concatenate(parts).astype(np.float32)
