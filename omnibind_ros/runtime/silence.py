"""Why no messages of a sensor arrive, as far as the graph of topics tells."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .discovery import is_result

RELIABLE = "reliable"
BEST_EFFORT = "best_effort"
TRANSIENT_LOCAL = "transient_local"
VOLATILE = "volatile"

SIMILAR = 0.7
"""Similarity of two topic names, 0 .. 1, from which one is suggested for the other."""

ALTERNATION_WINDOW = 5.0
"""Seconds in which the sequence numbers must go back twice for publishers that alternate."""


@dataclass(frozen=True)
class Endpoint:
    """A publisher on a topic.

    Attributes:
        node: Full name of its node; empty if it is not known.
        type: Message type, three parts.
        reliability: Its QoS policy, in lower case.
        durability: Likewise.
    """

    node: str
    type: str
    reliability: str = RELIABLE
    durability: str = VOLATILE


@dataclass(frozen=True)
class Wanted:
    """What a sensor subscribes to.

    Attributes:
        sensor: Name of the sensor.
        topic: Full name of the topic.
        type: Message type, three parts.
        reliability: QoS policy of the subscription.
        durability: Likewise.
        single: Whether a message counts by itself, see `SensorType`.
    """

    sensor: str
    topic: str
    type: str
    reliability: str = BEST_EFFORT
    durability: str = VOLATILE
    single: bool = False


def refused_policy(endpoint: Endpoint, wanted: Wanted) -> str:
    """Return the QoS policy for which DDS does not connect a publisher; empty if it does."""
    if wanted.reliability == RELIABLE and endpoint.reliability == BEST_EFFORT:
        return "reliability"
    if wanted.durability == TRANSIENT_LOCAL and endpoint.durability == VOLATILE:
        return "durability"
    return ""


def fits(endpoint: Endpoint, wanted: Wanted) -> bool:
    """Return whether a publisher's messages reach the sensor."""
    return endpoint.type == wanted.type and not refused_policy(endpoint, wanted)


def wanted_durability(endpoints: Iterable[Endpoint], wanted: Wanted) -> str:
    """Return the durability that a sensor should ask for.

    A message that was published before the subscription arrives only if both sides are transient
    local and reliable (DDS specification, 2.2.3.4), and publishers that are not are then not
    connected. So it is asked for where messages count by themselves and each publisher has it.

    Args:
        endpoints: The publishers on the topic.
        wanted: What is subscribed to.
    """
    offers = {(e.durability, e.reliability) for e in endpoints if e.type == wanted.type}
    kept = offers == {(TRANSIENT_LOCAL, RELIABLE)}
    return TRANSIENT_LOCAL if wanted.single and kept else VOLATILE


def why_silent(
    wanted: Wanted,
    endpoints: Sequence[Endpoint],
    published: Mapping[str, Sequence[str]],
    decodable: Collection[str],
    policy: str = "",
) -> list[str]:
    """Return why no messages of a sensor arrive, the most likely reason first.

    Args:
        wanted: What the sensor subscribes to.
        endpoints: The publishers on its topic.
        published: Types of the other topics that have a publisher and are no other sensor's.
        decodable: The message types that the sensor's modality takes.
        policy: QoS policy that DDS has named as incompatible while no publisher is connected; empty
            otherwise.

    Returns:
        One sentence for each reason; none if the graph shows none.
    """
    right_type = [endpoint for endpoint in endpoints if endpoint.type == wanted.type]
    other = [endpoint for endpoint in endpoints if endpoint.type != wanted.type]
    reasons = _other_types([e for e in other if e.type in decodable], wanted, decodable)
    reasons += _other_qos(right_type, wanted, policy)
    if not right_type:
        reasons += _similar(wanted, published, decodable, nobody=not endpoints)
    reasons += _other_types([e for e in other if e.type not in decodable], wanted, decodable)
    return reasons


def why_mixed(wanted: Wanted, endpoints: Sequence[Endpoint], alternates: bool) -> list[str]:
    """Return why the messages of a sensor come from several publishers; empty if they do not.

    Args:
        wanted: What the sensor subscribes to.
        endpoints: The publishers on its topic.
        alternates: Whether messages of several publishers arrive by turns.
    """
    connected = [endpoint for endpoint in endpoints if fits(endpoint, wanted)]
    if wanted.single or not alternates or len(connected) < 2:
        return []
    return [
        f"{len(connected)} publishers alternate on {wanted.topic} ({named(connected)}), which one "
        "sensor cannot tell apart; let each publish on a topic of its own and add a sensor for it"
    ]


