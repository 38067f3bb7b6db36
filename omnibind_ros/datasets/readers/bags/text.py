"""Sentences in bags: std_msgs/String."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .base import MessageSource

TYPES = ("std_msgs/msg/String",)


def load(messages: Sequence[Any], source: MessageSource) -> list[str]:
    """Return the sentences of all messages."""
    return [message.data for message in messages]
