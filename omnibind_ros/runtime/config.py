"""The parameters of every sensor and of the nodes; see `omnibind_ros.config`."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field, fields
from typing import Any

from omnibind_ros.config import parameter
from omnibind_ros.fusion import FUSIONS
from omnibind_ros.modalities import MODALITIES

DEFAULT_SENSORS = {"camera": "image", "speech": "text"}
"""The sensors that are there without a parameter file, and their modalities."""


@dataclass
class SensorConfig:
    """Parameters of one sensor, under `sensor.NAME.` in the parameter file."""

    modality: str = parameter(
        "", "Modality of the sensor; empty: its name is one.", choices=("", *MODALITIES)
    )
    topic: str = parameter("", "Topic, relative and remappable; empty: the modality's default.")
    type: str = parameter("", "ROS message type; empty: the modality's default.")
    max_age: float = parameter(
        0.0,
        "Seconds after which a sample is stale and no evidence any more; 0: the modality's "
        "default.",
        low=0.0,
        high=3600.0,
        at_run_time=True,
    )
    rate_limit: float = parameter(
        0.0, "Encodings per second at most; 0: no limit.", low=0.0, high=1000.0, at_run_time=True
    )
    reliability: str = parameter(
        "best_effort", "QoS reliability of the subscription.", choices=("best_effort", "reliable")
    )
    depth: int = parameter(
        0,
        "QoS history depth of the subscription; 0: as the sensor type needs (1 where the newest "
        "message counts, more where every one does).",
        low=0,
        high=1000,
    )
    stamp: str = parameter(
        "auto",
        "Where a sample's age comes from: its header, its arrival, or auto (the header where it "
        "is plausible, else the arrival, with a warning).",
        choices=("auto", "header", "arrival"),
        at_run_time=True,
    )


@dataclass
class SensorSetup:
    """All parameters of one sensor.

    Attributes:
        config: Those that every sensor has.
        options: Those that only its type has; None for their defaults.
    """

    config: SensorConfig = field(default_factory=SensorConfig)
    options: Any = None

    def structure(self) -> tuple[Any, ...]:
        """Return what cannot change while the sensor runs: a change makes it a new one."""
        fixed = [
            getattr(self.config, f.name)
            for f in fields(SensorConfig)
            if not f.metadata["at_run_time"]
        ]
        return (*fixed, *(astuple(self.options) if self.options is not None else ()))


@dataclass
class SensingConfig:
    """Parameters of every node that has sensors."""

    bundle: str = parameter(
        "household", "Name of an installed bundle, or the path of a bundle's folder."
    )
    sensors: list[str] = parameter(
        list(DEFAULT_SENSORS),
        "Names of the sensors; each is described under sensor.NAME. A name more or less adds or "
        "removes a sensor.",
        at_run_time=True,
    )
    sensor_modules: list[str] = parameter(
        [], "Python modules with sensor types of your own (docs/how-to/adding_a_sensor.md)."
    )
    discover: bool = parameter(
        False, "Adopt topics of known types that appear and whose names say what they are."
    )
    workers: int = parameter(
        0, "Threads that decode and encode; 0: half as many as there are processors.",
        low=0, high=64,
    )  # fmt: skip
    threads: int = parameter(1, "Threads inside each encoder.", low=1, high=64)
    cpu_budget: float = parameter(
        1.0,
        "Share of all processors that decoding, encoding, fusing and publishing may use; what does "
        "not fit in is left out, least useful first.",
        low=0.01,
        high=1.0,
    )
    encode_timeout: float = parameter(
        5.0, "Seconds after which an encoder that gives nothing is a FAULT.", low=0.05, high=3600.0
    )
    status_rate: float = parameter(
        20.0, "Presence checks per second; ~/sensors is published on a change, and at 1 Hz.",
        low=1.0, high=100.0,
    )  # fmt: skip
    matched_events: bool = parameter(
        True, "Learn of publishers by matched events where ROS has them; else by polling at 2 Hz."
    )
    autostart: bool = parameter(True, "Configure and activate at start.")


@dataclass
class PerceptionConfig(SensingConfig):
    """Parameters of the perception node."""

    labels: list[str] = parameter(
        [], "Labels to recognise; empty: the bundle's own. ~/set_labels changes them at run time."
    )
    fusion: str = parameter(
        "adaptive",
        "Fusion of the fresh embeddings; adaptive: by the bundle's network, by the mean where it "
        "has none.",
        choices=tuple(FUSIONS),
    )
    top_k: int = parameter(
        5, "Labels in each ~/recognition, best first.", low=1, high=1000, at_run_time=True
    )
    min_similarity: float = parameter(
        -1.0,
        "Cosine similarity below which the best label is unknown; -1: as the bundle says.",
        low=-1.0,
        high=1.0,
        at_run_time=True,
    )
