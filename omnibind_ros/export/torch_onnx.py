"""Writes torch networks as ONNX files that ONNX Runtime and TensorRT read."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .graph import save_model

OPSET = 18
"""The lowest that torch's exporter writes without converting; its file format is graph.py's."""


def write_network(
    network: nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    path: Path,
    free: Any = None,
) -> None:
    """Write a torch network as an ONNX file.

    Args:
        network: On the CPU, in evaluation mode.
        example: What it takes.
        inputs: The manifest's description of the inputs, in order.
        outputs: That of the outputs.
        path: The file.
        free: Dimensions that are not fixed, as torch.export takes `dynamic_shapes`.

    Raises:
        OSError: The file cannot be written.
        RuntimeError: torch cannot export the network.
    """
    with _quiet():
        program = torch.onnx.export(
            network, example, dynamo=True, verbose=False, opset_version=OPSET,
            input_names=[spec.name for spec in inputs],
            output_names=[spec.name for spec in outputs], dynamic_shapes=free,
        )  # fmt: skip
    if program is None:
        raise RuntimeError(f"torch exported no {path.stem}; use the torch that requirements name")
    save_model(program.model_proto, path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the exporter says of its own code, and of axis names that are alike on purpose."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
