"""Checks that weights of a run are those that a bundle's encoders were exported from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from omnibind_ros.encoders.backend import CPU, load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.adapt.start import bundle_student, embeddings_of
from omnibind_ros.learning.config import TrainingError

SAMPLES = 8
"""Inputs of noise that both networks embed."""

LEAST = {"fp32": 0.999, "fp16": 0.99}
"""Least mean cosine of both embeddings, by the encoder's precision."""

LEAST_INT8 = 0.4
"""Of int8 encoders, which were made for other inputs than noise: those of the shipped bundle have
0.99 (touch, points) and 0.68 (audio) to their own weights, and 0.2 to others of the same space."""


def check_parity(bundle: Bundle, students: Mapping[str, Path]) -> None:
    """Compare the embeddings of students with those of a bundle's encoders.

    Args:
        bundle: An intact bundle.
        students: By modality, MODALITY.pt of a run; those without an encoder are not looked at.

    Raises:
        TrainingError: A file cannot be read, or is not what the encoder was exported from.
    """
    for modality, path in students.items():
        spec = bundle.manifest.encoders.get(modality)
        if spec is None:
            continue
        tensor = spec.inputs[0]
        rng = np.random.default_rng(0)
        inputs = 0.1 * rng.normal(size=(SAMPLES, *tensor.shape[1:])).astype(np.float32)
        model = load_model(bundle.root / spec.path, spec, 1, [CPU])
        want = np.concatenate([model.run({tensor.name: each[None]})[0] for each in inputs])
        try:
            have = embeddings_of(bundle_student(path), inputs)
        except RuntimeError as error:  # of another shape of input
            raise TrainingError(f"{path} takes other inputs than {spec.path}: {error}") from error
        cosine = float((want * have).sum(1).mean()) if want.shape == have.shape else 0.0
        if not cosine >= LEAST.get(spec.precision, LEAST_INT8):
            raise TrainingError(
                f"{path} is not what {spec.path} of {bundle.manifest.model} was exported from "
                f"(their embeddings have a cosine of {cosine:.2f}); give the run of this bundle "
                "with --run"
            )
