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

from .onnx_file import save_model

OPSET = 18
"""The lowest that torch's exporter writes without converting."""


def write_network(
    network: nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    path: Path,
    dynamic_shapes: Any = None,
) -> None:
    """Write a torch network as an ONNX file.

    Args:
        network: On the CPU, in evaluation mode.
        example: Its inputs, of any values.
        inputs: The manifest's description of the inputs, in order.
        outputs: The manifest's description of the outputs, in order.
        path: The file.
        dynamic_shapes: Dimensions of inputs that are free, as torch.export takes them.

    Raises:
        OSError: The file cannot be written.
        RuntimeError: torch cannot export the network.
    """
    with _errors_only():
        program = torch.onnx.export(
            network,
            example,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=[spec.name for spec in inputs],
            output_names=[spec.name for spec in outputs],
            dynamic_shapes=dynamic_shapes,
        )
    if program is None:
        raise RuntimeError(f"torch exported no {path.stem}; use the torch that requirements name")
    save_model(program.model_proto, path)


@contextmanager
def _errors_only() -> Iterator[None]:
    """Hide the exporter's warnings about its own code, and about axes of one name (N)."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
