"""What is wrong with a sensor's topic, as it looks from outside the node."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence

from omnibind_ros.runtime.losses import LARGE, LOST
from omnibind_ros.runtime.silence import (
    BEST_EFFORT,
    Endpoint,
    fits,
    most_similar,
    named,
    refused_policy,
)
from omnibind_ros.runtime.stamps import FUTURE_TOLERANCE

from .finding import Finding
from .observation import Publisher, SensorSeen
from .remedies import Remedies

FAST_DDS = "rmw_fastrtps"

SEGMENT = 32 * 2**20
"""Bytes of shared memory a process, in the package's Fast DDS profile (config/fastdds.xml)."""

MOST_LOST = 3
"""Lost messages that are one short disturbance."""

CLOCKS_APART = 1.0
"""Seconds that a message takes at most, by the clocks of two computers that agree."""

UNRELATED = 3600.0
"""Seconds from which a stamp comes from another clock, such as the time since the start."""

WHERE = "see 'Large messages' in docs/how-to/installation.md"


def topic_findings(
    name: str,
    seen: SensorSeen,
    published: Mapping[str, Sequence[str]],
    remedies: Remedies,
    middleware: str,
) -> Iterator[Finding]:
    """Yield what is wrong with the topic of a sensor.

    Args:
        name: Name of the sensor.
        seen: What was seen of it.
        published: Types of the topics that have a publisher and are no sensor's.
        remedies: Makes the commands.
        middleware: Name of the RMW implementation.
    """
    endpoints = [publisher.endpoint for publisher in seen.publishers]
    connected = [other for other in seen.publishers if fits(other.endpoint, seen.wanted)]
    if not endpoints:
        yield _no_publisher(name, seen, published, remedies)
    elif not connected:
        yield from _no_match(name, seen, endpoints, remedies)
    elif not seen.traffic.sizes and not seen.traffic.lost:
        # A person may be silent, and the node may receive what comes rarely.
        if seen.modality != "text" and (not seen.received or seen.state == "STALE"):
            yield _silent(name, seen, connected, remedies)
    else:
        yield from _losses(name, seen, connected, remedies, middleware)
        yield from _stamps(name, seen, connected, remedies)
        yield from _rate(name, seen, remedies)


def _no_publisher(
    name: str, seen: SensorSeen, published: Mapping[str, Sequence[str]], remedies: Remedies
) -> Finding:
    topic = seen.wanted.topic
    similar = most_similar(seen.wanted, published, seen.decodable)
    if similar is not None:
        other, kind = similar
        other_type = {"type": kind} if kind != seen.wanted.type else {}
        return Finding(
            "no_publisher",
            name,
            f"nobody publishes on {topic}, but {kind} is published on {other}; if that is this "
            "sensor, set its topic",
            remedies.set_sensor(name, None, topic=other, **other_type),
        )
    start = remedies.start(seen.modality, topic)
    do = "start its driver on the same ROS_DOMAIN_ID" + (
        "" if start else ", see docs/drivers.md, or take the sensor away if the robot has none"
    )
    return Finding(
        "no_publisher",
        name,
        f"nobody publishes on {topic}; {do}",
        start or remedies.remove_sensor(name),
    )


def _no_match(
    name: str, seen: SensorSeen, endpoints: Collection[Endpoint], remedies: Remedies
) -> Iterator[Finding]:
    wanted = seen.wanted
    for endpoint in endpoints:
        node, policy = named([endpoint]), refused_policy(endpoint, wanted)
        if endpoint.type != wanted.type and endpoint.type in seen.decodable:
            yield Finding(
                "other_type",
                name,
                f"{node} publishes {endpoint.type} on {wanted.topic}, but the sensor takes "
                f"{wanted.type}; set its type",
                remedies.set_sensor(name, type=endpoint.type),
            )
        elif endpoint.type != wanted.type:
            yield Finding(
                "other_type",
                name,
                f"{node} publishes {endpoint.type} on {wanted.topic}, which no decoder of "
                f"{seen.modality} takes; set the sensor's topic to another one, or take it away",
                remedies.remove_sensor(name),
            )
        elif policy:
            offered = getattr(endpoint, policy)
            yield Finding(
                "qos",
                name,
                f"{node} publishes on {wanted.topic} with {policy} {offered}, but the sensor asks "
                f"for {getattr(wanted, policy)}; let the sensor ask for less",
                remedies.set_sensor(name, {"reliability": BEST_EFFORT}),
            )


def _silent(
    name: str, seen: SensorSeen, connected: Sequence[Publisher], remedies: Remedies
) -> Finding:
    nodes = named([publisher.endpoint for publisher in connected])
    text = f"{nodes} is connected on {seen.wanted.topic} but sent nothing in {_seconds(seen)} s"
    if any(publisher.has_profile is False for publisher in connected):
        return Finding(
            "no_profile",
            name,
            f"{text}, or all is lost since it runs without the Fast DDS profile; look at its log, "
            "and start it again after the line below",
            remedies.export_profile(),
        )
    return Finding("silent", name, f"{text}; look at the log of its driver", remedies.show())


