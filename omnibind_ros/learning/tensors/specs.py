"""The inputs of the students: what is cached, trained on, exported and run.

They are small on purpose: a student must train on two cores and run in a few milliseconds on one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.student import Prepare
from omnibind_ros.modalities import STUDENTS, part

STUDENT_SPECS: Mapping[str, TensorSpec] = MappingProxyType(
    {name: part("encoders", name).INPUT for name in STUDENTS}
)
"""Input by student modality, in the order of modalities.py; the first dimension is the batch."""

PICTURE = 64
"""Side of the small images that the image student sees, pixels."""

PREPARE: Mapping[str, Prepare] = MappingProxyType(
    {name: part("encoders", name).prepare for name in STUDENTS}
)
"""What makes a sample that input, by student modality: the function that the robot runs too."""
