"""What rclpy has in some ROS 2 distributions only, and what takes its place in the others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )
except ImportError:  # Humble
    from rclpy.qos_event import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )

__all__ = [
    "HAS_MATCHED_EVENTS",
    "PASSES_MESSAGE_INFO",
    "PublisherEventCallbacks",
    "SubscriptionEventCallbacks",
    "UnsupportedEventTypeError",
    "with_message_info",
]


def _takes(kind: Any, name: str) -> bool:
    try:
        return name in inspect.signature(kind).parameters
    except TypeError:  # rclpy is a stand-in, as where the documentation is made
        return True


HAS_MATCHED_EVENTS = _takes(SubscriptionEventCallbacks, "matched")
"""Whether DDS tells when a publisher comes or goes; Humble's rclpy does not, so it is polled."""

PASSES_MESSAGE_INFO = any(hasattr(Subscription, name) for name in ("CallbackType", "callback"))
"""Whether callbacks with two parameters get what DDS knows of a message; Humble's have only one."""

InfoCallback = Callable[[Any, Mapping[str, Any]], None]
"""Takes a message and what DDS knows of it: source_timestamp, received_timestamp and others."""


def with_message_info(callback: InfoCallback) -> Callable[..., None]:
    """Return a callback for `create_subscription` that passes on what DDS knows of a message.

    Args:
        callback: It gets an empty mapping where rclpy passes nothing on.
    """
    if PASSES_MESSAGE_INFO:

        def both(message: Any, info: Mapping[str, Any]) -> None:
            callback(message, info)

        return both

    def message_only(message: Any) -> None:
        callback(message, {})

    return message_only
