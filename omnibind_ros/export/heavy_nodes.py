"""Which nodes of a network cost most: layers with weights, and what lies between them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy.typing as npt

Arrays = Sequence[npt.NDArray[Any]]

WEIGHTED = ("Conv", "Gemm", "MatMul")
"""Operators that are a layer where one of their inputs is a constant."""

BETWEEN = ("Add", "Clip", "Relu")
"""Operators that belong to the layers whose outputs they take."""


def heavy_nodes(model: Any, kept: Collection[str] = ()) -> set[str]:
    """Return the names of the nodes that a conversion to another precision changes.

    Args:
        model: An ONNX model whose nodes have names.
        kept: Operators that stay as they are.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    heavy: set[str] = set()
    outputs: set[str] = set()
    for node in model.graph.node:
        layer = node.op_type in WEIGHTED and any(name in constants for name in node.input)
        between = node.op_type in BETWEEN and any(name in outputs for name in node.input)
        if (layer or between) and node.op_type not in kept:
            heavy.add(node.name)
            outputs.update(node.output)
    return heavy


def name_nodes(model: Any) -> None:
    """Give every node of an ONNX model a name of its own."""
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"
