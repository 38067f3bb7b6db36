"""Converts the heavy nodes of a network to 16-bit floats."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .heavy_nodes import heavy_nodes, name_nodes
from .onnx_file import save_model


def write_half_precision(source: Path, target: Path, kept: Collection[str]) -> None:
    """Write a network whose heavy nodes compute in 16 bits, with casts around them.

    ONNX Runtime's converter casts the network's inputs to 16 bits even where the first nodes are
    to stay in 32: temperatures and coordinates would be rounded.

    Args:
        source: An .onnx file in fp32.
        target: The file to write.
        kept: Operators that stay in fp32.

    Raises:
        OSError: The file cannot be written.
    """
    model = onnx.load(str(source))
    name_nodes(model)
    heavy = heavy_nodes(model, kept)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {out for node in model.graph.node if node.name in heavy for out in node.output}
    needed = {name for node in model.graph.node if node.name not in heavy for name in node.input}
    needed |= {output.name for output in model.graph.output}
    nodes: list[Any] = []
    halves: dict[str, str] = {}

    def half(name: str) -> str:
        """Return the name of a tensor in 16 bits."""
        if name and name not in halves:
            halves[name] = f"{name}_half"
            if name in weights:
                values = numpy_helper.to_array(weights[name]).astype(np.float16)
                model.graph.initializer.append(numpy_helper.from_array(values, halves[name]))
            elif name not in made:
                nodes.append(_cast(name, halves[name], TensorProto.FLOAT16))
        return halves.get(name, name)

    for node in model.graph.node:
        if node.name not in heavy:
            nodes.append(node)
            continue
        node.input[:] = [half(name) for name in node.input]
        outputs = list(node.output)
        node.output[:] = [half(name) for name in outputs]
        nodes.append(node)
        nodes += [_cast(half(o), o, TensorProto.FLOAT) for o in outputs if o in needed]
    _replace(model.graph.node, nodes)
    used = {name for node in nodes for name in node.input}
    _replace(model.graph.initializer, [t for t in model.graph.initializer if t.name in used])
    del model.graph.value_info[:]
    save_model(onnx.shape_inference.infer_shapes(model), target)


def _cast(source: str, target: str, kind: int) -> Any:
    return helper.make_node("Cast", [source], [target], name=f"Cast_{target}", to=kind)


def _replace(field: Any, values: Sequence[Any]) -> None:
    """Set a repeated field of a model to values, some of which may be in it now."""
    copied = list(values)
    del field[:]
    field.extend(copied)
