"""What the doctor prints, and its JSON file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .finding import Finding
from .observation import Observation
from .suggestion import parameter_file


def text_report(
    seen: Observation,
    findings: Sequence[Finding],
    suggested: Mapping[str, Mapping[str, str]],
) -> str:
    """Return what is printed.

    Args:
        seen: What was seen.
        findings: What is wrong.
        suggested: Topics that could be sensors.
    """
    lines = []
    for name, sensor in seen.sensors.items():
        traffic = sensor.traffic
        measured = f"{traffic.rate:.1f} Hz, {_bytes(traffic.size)}" if traffic.sizes else "nothing"
        delay = f", {traffic.delay * 1e3:.0f} ms old" if traffic.delay is not None else ""
        lines.append(f"{name:16} {sensor.state:7} {sensor.wanted.topic}: {measured}{delay}")
        lines += [_indented(finding) for finding in findings if finding.sensor == name]
    lines += [
        f"{finding.sensor or seen.node}\n{_indented(finding)}"
        for finding in findings
        if finding.sensor not in seen.sensors
    ]
    if suggested:
        lines.append(
            "\nTopics that look like sensors, as a parameter file for "
            "`omnibind run config:=FILE`:\n"
        )
        lines.append(parameter_file(suggested).rstrip())
    number = len(findings)
    verdict = "nothing is wrong" if not number else f"{number} finding{'s' * (number > 1)}"
    lines.append(f"\n{seen.node}, looked at for {seen.seconds:.0f} s: {verdict}")
    return "\n".join(lines)


def json_report(
    seen: Observation,
    findings: Sequence[Finding],
    suggested: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Return the content of the JSON file; docs/how-to/doctor.md describes it.

    Args:
        seen: What was seen.
        findings: What is wrong.
        suggested: Topics that could be sensors.
    """
    return {
        "node": seen.node,
        "state": seen.state if seen.count else "",
        "seconds": round(seen.seconds, 1),
        "findings": [finding.as_json() for finding in findings],
        "sensors": {
            name: {
                "state": sensor.state,
                "topic": sensor.wanted.topic,
                "type": sensor.wanted.type,
                "publishers": [publisher.endpoint.node for publisher in sensor.publishers],
                "rate": round(sensor.traffic.rate, 2),
                "bytes": round(sensor.traffic.size),
                "delay": sensor.traffic.delay,
                "lost": sensor.traffic.lost,
            }
            for name, sensor in seen.sensors.items()
        },
        "suggested": {name: dict(values) for name, values in suggested.items()},
    }


def _indented(finding: Finding) -> str:
    return f"    ! {finding.text}\n      {finding.command}"


def _bytes(size: float) -> str:
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size:.0f} B"
