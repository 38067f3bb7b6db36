"""The parameters of every sensor and of the nodes; see `omnibind_ros.config`."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field, fields
from typing import Any

from omnibind_ros.config import parameter
from omnibind_ros.fusion import FUSIONS
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.enrolled_folder import AUTO
from omnibind_ros.sensors.region import check_region

DEFAULT_SENSORS = {"camera": "image", "speech": "text"}
"""The sensors of a node without a parameter file, and their modalities."""


@dataclass
class SensorConfig:
    """Parameters of one sensor, under `sensor.NAME.` in the parameter file."""

    modality: str = parameter(
        "",
        "Modality of the sensor; empty: the sensor's name is the modality.",
        choices=("", *MODALITIES),
    )
    topic: str = parameter("", "Topic, relative and remappable; empty: the modality's default.")
    type: str = parameter("", "ROS message type; empty: the modality's default.")
    max_age: float = parameter(
        0.0,
        "Seconds after which a sample is stale and is no longer fused; 0: the modality's default.",
        low=0.0,
        high=3600.0,
        at_run_time=True,
    )
    rate_limit: float = parameter(
        0.0, "Maximum encodes per second; 0: no limit.", low=0.0, high=1000.0, at_run_time=True
    )
    reliability: str = parameter(
        "best_effort", "QoS reliability of the subscription.", choices=("best_effort", "reliable")
    )
    depth: int = parameter(
        0,
        "QoS history depth of the subscription; 0: as the sensor type needs (1 if only the newest "
        "message is used, more if every message is).",
        low=0,
        high=1000,
    )
    stamp: str = parameter(
        "auto",
        "From which time a sample's age counts: its header stamp, its arrival, or auto (the "
        "header stamp if it has been plausible, else the arrival, with a warning).",
        choices=("auto", "header", "arrival"),
        at_run_time=True,
    )
    time_offset: float = parameter(
        0.0,
        "Seconds that are added to each header stamp, for a sensor whose clock or exposure is off "
        "by a known time; negative for stamps that are too late.",
        low=-3600.0,
        high=3600.0,
        at_run_time=True,
    )
    enabled: bool = parameter(
        True,
        "Whether the sensor is used; false: its topic is not subscribed to, and the sensor stays "
        "in ~/sensors as ABSENT.",
        at_run_time=True,
    )
    required: bool = parameter(
        False,
        "Whether ~/ready of the perception node is true only while this sensor is FRESH, encoded "
        "and contradicts no other.",
        at_run_time=True,
    )
    roi: list[float] = parameter(
        [],
        "Part of the picture that is encoded, of an image, thermal, touch or event sensor: x, y, "
        "width and height as shares of the picture, such as [0.25, 0.25, 0.5, 0.5] (with decimal "
        "points); empty: all of it. ~/roi sets it for a moment.",
        at_run_time=True,
        item=float,
        test=check_region,
    )
    frozen_after: float = parameter(
        1.0,
        "Seconds of equal messages, byte for byte, from which a camera, thermal camera or event "
        "camera is frozen: its age counts from the first of them; 0: never.",
        low=0.0,
        high=3600.0,
        at_run_time=True,
    )


@dataclass
class SensorSetup:
    """All parameters of one sensor.

    Attributes:
        config: The parameters that every sensor has.
        options: The parameters that only its type has; None for their defaults.
    """

    config: SensorConfig = field(default_factory=SensorConfig)
    options: Any = None

    def structure(self) -> tuple[Any, ...]:
        """Return the parameters that cannot change at run time: a change makes it a new sensor."""
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
        "Names of the sensors; each is described under sensor.NAME. Adding or removing a name adds "
        "or removes the sensor; an empty list means none.",
        at_run_time=True,
    )
    sensor_modules: list[str] = parameter(
        [], "Python modules with additional sensor types (docs/how-to/adding_a_sensor.md)."
    )
    discover: bool = parameter(
        False,
        "Add a sensor for each topic that is there or appears, if its type and the words of its "
        "name are those of a sensor.",
    )
    workers: int = parameter(
        0, "Threads that decode and encode; 0: half the number of processors.", low=0, high=64
    )
    threads: int = parameter(1, "Threads inside each encoder.", low=1, high=64)
    cpu_budget: float = parameter(
        1.0,
        "Share of all processors that decoding, encoding, fusing and publishing may use; samples "
        "for which it does not suffice are not encoded, the least useful ones first.",
        low=0.01,
        high=1.0,
    )
    encode_timeout: float = parameter(
        5.0,
        "Seconds after which an encode is given up and its sensor is in state FAULT.",
        low=0.05,
        high=3600.0,
    )
    status_rate: float = parameter(
        20.0,
        "Presence checks per second; ~/sensors is published on a change, and at 1 Hz.",
        low=1.0,
        high=100.0,
    )
    matched_events: bool = parameter(
        True, "Detect publishers by matched events if ROS has them; otherwise by polling at 2 Hz."
    )
    autostart: bool = parameter(True, "Configure and activate at start.")


@dataclass
class PerceptionConfig(SensingConfig):
    """Parameters of the perception node."""

    labels: list[str] = parameter(
        [],
        "Labels to recognise; empty: the bundle's own. ~/set_labels changes them at run time. "
        "What was enrolled is recognised too; set enrolled to '' to leave it out.",
        instead="call ~/set_labels",
    )
    labels_file: str = parameter(
        "",
        "File of labels with synonyms and templates, in the format of a bundle's labels.yaml; "
        "`templates` may be left out for the bundle's. Empty, or with labels: not used. What was "
        "enrolled is recognised too; set enrolled to '' to leave it out.",
        instead="call ~/set_labels",
    )
    enrolled: str = parameter(
        AUTO,
        "Folder that keeps the labels learned by ~/enroll; auto: omnibind_ros/enrolled/NODE in "
        "ROS_HOME (~/.ros), where NODE is the node's name with its namespace; empty: they are lost "
        "when the node ends.",
    )
    fusion: str = parameter(
        "adaptive",
        "Fusion of the fresh embeddings; adaptive: the bundle's network, or the mean if the bundle "
        "has none.",
        choices=tuple(FUSIONS),
    )
    top_k: int = parameter(
        5,
        "Number of labels in each ~/recognition, the most probable one first.",
        low=1,
        high=1000,
        at_run_time=True,
    )
    min_similarity: float = parameter(
        -1.0,
        "Cosine similarity of the best label below which the object is unknown; -1: the bundle's "
        "thresholds.",
        low=-1.0,
        high=1.0,
        at_run_time=True,
    )
    result_rate: float = parameter(
        30.0,
        "Results per second at most; embeddings that arrive between two are fused together, and "
        "after a quiet spell a result is published at once. 0: a result at each embedding.",
        low=0.0,
        high=1000.0,
        at_run_time=True,
    )
    memory: float = parameter(
        1.0,
        "Seconds that ~/recognition remembers: the larger, the steadier the labels, and the slower "
        "they follow a change that is not noticed as one. 0: each result counts alone.",
        low=0.0,
        high=3600.0,
        at_run_time=True,
    )
    reset_topic: str = parameter(
        "",
        "Topic of std_msgs/Empty, a message on which says that the robot turns to another thing: "
        "what the sensors showed before is forgotten. Empty: none.",
    )
    contradiction_after: float = parameter(
        2.0,
        "Seconds after which a sensor that contradicts the others is named and left out until it "
        "agrees again, of the modalities for which the bundle has a limit. It takes three sensors. "
        "0: never.",
        low=0.0,
        high=3600.0,
        at_run_time=True,
    )
    deadline: float = parameter(
        1.0,
        "Seconds after which the last result is too old for ~/ready to be true. The deadline that "
        "~/recognition offers as a QoS policy follows it at the next configure.",
        low=0.05,
        high=3600.0,
        at_run_time=True,
    )
    ready_needs_known: bool = parameter(
        False,
        "Whether ~/ready is true only while the belief is known: a label fits.",
        at_run_time=True,
    )
    ready_needs_in_distribution: bool = parameter(
        False,
        "Whether ~/ready is true only while no sensor in use is out of distribution.",
        at_run_time=True,
    )
