"""What the node says of its own sensors, each sentence with a command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from omnibind_ros.sensors import Issue

from .finding import Finding
from .observation import SensorSeen
from .remedies import Remedies

Remedy = Callable[[Remedies, str, str], str]
"""Returns the command for a sensor and a sentence."""


class Known(NamedTuple):
    """A sentence of the node that is known.

    Attributes:
        kind: The finding's kind.
        pattern: A regular expression that is found in the sentence.
        remedy: Makes the command.
    """

    kind: str
    pattern: str
    remedy: Remedy


def _show(remedies: Remedies, _sensor: str, _text: str) -> str:
    return remedies.show()


def _unit(remedies: Remedies, sensor: str, text: str) -> str:
    if "metres were taken" in text:
        return remedies.set_sensor(sensor, {"scale": 0.001})
    read = re.search(r"read as (centikelvin|kelvin)", text)
    unit = read[1] if read else "celsius" if "Celsius" in text else ""
    if unit:
        return remedies.set_sensor(sensor, {"unit": unit})
    return remedies.set_sensor(sensor, {"unit": "counts", "scale": 0.2, "offset": 0.0})


def _axes(remedies: Remedies, sensor: str, text: str) -> str:
    taken = re.search(r"axes (\w+) was taken", text)
    return remedies.set_sensor(sensor, {"axes": taken[1] if taken else "x_forward"})


def _older(remedies: Remedies, sensor: str, text: str) -> str:
    seconds = re.search(r"(?:done|arrive) ([\d.]+) s after", text)
    longer = float(seconds[1]) * 1.5 if seconds else 0.0
    if not 0.0 < longer < 60.0:
        return remedies.set_sensor(sensor, {"stamp": "arrival"})
    return remedies.set_sensor(sensor, {"max_age": round(longer + 0.05, 1)})


KNOWN = (
    Known("lost", r"were lost on the way", _show),
    Known("other_type", r"but the sensor takes", _show),
    Known("qos", r"but the sensor asks for|QoS of .* does not match", _show),
    Known("no_publisher", r" is published on ", _show),
    Known("alternating", r"publishers alternate on", _show),
    Known("kept", r"before this node subscribed", _show),
    Known("slow", r"embeddings are not used, as they are done", _older),
    Known("old_stamps", r"after their stamps, later than max_age", _older),
    Known(
        "clock",
        r"ages? count from the arrival|ahead of the node's clock",
        lambda remedies, sensor, _: remedies.set_sensor(sensor, {"stamp": "arrival"}),
    ),
    Known(
        "frozen",
        r"^frozen: ",
        lambda remedies, sensor, _: remedies.set_sensor(sensor, {"frozen_after": 0.0}),
    ),
    Known("unit", r"are read as .* parameter unit is auto|metres were taken", _unit),
    Known("axes", r"^axes \w+ was taken", _axes),
    Known(
        "out_of_distribution",
        r"unlike those that the .* encoder was trained on",
        lambda *_: (
            "omnibind bag record --teach --out recording && omnibind adapt recording --out adapted"
        ),
    ),
    Known(
        "no_encoder",
        r"has no encoder for modality",
        lambda remedies, sensor, _: remedies.remove_sensor(sensor),
    ),
    Known(
        "contradicting",
        r"contradicted the other sensors",
        lambda remedies, sensor, _: remedies.show(sensor),
    ),
)
"""The sentences that have a command of their own."""

BY_ISSUE = {
    Issue.DELAYED: "old_stamps",
    Issue.CLOCK_OFFSET: "clock",
    Issue.FROZEN: "frozen",
    Issue.UNIT_GUESSED: "unit",
    Issue.AXES_GUESSED: "axes",
    Issue.OUT_OF_DISTRIBUTION: "out_of_distribution",
    Issue.CONTRADICTING: "contradicting",
    Issue.NO_MATCH: "no_match",
}
"""The kind of a sentence that is not known, where the sensor has one issue alone."""


def reported_findings(name: str, seen: SensorSeen, remedies: Remedies) -> Iterator[Finding]:
    """Yield a finding for each sentence that the node says of a sensor.

    Args:
        name: Name of the sensor.
        seen: What the node says of it.
        remedies: Makes the commands.
    """
    sentences = [sentence for sentence in seen.reason.split(" | ") if sentence]
    for sentence in sentences:
        known = next((known for known in KNOWN if re.search(known.pattern, sentence)), None)
        if known is not None:
            command = known.remedy(remedies, name, sentence)
            yield Finding(known.kind, name, sentence, command)
        else:
            yield Finding(_kind(seen, len(sentences)), name, sentence, remedies.show())


def _kind(seen: SensorSeen, sentences: int) -> str:
    if sentences == 1 and len(seen.issues) == 1 and seen.issues[0] in BY_ISSUE:
        return BY_ISSUE[Issue(seen.issues[0])]
    return "fault" if seen.state == "FAULT" else "reported"
