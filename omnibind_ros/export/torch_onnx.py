"""Writes torch networks as ONNX files that ONNX Runtime and TensorRT read."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .graph import IR_VERSION

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


def save_model(model: Any, path: Path) -> None:
    """Check a model and write it: the same model, the same bytes, whoever wrote it and where.

    Args:
        model: An ONNX model; its comments, which name source files, are taken out.
        path: The file.

    Raises:
        OSError: The file cannot be written.
    """
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input,
                 *graph.output):  # fmt: skip
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "omnibind_ros", ""
    graph.name = path.stem
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


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
