"""What the doctor has seen of a node, its sensors and their topics."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from omnibind_ros.runtime.silence import Endpoint, Wanted

ACTIVE = "active"


@dataclass(frozen=True)
class Publisher:
    """A publisher on a sensor's topic.

    Attributes:
        endpoint: Its node, type and QoS.
        has_profile: Whether its process was started with a Fast DDS profile; None if that cannot be
            seen, as on another computer.
    """

    endpoint: Endpoint
    has_profile: bool | None = None


@dataclass
class Traffic:
    """The messages of one topic that arrived at the doctor itself.

    Attributes:
        seconds: How long the doctor was subscribed.
        sizes: Bytes of each message.
        delays: Seconds from each message's header.stamp to its arrival, by this computer's clock;
            empty for messages without a header.
        transports: Seconds from each message's publication, by the publisher's clock, to its
            arrival.
        zero_stamps: Messages whose stamp is zero.
        lost: Messages that DDS has lost on the way.
    """

    seconds: float = 0.0
    sizes: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    transports: list[float] = field(default_factory=list)
    zero_stamps: int = 0
    lost: int = 0

    @property
    def rate(self) -> float:
        """Messages per second."""
        return len(self.sizes) / self.seconds if self.seconds else 0.0

    @property
    def size(self) -> float:
        """Bytes of a message, the median; 0 if none arrived."""
        return float(statistics.median(self.sizes)) if self.sizes else 0.0

    @property
    def delay(self) -> float | None:
        """Median of the delays, seconds; None if there are none."""
        return statistics.median(self.delays) if self.delays else None

    @property
    def transport(self) -> float | None:
        """Median of the transports, seconds; None if there are none."""
        return statistics.median(self.transports) if self.transports else None

    @property
    def lost_share(self) -> float:
        """Share of the messages that were lost, 0 .. 1."""
        sent = len(self.sizes) + self.lost
        return self.lost / sent if sent else 0.0


@dataclass(frozen=True)
class SensorSeen:
    """What is known of one sensor.

    Attributes:
        modality: Its modality.
        state: ABSENT, STALE, FRESH or FAULT, as the node says.
        reason: What the node says is wrong; sentences joined by ' | '.
        issues: Numbers of its issues, see omnibind_msgs/SensorStatus.
        wanted: What the node subscribes to.
        max_age: Seconds after which a sample is stale.
        decodable: Message types that the modality takes.
        publishers: The publishers on its topic.
        traffic: What arrived at the doctor.
        received: Samples that the node has received.
    """

    modality: str
    state: str
    reason: str
    issues: tuple[int, ...]
    wanted: Wanted
    max_age: float
    decodable: frozenset[str] = frozenset()
    publishers: tuple[Publisher, ...] = ()
    traffic: Traffic = field(default_factory=Traffic)
    received: int = 0


@dataclass(frozen=True)
class Diagnosed:
    """One status of /diagnostics.

    Attributes:
        level: 0 OK, 1 WARN, 2 ERROR, 3 STALE.
        message: Its text.
        problems: The sentences that are joined in it, where it is the status of a node.
    """

    level: int
    message: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """All that was seen.

    Attributes:
        node: Full name of the node that was looked for.
        count: Nodes that have this name.
        state: Its lifecycle state; empty if it did not answer.
        others: Full names of other nodes that publish the states of sensors.
        sensors: Its sensors, by name, in the node's order.
        diagnosed: The status of the node itself in /diagnostics; None if there was none.
        published: Types of each topic that has a publisher.
        middleware: Name of the RMW implementation.
        seconds: How long it was looked at.
    """

    node: str
    count: int = 1
    state: str = ACTIVE
    others: Sequence[str] = ()
    sensors: Mapping[str, SensorSeen] = field(default_factory=dict)
    diagnosed: Diagnosed | None = None
    published: Mapping[str, Sequence[str]] = field(default_factory=dict)
    middleware: str = "rmw_fastrtps_cpp"
    seconds: float = 0.0
