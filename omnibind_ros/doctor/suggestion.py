"""Topics that could be sensors, as a parameter file to paste."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import yaml

from omnibind_ros.runtime.discovery import match, sensor_name
from omnibind_ros.sensors import SensorType


def suggested_sensors(
    published: Mapping[str, Sequence[str]], used: Collection[str], kinds: Iterable[SensorType]
) -> dict[str, dict[str, str]]:
    """Return a sensor for each topic that looks like one and is none yet.

    Args:
        published: Types of each topic that has a publisher.
        used: Topics of sensors that are there.
        kinds: The sensor types to choose from.

    Returns:
        `modality`, `topic` and `type` by the name of the sensor.
    """
    kinds = tuple(kinds)
    found: dict[str, dict[str, str]] = {}
    for topic, types in sorted(published.items()):
        if topic in used or topic.rpartition("/")[0] in published:
            continue  # a compressed picture beside the raw one adds nothing
        for message in types:
            kind = match(topic, message, kinds)
            if kind is not None:
                name = sensor_name(topic, found)
                found[name] = {"modality": kind.modality, "topic": topic, "type": message}
                break
    return found


def parameter_file(sensors: Mapping[str, Mapping[str, str]]) -> str:
    """Return a parameter file with some sensors."""
    described = {name: dict(values) for name, values in sensors.items()}
    parameters = {"sensors": list(sensors), "sensor": described}
    return yaml.safe_dump({"/**": {"ros__parameters": parameters}}, sort_keys=False)
