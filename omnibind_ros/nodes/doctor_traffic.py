"""Measures the messages of one topic without decoding them."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from typing import Any

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from omnibind_ros.doctor.observation import Traffic

from .rclpy_features import (
    SubscriptionEventCallbacks,
    UnsupportedEventTypeError,
    with_message_info,
)
from .subscriptions import load_type

DEPTH = 10
"""Messages that may wait, so that a short pause of this process loses none."""


class Listener:
    """Counts and measures the messages of one topic and type."""

    def __init__(self, node: Node, topic: str, kind: str) -> None:
        """Subscribe; a type that is not installed is not listened to.

        Args:
            node: Whose executor runs.
            topic: Full name.
            kind: Message type, three parts.
        """
        self._began = time.monotonic()
        self._traffic = Traffic()
        try:
            message = load_type(kind)
        except ValueError:  # the topic's finding names the type
            return
        fields = message.get_fields_and_field_types()
        self._has_header = next(iter(fields.values()), "") == "std_msgs/Header"
        qos = QoSProfile(
            depth=DEPTH,
            history=HistoryPolicy.KEEP_LAST,
            reliability=ReliabilityPolicy.BEST_EFFORT,
        )
        events: dict[str, Any] = {"message_lost": self._on_lost}
        arguments = (message, topic, with_message_info(self._on_message), qos)
        try:
            callbacks = SubscriptionEventCallbacks(**events, use_default_callbacks=False)
            node.create_subscription(*arguments, raw=True, event_callbacks=callbacks)
        except UnsupportedEventTypeError:  # a DDS that reports no loss
            node.create_subscription(*arguments, raw=True)

    def traffic(self) -> Traffic:
        """Return what arrived until now."""
        self._traffic.seconds = time.monotonic() - self._began
        return self._traffic

    def _on_lost(self, info: Any) -> None:
        self._traffic.lost += info.total_count_change

    def _on_message(self, data: bytes, info: Mapping[str, Any]) -> None:
        now = time.time_ns()
        self._traffic.sizes.append(len(data))
        published = info.get("source_timestamp") or 0
        received = info.get("received_timestamp") or now
        if published:
            self._traffic.transports.append((received - published) * 1e-9)
        if not self._has_header or len(data) < 12:
            return
        # CDR: 4 bytes of encapsulation, the second says the byte order; then the header's stamp.
        order = "<" if data[1] & 1 else ">"
        seconds, nanoseconds = struct.unpack_from(f"{order}iI", data, 4)
        stamp = seconds * 10**9 + nanoseconds
        if stamp:
            self._traffic.delays.append((received - stamp) * 1e-9)
        else:
            self._traffic.zero_stamps += 1
