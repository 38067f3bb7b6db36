"""Makes a network in fp32 of an int8 one, so that it can be converted to another precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from omnibind_ros.encoders.manifest import BundleError

from .heavy_nodes import name_nodes
from .onnx_file import save_model

QUANTISE, DEQUANTISE = "QuantizeLinear", "DequantizeLinear"


def write_dequantised(source: Path, target: Path) -> None:
    """Write an int8 network (QuantizeLinear and DequantizeLinear nodes) in fp32.

    Weights keep the values that they were rounded to. A pair of nodes around an activation becomes
    a Clip to the range that its 8 bits hold: the quantiser drops a ReLU6 whose range that is.

    Args:
        source: An .onnx file.
        target: The file to write.

    Raises:
        BundleError: The network has quantisation nodes of another form.
        OSError: The file cannot be written.
    """
    model = onnx.load(str(source))
    name_nodes(model)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    quantised = {n.output[0]: n for n in model.graph.node if n.op_type == QUANTISE}
    nodes: list[Any] = []
    for node in model.graph.node:
        if node.op_type == QUANTISE:
            continue
        if node.op_type != DEQUANTISE:
            nodes.append(node)
        elif node.input[0] in constants:
            values = _dequantise(node, constants)
            model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        elif node.input[0] in quantised:
            low, high = _range(node, constants)
            limits = [f"{node.output[0]}_{end}" for end in ("low", "high")]
            for name, limit in zip(limits, (low, high), strict=True):
                model.graph.initializer.append(numpy_helper.from_array(limit, name))
            original = quantised[node.input[0]].input[0]
            nodes.append(helper.make_node("Clip", [original, *limits], list(node.output)))
        else:
            raise BundleError(
                f"{source.name} has a quantised input, so that it cannot be made fp32; export it "
                "from its training run with --run"
            )
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    name_nodes(model)
    used = {name for node in nodes for name in node.input}
    left = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(left)
    del model.graph.value_info[:]
    save_model(onnx.shape_inference.infer_shapes(model), target)


def is_quantised(path: Path) -> bool:
    """Return whether a network has quantisation nodes."""
    return any(node.op_type == DEQUANTISE for node in onnx.load(str(path)).graph.node)


def _parameters(node: Any, constants: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return scale and zero point of a node; the latter has the type of the quantised values."""
    scale = numpy_helper.to_array(constants[node.input[1]]).astype(np.float32)
    zero: npt.NDArray[Any] = np.zeros_like(scale, np.uint8)
    if len(node.input) > 2 and node.input[2]:
        zero = numpy_helper.to_array(constants[node.input[2]])
    return scale, zero


def _dequantise(node: Any, constants: Any) -> npt.NDArray[np.float32]:
    values = numpy_helper.to_array(constants[node.input[0]])
    scale, zero = _parameters(node, constants)
    if scale.size > 1:  # one for each channel
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [1] * values.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    real = (values.astype(np.int64) - zero.astype(np.int64)).astype(np.float32) * scale
    return np.asarray(real, np.float32).reshape(values.shape)


def _range(node: Any, constants: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    scale, zero = _parameters(node, constants)
    limits = np.iinfo(zero.dtype)
    low, high = (
        np.float32(scale.reshape(-1)[0]) * np.float32(limit - int(zero.reshape(-1)[0]))
        for limit in (limits.min, limits.max)
    )
    return np.asarray(low, np.float32), np.asarray(high, np.float32)
