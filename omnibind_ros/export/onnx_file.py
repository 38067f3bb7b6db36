"""Writes ONNX models so that one model always makes the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx

from omnibind_ros.encoders.manifest import BundleError

IR_VERSION = 8
"""Version of the file format: the one that came with opset 17, so that a runtime which knows the
opset of our networks knows the format too."""

MAX_BYTES = 2**31 - 2**20
"""Of all weights together: a file of protobuf holds 2 GiB."""


def save_model(model: Any, path: Path) -> None:
    """Check a model and write it: the same model gives the same bytes on every machine.

    Args:
        model: An ONNX model; its comments, which name source files, are removed from it.
        path: The file.

    Raises:
        BundleError: Its weights have more than `MAX_BYTES`.
        onnx.checker.ValidationError: It is no valid model.
        OSError: The file cannot be written.
    """
    graph = model.graph
    size = sum(len(tensor.raw_data) for tensor in graph.initializer)
    if size > MAX_BYTES:
        raise BundleError(
            f"{path.name} would have {size / 1e9:.1f} GB, more than the {MAX_BYTES / 1e9:.1f} GB "
            "of one ONNX file; give a smaller model"
        )
    tensors = (*graph.value_info, *graph.initializer, *graph.input, *graph.output)
    for message in (model, graph, *graph.node, *tensors):
        message.ClearField("doc_string")
        message.ClearField("metadata_props")
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "omnibind_ros", ""
    graph.name = path.stem
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
