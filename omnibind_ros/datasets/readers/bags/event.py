"""Events in bags: omnibind_msgs/Events."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.formats.events import Event, window

from .base import MessageSource, stamp_ns

TYPES = ("omnibind_msgs/msg/Events",)

WINDOW_NS = 50_000_000


def to_events(msgs: Sequence[Any], what: str) -> Event:
    """Join omnibind_msgs/Events to one window.

    Args:
        msgs: At least one, of one camera.
        what: Where they come from, for the error.

    Raises:
        SkipError: Their sizes differ, the arrays differ in length, or there is no event.
    """
    if len({(m.width, m.height) for m in msgs}) > 1:
        raise SkipError(what, "packets of events differ in the size of the sensor")
    if any(len({len(m.x), len(m.y), len(m.t), len(m.p)}) > 1 for m in msgs):
        raise SkipError(what, "a packet of events has arrays of different lengths")
    joined = SimpleNamespace(
        **{name: np.concatenate([np.asarray(getattr(m, name)) for m in msgs]) for name in "xyp"}
    )
    t = np.concatenate([stamp_ns(m) + np.asarray(m.t, np.int64) for m in msgs])
    size = int(msgs[0].width), int(msgs[0].height)
    return window(joined.x, joined.y, t, joined.p, size, what)


def load(messages: Sequence[Any], source: MessageSource) -> Event:
    """Return the events of all messages as one window; raises SkipError."""
    return to_events(messages, source.name)
