"""The inputs of the students: what is cached, trained on, exported and run.

They are small on purpose: a student must train on two cores and run in a few milliseconds on one.
Each stands in encoders/MODALITY.py, where the robot finds it too.
"""

from __future__ import annotations

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.student import Prepare
from omnibind_ros.modalities import part

IMAGE_SIDE = 64
"""Side of the small images that the image student is trained on, pixels."""


def input_spec(modality: str) -> TensorSpec:
    """Return the input of a student modality; its first dimension is the batch."""
    spec: TensorSpec = part("encoders", modality).INPUT
    return spec


def prepare_function(modality: str) -> Prepare:
    """Return the function that prepares an observation as that input; the robot runs it too."""
    prepare: Prepare = part("encoders", modality).prepare
    return prepare
