"""Converts an fp32 network to another precision: int8 for processors or TensorRT, fp16 for GPUs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from omnibind_ros.encoders.manifest import BundleError

from .half_precision import write_half_precision
from .heavy_nodes import Arrays
from .quantisation import write_int8


def write_precision(
    name: str, source: Path, target: Path, samples: Arrays, kept: Collection[str] = ()
) -> None:
    """Write a network in another precision.

    Only its heavy nodes change (`heavy_nodes`). The rest, such as distances between points or the
    length of an embedding, costs little and needs the range and the resolution of fp32.

    Args:
        name: One of `PRECISIONS`.
        source: An .onnx file with one input, in fp32.
        target: The file to write; its inputs and outputs are the source's.
        samples: Inputs on which the ranges of an int8 network are measured.
        kept: Operators that stay in fp32.

    Raises:
        BundleError: int8 without samples.
        OSError: The file cannot be written.
    """
    if name == "fp32":
        target.write_bytes(source.read_bytes())
        return
    if name == "fp16":
        write_half_precision(source, target, kept)
        return
    if len(samples) == 0:
        raise BundleError(
            f"{target.stem} has no samples to measure int8 ranges on; give --data, or another "
            "--precision"
        )
    write_int8(source, target, samples, kept, symmetric=name == "int8-tensorrt")
