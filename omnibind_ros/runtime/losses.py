"""Messages that DDS has lost between a publisher and a sensor."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from .silence import Endpoint, Wanted, fits, named

WINDOW = 20
"""Seconds in which messages are counted."""

SECONDS_WITH_LOSS = 3
"""Number of these seconds that must have a loss, so that one short disturbance is none."""

LOST = 0.2
"""Share of lost messages from which they are reported ..."""

FEW_LOST = 0.05
"""... and below which they are no longer."""

LARGE = 64 * 1024
"""Bytes above which a message takes more than one packet of UDP or fragment of Fast DDS."""


class Loss(NamedTuple):
    """How many messages were lost in the last `WINDOW` seconds.

    Attributes:
        arrived: Messages that arrived.
        lost: Messages that did not.
        size: Bytes of a message that arrived; 0 if it is not known.
    """

    arrived: int
    lost: int
    size: int = 0


class Losses:
    """Counts the messages of one topic that arrived, and those that DDS reports as lost.

    DDS counts what did not reach the subscription (SAMPLE_LOST, DDS specification 2.2.4.1). It does
    not count what the subscription has replaced by newer messages since the node was busy, nor can
    a publisher that sends rarely be taken for one that loses messages.

    Attributes:
        size_wanted: Whether the size of the next message is to be passed to `set_size`.
    """

    def __init__(self) -> None:
        """Create it; nothing has arrived."""
        self.size_wanted = False
        self._seconds: deque[list[int]] = deque()  # [second, arrived, lost]
        self._now = [-1, 0, 0]  # the last of them
        self._reported = False
        self._size = 0

    def message(self, now: float) -> None:
        """Take notice of a message that arrived.

        Args:
            now: Monotonic time, seconds.
        """
        if int(now) != self._now[0]:
            self._begin(now)
        self._now[1] += 1

    def lost(self, count: int, now: float) -> None:
        """Take notice of messages that were lost.

        Args:
            count: Their number.
            now: Monotonic time, seconds.
        """
        if int(now) != self._now[0]:
            self._begin(now)
        self._now[2] += count
        self.size_wanted = not self._size

    def set_size(self, size: int) -> None:
        """Take notice of the bytes of a message."""
        self._size = size
        self.size_wanted = False

    def forget(self) -> None:
        """Begin again, as the publishers have changed."""
        self._seconds.clear()
        self._now = [-1, 0, 0]
        self._reported = False
        self._size = 0
        self.size_wanted = False

    def current(self, now: float) -> Loss | None:
        """Return what was lost, if it is worth a report.

        Args:
            now: Monotonic time, seconds.
        """
        self._drop_old(now)
        arrived = sum(bucket[1] for bucket in self._seconds)
        lost = sum(bucket[2] for bucket in self._seconds)
        share = lost / (arrived + lost) if lost else 0.0
        if self._reported:
            self._reported = share >= FEW_LOST
        else:
            with_loss = sum(bucket[2] > 0 for bucket in self._seconds)
            self._reported = with_loss >= SECONDS_WITH_LOSS and share >= LOST
        return Loss(arrived, lost, self._size) if self._reported else None

    def _begin(self, now: float) -> None:
        self._drop_old(now)
        self._now = [int(now), 0, 0]
        self._seconds.append(self._now)

    def _drop_old(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - WINDOW:
            self._seconds.popleft()


def why_lost(
    wanted: Wanted, endpoints: Sequence[Endpoint], loss: Loss | None, profile: str
) -> list[str]:
    """Return why messages of a sensor are lost; empty if they are not.

    Args:
        wanted: What the sensor subscribes to.
        endpoints: The publishers on its topic.
        loss: What was lost; None if it is not worth a report.
        profile: What to do so that large messages are not lost, a clause that has `{nodes}` for the
            publishers' names.
    """
    if loss is None:
        return []
    nodes = named([endpoint for endpoint in endpoints if fits(endpoint, wanted)])
    sent = loss.arrived + loss.lost
    size = f" ({loss.size * 1e-6:.2g} MB each)" if loss.size >= LARGE else ""
    what = (
        f"{loss.arrived} of {sent} messages{size} of {nodes} on {wanted.topic} arrived in the last "
        f"{WINDOW} s, the others were lost on the way"
    )
    if 0 < loss.size < LARGE:
        return [f"{what}; look at the load of the computers and at the network between them"]
    return [f"{what}; {profile.replace('{nodes}', nodes)}"]
