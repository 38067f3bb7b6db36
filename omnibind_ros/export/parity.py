"""Compares an exported network with the one it was made of, in embeddings, accuracy and time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.backend import CPU, load_model
from omnibind_ros.encoders.manifest import BundleError, FileSpec
from omnibind_ros.recognition.label_bank import LabelBank

from .heavy_nodes import Arrays

TOLERANCE = 1e-3
"""Largest difference between a value of a trained network's embedding and of its fp32 export's,
which sums in another order."""

REPEATS = 51


def embed(path: Path, spec: FileSpec, inputs: Arrays) -> Floats:
    """Return unit embeddings float32 [N, D] of N inputs, computed on one core of the processor.

    Raises:
        BundleError: The network cannot be loaded, or its outputs are no unit vectors.
    """
    model = load_model(path, spec, 1, [CPU])
    name = spec.inputs[0].name
    values = np.concatenate([model.run({name: x})[0].reshape(1, -1) for x in inputs])
    length = np.linalg.norm(values, axis=1)
    if not np.isfinite(values).all() or np.abs(length - 1).max() > 0.01:
        raise BundleError(
            f"{path.name} gives embeddings that are no unit vectors; look for NaN in the training, "
            "or choose another --precision"
        )
    return values


def median_ms(path: Path, spec: FileSpec, sample: npt.NDArray[Any]) -> float:
    """Return the median processor time of one run on one core, ms."""
    model = load_model(path, spec, 1, [CPU])
    inputs = {spec.inputs[0].name: sample}
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        model.run(inputs)
        times.append(time.process_time() - start)
    return float(np.median(times)) * 1e3


def compare(reference: Floats, exported: Floats) -> dict[str, float]:
    """Return how far embeddings are from their references.

    Args:
        reference: [N, D], unit vectors.
        exported: [N, D], unit vectors.

    Returns:
        samples, their number N; max_difference, of any value; min_cosine and mean_cosine.
    """
    cosine = (reference * exported).sum(1)
    return {
        "samples": len(reference),
        "max_difference": float(f"{np.abs(reference - exported).max():.2g}"),
        "min_cosine": round(float(cosine.min()), 5),
        "mean_cosine": round(float(cosine.mean()), 5),
    }


def top1(bank: LabelBank, values: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Return the top-1 accuracy of embeddings [N, D] against classes [N], percent."""
    best = [int(np.argmax(bank.similarities(each))) for each in values]
    return round(100 * float(np.mean(best == labels)), 2)


def check_parity(name: str, trained: Floats, exported: Floats) -> None:
    """Check that an fp32 export gives the embeddings [N, D] of the trained network.

    Raises:
        BundleError: It does not.
    """
    difference = float(np.abs(trained - exported).max())
    if not difference < TOLERANCE:  # also where it is NaN
        raise BundleError(
            f"{name} differs by {difference:.2g} from the network it was exported from, more than "
            f"{TOLERANCE}; use the versions of torch and onnxruntime that requirements name"
        )
