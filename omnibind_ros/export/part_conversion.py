"""Converts one encoder of a bundle to another precision, without samples of a dataset."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.bundle import file_sha256
from omnibind_ros.encoders.manifest import FileSpec, TensorSpec

from .conversion import write_precision
from .dequantisation import is_quantised, write_dequantised
from .parity import compare, embed, median_ms
from .precisions import PRECISIONS

NUMBER = 16
"""Inputs on which a converted network is compared with its source."""


def convert(
    source: Path, spec: FileSpec, stage: Path, precision: str
) -> tuple[FileSpec, dict[str, Any]]:
    """Write one network in another precision.

    Args:
        source: The folder of the bundle that has the network.
        spec: Its entry there.
        stage: The folder that gets the new file, under the same name.
        precision: fp16 or fp32; a network in int8 is computed with its rounded weights.

    Returns:
        The entry of the new network, and how it compares with the old one.

    Raises:
        BundleError: The network cannot be loaded, or its outputs are no unit vectors.
        OSError: A file cannot be read or written.
    """
    before, after = source / spec.path, stage / spec.path
    with tempfile.TemporaryDirectory() as scratch:
        base = before
        if is_quantised(before):
            base = Path(scratch) / spec.path
            write_dequantised(before, base)
        write_precision(precision, base, after, ())
    inputs = _smooth_inputs(spec.inputs[0])
    figures = compare(embed(before, spec, inputs), embed(after, spec, inputs))
    entry = replace(spec, sha256=file_sha256(after), precision=PRECISIONS[precision].kind)
    return entry, {
        "precision": precision,
        "made_of": spec.precision or "fp32",
        **figures,
        "ms": round(median_ms(after, spec, inputs[0]), 3),
    }


def _smooth_inputs(tensor: TensorSpec) -> list[npt.NDArray[Any]]:
    """Return random inputs of a network that are smooth in space, as what sensors show is."""
    rng = np.random.default_rng(0)
    scale = 255.0 if tensor.dtype == "uint8" else 1.0
    made = []
    for _ in range(NUMBER):
        values = rng.random(tensor.shape).astype(np.float32)
        planes = values.reshape(-1, *tensor.shape[-2:]) if values.ndim > 2 else values[None]
        smooth = np.stack([cv2.GaussianBlur(plane, (0, 0), 2.0) for plane in planes])
        spread = (smooth - smooth.min()) / max(float(np.ptp(smooth)), 1e-6)
        made.append((spread.reshape(tensor.shape) * scale).astype(tensor.dtype))
    return made