def why_old(wanted: Wanted, kept_for: float, max_age: float) -> list[str]:
    """Return why a message that its publisher had kept is not used; empty if it is used.

    Args:
        wanted: What the sensor subscribes to.
        kept_for: Seconds from its publication to its arrival; 0 if it was not kept.
        max_age: Seconds after which a sample is stale.
    """
    if kept_for <= max_age:
        return []
    return [
        f"the newest message on {wanted.topic} was published {kept_for:.3g} s before this node "
        f"subscribed and is older than max_age ({max_age:g} s); publish it again"
    ]


def named(endpoints: Sequence[Endpoint]) -> str:
    """Return the nodes of some publishers, such as 'node /left and node /right'."""
    names = [f"node {endpoint.node}" if endpoint.node else "a node" for endpoint in endpoints]
    return " and ".join(names) or "a node"


class Alternation:
    """Detects publishers that alternate on a topic by their messages' sequence numbers."""

    def __init__(self) -> None:
        """Create it; nothing has arrived."""
        self._last = -1
        self._steps_back: deque[float] = deque(maxlen=2)

    def message(self, number: int, now: float) -> None:
        """Take notice of a message.

        Args:
            number: Its sequence number; each publisher counts its own.
            now: Monotonic time, seconds.
        """
        if number <= self._last:
            self._steps_back.append(now)
        self._last = number

    def detected(self, now: float) -> bool:
        """Return whether publishers alternate; one that restarts goes back only once."""
        steps = self._steps_back
        return len(steps) == 2 and now - steps[0] <= ALTERNATION_WINDOW


def similarity(topic: str, other: str) -> float:
    """Return how similar two topic names are, 0 .. 1."""
    name, other_name = topic.rpartition("/")[2], other.rpartition("/")[2]
    shorter, longer = sorted((name, other_name), key=len)
    ratio = difflib.SequenceMatcher(None, topic, other).ratio()
    if topic.endswith(other) or other.endswith(topic):  # the same in another namespace
        return max(ratio, 0.8)
    if longer == shorter or longer.startswith(f"{shorter}_"):  # image and image_raw
        return max(ratio, SIMILAR)
    return ratio


def _other_types(
    endpoints: Iterable[Endpoint], wanted: Wanted, decodable: Collection[str]
) -> list[str]:
    by_type: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        by_type.setdefault(endpoint.type, []).append(endpoint)
    return [
        f"{_publish(group)} {kind} on {wanted.topic}, but the sensor takes {wanted.type}; "
        + (
            f"set sensor.{wanted.sensor}.type to {kind}"
            if kind in decodable
            else f"set sensor.{wanted.sensor}.topic to a topic of that type"
        )
        for kind, group in by_type.items()
    ]


def _other_qos(endpoints: Sequence[Endpoint], wanted: Wanted, policy: str) -> list[str]:
    asked = {"reliability": wanted.reliability, "durability": wanted.durability}
    reasons = []
    for refused, value in asked.items():
        group = [endpoint for endpoint in endpoints if refused_policy(endpoint, wanted) == refused]
        if group:
            offered = getattr(group[0], refused)
            own = f"set sensor.{wanted.sensor}.reliability to {offered}, or "
            reasons.append(
                f"{_publish(group)} on {wanted.topic} with {refused} {offered}, but the "
                f"sensor asks for {value}; {own if refused == 'reliability' else ''}let the "
                f"publisher offer {value}"
            )
    if not reasons and policy and endpoints:
        reasons.append(
            f"the QoS of {named(endpoints)} on {wanted.topic} does not match what the sensor asks "
            f"for (policy {policy}); change that policy of the publisher"
        )
    return reasons


def most_similar(
    wanted: Wanted, published: Mapping[str, Sequence[str]], decodable: Collection[str]
) -> tuple[str, str] | None:
    """Return the topic that is most probably meant, and its type; None if none is similar.

    Args:
        wanted: What the sensor subscribes to.
        published: Types of the other topics that have a publisher and are no other sensor's.
        decodable: The message types that the sensor's modality takes.
    """
    found = []
    for topic, types in published.items():
        for kind in types:
            score = similarity(wanted.topic, topic)
            if score >= SIMILAR and kind in decodable and not is_result(topic, kind):
                found.append((kind == wanted.type, score, topic, kind))
    return max(found)[2:] if found else None


def _similar(
    wanted: Wanted,
    published: Mapping[str, Sequence[str]],
    decodable: Collection[str],
    nobody: bool,
) -> list[str]:
    found = most_similar(wanted, published, decodable)
    if found is None:
        return []
    topic, kind = found
    and_type = f" and sensor.{wanted.sensor}.type to {kind}" if kind != wanted.type else ""
    return [
        f"{f'nobody publishes on {wanted.topic}, but ' if nobody else ''}{kind} is published on "
        f"{topic}; if that is this sensor, set sensor.{wanted.sensor}.topic to {topic}{and_type}"
    ]


def _publish(endpoints: Sequence[Endpoint]) -> str:
    return f"{named(endpoints)} {'publishes' if len(endpoints) == 1 else 'publish'}"
