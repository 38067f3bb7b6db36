"""The inputs of the students, said once: what is cached, trained on, exported and run.

They are small on purpose: a student must train on two cores and run in a few milliseconds on one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from omnibind_ros.encoders.audio import prepare_audio
from omnibind_ros.encoders.event import prepare_events
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.points import prepare_points
from omnibind_ros.encoders.student import Prepare
from omnibind_ros.encoders.thermal import prepare_thermal
from omnibind_ros.encoders.touch import prepare_touch

STUDENT_SPECS: Mapping[str, TensorSpec] = MappingProxyType(
    {
        "touch": TensorSpec(
            "touch", (1, 3, 60, 80), "float32", "NCHW", "difference to reference, -1..1"
        ),
        "thermal": TensorSpec("thermal", (1, 1, 60, 80), "float32", "NCHW", "degrees Celsius"),
        "event": TensorSpec("event", (1, 5, 64, 64), "float32", "NCHW", "voxel grid of polarities"),
        "points": TensorSpec("points", (1, 512, 3), "float32", "NPC", "m, centred at the centroid"),
        # 98 frames, 20 ms apart, are 1.97 s.
        "audio": TensorSpec(
            "audio",
            (1, 1, 64, 98),
            "float32",
            "NCHW",
            "log-mel",
            {"sample_rate": 16000.0, "window": 0.032, "hop": 0.02},
        ),
    }
)
"""Input by student modality, in the order of modalities.py; the first dimension is the batch."""

PICTURE = 64
"""Side of the small images that the image student sees, pixels."""

PREPARE: Mapping[str, Prepare] = MappingProxyType(
    {
        "touch": prepare_touch,
        "thermal": prepare_thermal,
        "event": prepare_events,
        "points": prepare_points,
        "audio": prepare_audio,
    }
)
"""What makes a sample that input, by student modality: the function that the robot runs too."""
