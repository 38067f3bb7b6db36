"""The synchroniser design: every message is encoded, and fused if all sensors have one like it.

message_filters is no part of the ROS wheels, so the policy of its ApproximateTimeSynchronizer is
rebuilt here after its documentation: a queue of the newest messages a sensor; a new message looks
for partners within the slop, those nearest in time first; a set with one of each sensor is emitted
and leaves the queues.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import rclpy

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.embeddings import FreshEmbedding

from .baseline import Baseline, parse, spin

QUEUE = 10
"""Messages kept of each sensor."""

SLOP_NS = 100_000_000
"""Nanoseconds that the stamps of a set may lie apart."""

Item = TypeVar("Item")


class ApproximateTime(Generic[Item]):
    """Finds sets with one item of each sensor whose stamps lie close together."""

    def __init__(self, names: Iterable[str], queue: int = QUEUE, slop_ns: int = SLOP_NS) -> None:
        """Create empty queues.

        Args:
            names: The sensors.
            queue: Items kept of each; the oldest give way.
            slop_ns: Nanoseconds that the stamps of a set may lie apart, less than that.
        """
        self._queues: dict[str, dict[int, Item]] = {name: {} for name in names}
        self._queue = queue
        self._slop = slop_ns

    def add(self, name: str, stamp_ns: int, item: Item) -> list[Item] | None:
        """Add an item.

        Args:
            name: Its sensor.
            stamp_ns: Its stamp, nanoseconds.
            item: What to keep.

        Returns:
            A set, in the order of the sensors, if the item completes one.
        """
        own = self._queues[name]
        own[stamp_ns] = item
        while len(own) > self._queue:
            del own[min(own)]
        near = []
        for other, queue in self._queues.items():
            candidates = own.keys() & {stamp_ns} if other == name else queue.keys()
            near.append(
                sorted(
                    (stamp for stamp in candidates if abs(stamp - stamp_ns) <= self._slop),
                    key=lambda stamp: abs(stamp - stamp_ns),
                )
            )
        stamps = next(_sets(near, self._slop), None)
        if stamps is None:
            return None
        return [
            queue.pop(stamp) for queue, stamp in zip(self._queues.values(), stamps, strict=True)
        ]


def _sets(
    near: Sequence[Sequence[int]], slop: int, chosen: tuple[int, ...] = ()
) -> Iterator[tuple[int, ...]]:
    """Yield one stamp of each sequence, less than the slop apart; the first of each come first."""
    if chosen and max(chosen) - min(chosen) >= slop:
        return
    if len(chosen) == len(near):
        yield chosen
        return
    for stamp in near[len(chosen)]:
        yield from _sets(near, slop, (*chosen, stamp))


class Synchroniser(Baseline):
    """Encodes each message in its callback, and fuses what the policy finds."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Subscribe."""
        self._policy: ApproximateTime[FreshEmbedding] = ApproximateTime([])
        super().__init__(options)
        self._policy = ApproximateTime(self.channels)

    def on_message(self, channel: Channel) -> None:
        """Encode it, and fuse if a set is complete."""
        with self.cpu_time.measure("workers"):
            member = self.encode(channel)
            if member is None:
                return
            # A text has no header; its stamp is its arrival, as with allow_headerless.
            found = self._policy.add(channel.name, member.embedding.stamp_ns, member)
            if found is not None:
                self.fuse(found)


def main() -> int:
    """Run the node."""
    options = parse(__doc__)
    rclpy.init(args=[])
    spin(Synchroniser(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
