"""Whether TensorRT can read a network: its operators, their types and shapes, against a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from omnibind_ros.safe_yaml import load_yaml

TABLE = "tensorrt_operators.yaml"


@dataclass(frozen=True)
class Table:
    """What TensorRT's ONNX parser reads.

    Attributes:
        source: The document that states it.
        version: Of TensorRT.
        opsets: The oldest and the newest.
        types: By operator, types of its first input.
        constant_axes: Operators whose axes must be constants.
        max_top_k: The largest K of TopK.
    """

    source: str
    version: str
    opsets: tuple[int, int]
    types: Mapping[str, frozenset[str]]
    constant_axes: frozenset[str]
    max_top_k: int


@cache
def read_table() -> Table:
    """Read the table in the file beside this module."""
    text = resources.files(__package__).joinpath(TABLE).read_text(encoding="utf-8")
    data = load_yaml(text)
    oldest, newest = data["opsets"]
    return Table(
        source=data["source"],
        version=data["version"],
        opsets=(oldest, newest),
        types={name: frozenset(e["types"]) for e in data["operators"] for name in e["names"]},
        constant_axes=frozenset(data["constant_axes"]),
        max_top_k=int(data["max_top_k"]),
    )


class _Network:
    """A network's nodes, and types and constant values of their tensors."""

    def __init__(self, model: Any) -> None:
        self.graph = onnx.shape_inference.infer_shapes(model).graph
        self.constants = {t.name: t for t in self.graph.initializer}
        self.types = {t.name: t.data_type for t in self.graph.initializer}
        for info in (*self.graph.input, *self.graph.value_info, *self.graph.output):
            self.types[info.name] = info.type.tensor_type.elem_type
        for node in self.graph.node:
            if node.op_type == "Constant":
                value = next((a.t for a in node.attribute if a.name == "value"), None)
                if value is not None:
                    self.constants[node.output[0]] = value

    def type_of(self, name: str) -> str:
        """Return a tensor's type as numpy calls it; empty where it is unknown."""
        kind = self.types.get(name, TensorProto.UNDEFINED)
        if kind in (TensorProto.UNDEFINED, TensorProto.STRING):
            return ""
        return str(helper.tensor_dtype_to_np_dtype(kind).name)

    def constant(self, node: Any, place: int) -> npt.NDArray[Any] | None:
        """Return the value of a node's input at a place, or None if it is no constant."""
        name = node.input[place] if len(node.input) > place else ""
        return numpy_helper.to_array(self.constants[name]) if name in self.constants else None


def violations(model: Any, free: bool = False) -> list[str]:
    """List what keeps TensorRT from reading a network.

    Args:
        model: An ONNX model.
        free: Whether its inputs may have free dimensions.

    Returns:
        A sentence for each kind of violation; none where there is none.
    """
    table, network = read_table(), _Network(model)
    counts: Counter[str] = Counter()
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    oldest, newest = table.opsets
    if not oldest <= opset <= newest:
        counts[f"opset {opset} is none of {oldest} to {newest}; export it anew"] += 1
    if not free:
        counts.update(_free_dimensions(network))
    for node in network.graph.node:
        counts.update(_node_violations(table, network, node))
    return [
        f"{table.version}: {sentence}" + (f" ({count} times)" if count > 1 else "")
        for sentence, count in counts.items()
    ]


def _free_dimensions(network: _Network) -> list[str]:
    return [
        f"{info.name} has free dimensions, for which engines would be built while the robot runs"
        for info in (*network.graph.input, *network.graph.output)
        if any(not dim.HasField("dim_value") for dim in info.type.tensor_type.shape.dim)
    ]


def _node_violations(table: Table, network: _Network, node: Any) -> list[str]:
    if node.domain not in ("", "ai.onnx"):
        return [f"{node.domain}.{node.op_type} is no ONNX operator"]
    allowed = table.types.get(node.op_type)
    if allowed is None:
        return [f"{node.op_type} is no operator of its ONNX parser"]
    sentences = []
    kind = network.type_of(node.input[0]) if node.input else ""
    if kind and kind not in allowed:
        sentences.append(f"{node.op_type} takes no {kind}, only {', '.join(sorted(allowed))}")
    rule = _RULES.get(node.op_type)
    if rule is not None:
        sentences.extend(rule(table, network, node))
    axes = _AXES_INPUT.get(node.op_type, 1)
    if (
        node.op_type in table.constant_axes
        and len(node.input) > axes
        and node.input[axes]
        and network.constant(node, axes) is None
    ):
        sentences.append(f"the axes of {node.op_type} are computed but must be constants")
    return sentences


_AXES_INPUT = {"Slice": 3, "Pad": 3}
"""Which input is the axes, counted from 0; of all other operators it is 1."""


def _zero_point(_table: Table, network: _Network, node: Any) -> list[str]:
    sentences = []
    kind = network.type_of(node.input[2]) if len(node.input) > 2 else "uint8"
    if node.op_type == "QuantizeLinear" and kind != "int8":
        sentences.append(f"QuantizeLinear makes {kind}, only int8 is supported")
    point = network.constant(node, 2)
    if len(node.input) > 2 and (point is None or np.any(point != 0)):
        sentences.append(f"the zero point of {node.op_type} must be 0")
    return sentences


def _top_k(table: Table, network: _Network, node: Any) -> list[str]:
    k = network.constant(node, 1)
    sentences = []
    if k is None or int(k.reshape(-1)[0]) > table.max_top_k:
        sentences.append(f"K of TopK must be a constant of at most {table.max_top_k}")
    if any(a.name == "sorted" and a.i != 1 for a in node.attribute):
        sentences.append("TopK must sort")
    return sentences


def _pooling(_table: Table, _network: _Network, node: Any) -> list[str]:
    sentences = []
    for attribute in node.attribute:
        if attribute.name == "kernel_shape" and len(attribute.ints) not in (2, 3):
            sentences.append(f"{node.op_type} must be of 2 or 3 dimensions")
        if attribute.name == "dilations" and any(step != 1 for step in attribute.ints):
            sentences.append(f"{node.op_type} must not be dilated")
    return sentences + _one_output(_table, _network, node)


def _one_output(_table: Table, _network: _Network, node: Any) -> list[str]:
    if any(node.output[1:]):
        return [f"only the first output of {node.op_type} is supported"]
    return []


_RULES: Mapping[str, Callable[[Table, _Network, Any], list[str]]] = {
    "AveragePool": _pooling,
    "DequantizeLinear": _zero_point,
    "LayerNormalization": _one_output,
    "MaxPool": _pooling,
    "QuantizeLinear": _zero_point,
    "TopK": _top_k,
}
"""Further rules of an operator."""
