"""What a sensor module provides: a pure function from a message to a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Decoder = Callable[[Any], Any]
"""A message-like object in, a sample (a numpy array or a text, with documented units) out."""


class RejectedSampleError(ValueError):
    """A message that cannot become a sample; its text is one sentence: what, where, what to do."""
