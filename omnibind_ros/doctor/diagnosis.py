"""From what was seen to what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .finding import Finding
from .observation import ACTIVE, Observation
from .remedies import Remedies
from .reported import reported_findings
from .topic_checks import topic_findings

CONFIGURE, ACTIVATE = 1, 3
"""Numbers of lifecycle transitions, lifecycle_msgs/msg/Transition."""

SAME = {
    "lost": ("no_profile", "too_much", "too_large", "lost"),
    "no_publisher": ("no_publisher",),
    "old_stamps": ("old_stamps", "clocks_apart", "clock"),
    "clock": ("clock", "clocks_apart", "old_stamps"),
    "slow": ("old_stamps", "clocks_apart"),
}
"""Of a kind that the node reports, the kinds seen from outside that say the same."""


def diagnose(seen: Observation, remedies: Remedies, only: Collection[str] = ()) -> list[Finding]:
    """Return what is wrong with a node and its sensors, the node's own findings first.

    Args:
        seen: What was seen.
        remedies: Makes the commands.
        only: Names of the sensors to look at; empty: all.
    """
    findings = list(_of_the_node(seen, remedies))
    used = {sensor.wanted.topic for sensor in seen.sensors.values()}
    others = {topic: types for topic, types in seen.published.items() if topic not in used}
    for name, sensor in seen.sensors.items():
        if only and name not in only:
            continue
        outside = list(topic_findings(name, sensor, others, remedies, seen.middleware))
        kinds = {finding.kind for finding in outside}
        findings += outside
        findings += [
            finding
            for finding in reported_findings(name, sensor, remedies)
            if kinds.isdisjoint(SAME.get(finding.kind, (finding.kind,)))
        ]
    findings += [
        Finding(
            "no_sensor",
            name,
            f"the node {seen.node} has no sensor of that name, but "
            f"{', '.join(seen.sensors) or 'none'}; name one of these",
            remedies.show(),
        )
        for name in only
        if seen.count and name not in seen.sensors
    ]
    return findings


def _of_the_node(seen: Observation, remedies: Remedies) -> Iterator[Finding]:
    node = seen.node
    if not seen.count:
        if seen.others:
            yield Finding(
                "no_node",
                "",
                f"no node {node} is running on this ROS_DOMAIN_ID, but "
                f"{' and '.join(seen.others)}; name that one",
                remedies.diagnose(seen.others[0]),
            )
        else:
            yield Finding(
                "no_node",
                "",
                f"no node {node} is running on this ROS_DOMAIN_ID; start it",
                remedies.run(),
            )
        return
    if seen.count > 1:
        yield Finding(
            "same_name",
            "",
            f"{seen.count} nodes have the name {node}, so that services answer for either and "
            "results mix; stop one, and start it in a namespace of its own",
            "omnibind run namespace:=second",
        )
    if seen.state and seen.state != ACTIVE:
        unconfigured = seen.state == "unconfigured"
        why = seen.diagnosed.message if seen.diagnosed and seen.diagnosed.level >= 2 else ""
        yield Finding(
            "not_active",
            "",
            f"the node {node} is {seen.state}, so it gives no results"
            + (f" ({why})" if why else "")
            + f"; {'configure and activate' if unconfigured else 'activate'} it",
            remedies.change_state(CONFIGURE if unconfigured else ACTIVATE),
        )
    elif not seen.state and not seen.sensors:
        yield Finding(
            "no_answer",
            "",
            f"the node {node} neither answers nor says anything of its sensors within "
            f"{seen.seconds:.0f} s; look at its log, and start it again if it hangs",
            remedies.run(),
        )
    elif not seen.sensors:
        yield Finding(
            "no_sensors",
            "",
            f"the node {node} has no sensors; add one with ~/set_sensor, or name them in its "
            "parameter file",
            remedies.set_sensor("camera", modality="image", topic="/image_raw"),
        )
    if seen.diagnosed is not None and seen.diagnosed.level and seen.state in (ACTIVE, ""):
        for sentence in seen.diagnosed.problems or (seen.diagnosed.message,):
            if not (seen.count > 1 and "nodes have the name" in sentence):
                yield Finding("node", "", sentence, remedies.show())