def _losses(
    name: str,
    seen: SensorSeen,
    connected: Sequence[Publisher],
    remedies: Remedies,
    middleware: str,
) -> Iterator[Finding]:
    traffic = seen.traffic
    nodes = named([publisher.endpoint for publisher in connected])
    if traffic.size > SEGMENT / 2:
        yield Finding(
            "too_large",
            name,
            f"the messages of {nodes} on {seen.wanted.topic} have {traffic.size * 1e-6:.3g} MB, of "
            f"which the {SEGMENT >> 20} MiB of shared memory hold one or none; let the driver "
            f"publish smaller or compressed ones, or enlarge segment_size ({WHERE})",
            f"sed -i s/{SEGMENT}/{_power(traffic.size * 8)}/ {shlex.quote(remedies.profile)}",
        )
    elif traffic.lost > MOST_LOST and traffic.lost_share >= LOST:
        sent = len(traffic.sizes) + traffic.lost
        text = (
            f"{traffic.lost} of {sent} messages of {nodes} on {seen.wanted.topic} "
            f"({traffic.size * 1e-6:.2g} MB each) were lost on the way"
        )
        without = any(publisher.has_profile is False for publisher in connected)
        if without and traffic.size >= LARGE and middleware.startswith(FAST_DDS):
            yield Finding(
                "no_profile",
                name,
                f"{text}, as {nodes} was started without the Fast DDS profile; stop it, and start "
                "it again in a shell after the line below",
                remedies.export_profile(),
            )
        elif traffic.size >= LARGE:
            rate = traffic.rate / max(1 - traffic.lost_share, 1e-3)
            yield Finding(
                "too_much",
                name,
                f"{text}: {rate:.3g} Hz are {rate * traffic.size * 1e-6:.3g} MB/s, more than the "
                f"buffers of {middleware} take; lower the driver's rate or size, or enlarge the "
                f"buffers ({WHERE})",
                "sudo sysctl -w net.core.rmem_max=33554432 net.core.wmem_max=33554432",
            )
        else:
            yield Finding(
                "lost",
                name,
                f"{text}; look at the load of the computers and at the network between them",
                "top -b -n 1 -o %CPU | head -n 15",
            )


def _stamps(
    name: str, seen: SensorSeen, connected: Sequence[Publisher], remedies: Remedies
) -> Iterator[Finding]:
    traffic = seen.traffic
    nodes = named([publisher.endpoint for publisher in connected])
    if traffic.zero_stamps > len(traffic.sizes) / 2:
        yield Finding(
            "clock",
            name,
            f"the stamps of {nodes} are zero, so a delay is not noticed; let the driver fill them "
            "in, or let the age count from the arrival for good",
            remedies.set_sensor(name, {"stamp": "arrival"}),
        )
        return
    delay, transport = traffic.delay, traffic.transport
    if transport is not None and not -FUTURE_TOLERANCE <= transport <= CLOCKS_APART:
        where = "behind" if transport > 0 else "ahead of"
        yield Finding(
            "clocks_apart",
            name,
            f"the clock of the computer of {nodes} is {abs(transport):.3g} s {where} this one's; "
            "synchronise both, such as with chrony",
            "sudo chronyc makestep",
        )
    elif delay is None:
        return
    elif delay < -FUTURE_TOLERANCE or delay > UNRELATED:
        where = "behind" if delay > 0 else "ahead of"
        yield Finding(
            "clock",
            name,
            f"the stamps of {nodes} are {abs(delay):.4g} s {where} this computer's clock, so they "
            "come from another one; let the driver stamp with the computer's clock, or let the "
            "age count from the arrival",
            remedies.set_sensor(name, {"stamp": "arrival"}),
        )
    elif delay > seen.max_age:
        needed = math.ceil(delay * 15) / 10
        yield Finding(
            "old_stamps",
            name,
            f"messages of {nodes} arrive {delay:.3g} s after their stamps, later than max_age "
            f"({seen.max_age:g} s), and are not used; shorten the way of the data, or raise "
            "max_age if that delay does no harm",
            remedies.set_sensor(name, {"max_age": needed}),
        )


def _rate(name: str, seen: SensorSeen, remedies: Remedies) -> Iterator[Finding]:
    traffic = seen.traffic
    if len(traffic.sizes) < 3 or seen.modality == "text" or traffic.lost_share >= LOST:
        return
    period = 1.0 / traffic.rate
    if period > 1.2 * seen.max_age:
        yield Finding(
            "slow_rate",
            name,
            f"a message comes every {period:.3g} s, but is used for max_age ({seen.max_age:g} s) "
            "only, so that the sensor is stale between two; raise its rate or max_age",
            remedies.set_sensor(name, {"max_age": math.ceil(period * 15) / 10}),
        )


def _power(size: float) -> int:
    return 1 << math.ceil(math.log2(size))


def _seconds(seen: SensorSeen) -> str:
    return f"{seen.traffic.seconds:.0f}"
