"""What the node senses: seven sensors, with floods, bad messages and false stamps."""

from __future__ import annotations

import heapq
import itertools
import random
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from omnibind_ros.modalities import MODALITIES
from runtime_designs.content import STAMP, Feed, feeds

SENSOR_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)

FLOOD = 10.0
"""How many times as many messages as usual come in a flood."""


@dataclass
class Source:
    """One sensor.

    Attributes:
        feed: Its messages.
        plugged: Whether it has a publisher.
        flood_until: Monotonic time until which it sends `FLOOD` times as many, seconds.
        bad_until: Until which a third of its messages are damaged.
        false_until: Until which its stamps are off by `offset` ...
        offset: ... seconds.
        publisher: Its publisher; None while it is unplugged.
        sent: Messages sent.
    """

    feed: Feed
    plugged: bool = True
    flood_until: float = 0.0
    bad_until: float = 0.0
    false_until: float = 0.0
    offset: float = 0.0
    publisher: Any = None
    sent: int = 0


@dataclass(order=True)
class Due:
    """When a source's next message is due, monotonic seconds."""

    at: float
    place: int
    source: Source = field(compare=False)


class World:
    """Publishes in a thread of its own; the attributes of its sources may be set at any time."""

    def __init__(self, node: Node, seed: int, rate: float = 1.0) -> None:
        """Create it; `start` starts it.

        Args:
            node: A node that is not spun.
            seed: Of the damage.
            rate: Factor of all rates.
        """
        self.sources = {feed.modality: Source(feed) for feed in feeds(list(MODALITIES))}
        self.damaged = 0
        self._node = node
        self._rate = rate
        self._rng = random.Random(seed)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="world", daemon=True)

    def start(self) -> None:
        """Start to publish."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stopped.set()
        self._thread.join()

    def calm(self) -> None:
        """Plug every sensor in, and end floods, damage and false stamps."""
        for source in self.sources.values():
            source.plugged = True
            source.flood_until = source.bad_until = source.false_until = 0.0

    def _run(self) -> None:
        count = itertools.count()
        start = time.monotonic()
        plan = [
            Due(start + 0.0037 * place, next(count), source)
            for place, source in enumerate(self.sources.values())
        ]
        heapq.heapify(plan)
        while not self._stopped.is_set():
            due = plan[0]
            now = time.monotonic()
            if due.at > now and self._stopped.wait(due.at - now):
                return
            source = due.source
            self._publish(source)
            rate = source.feed.rate * self._rate
            rate *= FLOOD if time.monotonic() < source.flood_until else 1.0
            # On a busy machine it falls behind, but does not catch up by a burst.
            at = max(due.at + 1.0 / rate, time.monotonic() - 0.05)
            heapq.heapreplace(plan, Due(at, next(count), source))

    def _publish(self, source: Source) -> None:
        if not source.plugged:
            if source.publisher is not None:
                self._node.destroy_publisher(source.publisher)
                source.publisher = None
            return
        if source.publisher is None:
            feed = source.feed
            source.publisher = self._node.create_publisher(feed.kind, feed.modality, SENSOR_QOS)
        now = time.monotonic()
        message = source.feed.next(source.sent)
        if now < source.false_until and source.feed.stamped:
            false = bytearray(message)
            stamp = max(time.time_ns() + round(source.offset * 1e9), 0)
            struct.pack_into("<iI", false, STAMP, *divmod(stamp, 10**9))
            message = bytes(false)
        if now < source.bad_until and self._rng.random() < 0.3:
            message = damage(message, self._rng)
            self.damaged += 1
        source.publisher.publish(message)
        source.sent += 1


def damage(message: bytes, rng: random.Random) -> bytes:
    """Return a serialised message with changed bytes near its beginning, cut off, or too long.

    The lengths of texts and arrays, sizes and encodings are near the beginning.

    Args:
        message: The message, with the four bytes that name the encoding.
        rng: Chooses the damage.
    """
    kind = rng.choice(("bytes", "zeros", "cut", "long"))
    if kind == "cut":
        return message[: rng.randrange(4, len(message))]
    if kind == "long":
        return message + rng.randbytes(rng.randrange(1, 1000))
    changed = bytearray(message)
    for _ in range(rng.randrange(1, 8)):
        place = rng.randrange(STAMP + 8, min(len(message), STAMP + 120))
        changed[place] = rng.randrange(256) if kind == "bytes" else 0
    return bytes(changed)
