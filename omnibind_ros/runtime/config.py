"""The parameters of every sensor and of the nodes; see `omnibind_ros.config`."""

from __future__ import annotations

from dataclasses import dataclass

from omnibind_ros.config import parameter
from omnibind_ros.fusion import FUSIONS
from omnibind_ros.modalities import MODALITIES


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
        live=True,
    )
    rate_limit: float = parameter(
        0.0, "Encodings per second at most; 0: no limit.", low=0.0, high=1000.0, live=True
    )
    reliability: str = parameter(
        "best_effort", "QoS reliability of the subscription.", choices=("best_effort", "reliable")
    )
    depth: int = parameter(1, "QoS history depth of the subscription.", low=1, high=1000)
    stamp: str = parameter(
        "auto",
        "Where a sample's age comes from: its header, its arrival, or auto (the header where it "
        "is plausible, else the arrival, with a warning).",
        choices=("auto", "header", "arrival"),
        live=True,
    )


@dataclass
class PerceptionConfig:
    """Parameters of the perception node."""

    bundle: str = parameter(
        "household", "Name of an installed bundle, or the path of a bundle's folder."
    )
    sensors: list[str] = parameter(
        ["camera", "speech"], "Names of the sensors; each is described under sensor.NAME."
    )
    labels: list[str] = parameter(
        [], "Labels to recognise; empty: the bundle's own. ~/set_labels changes them at run time."
    )
    fusion: str = parameter("mean", "Fusion of the fresh embeddings.", choices=tuple(FUSIONS))
    workers: int = parameter(1, "Threads that decode and encode.", low=1, high=64)
    threads: int = parameter(1, "Threads inside each encoder.", low=1, high=64)
    top_k: int = parameter(
        5, "Labels in each ~/recognition, best first.", low=1, high=1000, live=True
    )
    min_similarity: float = parameter(
        -1.0,
        "Cosine similarity below which the best label is unknown; -1: as the bundle says.",
        low=-1.0,
        high=1.0,
        live=True,
    )
    status_rate: float = parameter(
        20.0, "Presence checks per second; ~/sensors is published on a change, and at 1 Hz.",
        low=1.0, high=100.0,
    )  # fmt: skip
    matched_events: bool = parameter(
        True, "Learn of publishers by matched events where ROS has them; else by polling at 2 Hz."
    )
    autostart: bool = parameter(True, "Configure and activate at start.")
