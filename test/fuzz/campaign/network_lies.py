"""Lies about an ONNX network: shapes, types, names, weights, and what it does."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .feed import Feed

NUMBERS = (0, 1, -1, 2, 3, 7, 49, 2**15, 2**20, 2**31 - 1, 2**31, 2**40, 2**62, -(2**63))
TYPES = (1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 16, 0, 99)
OPERATORS = (
    *("MatMul", "Reshape", "Div", "ReduceL2", "Transpose", "Concat", "Gather", "Identity", "Loop"),
    *("Conv", "Softmax", "Resize", "Pad", "Tile", "Expand", "ConstantOfShape", "NoSuchOperator"),
)
PLACES = ("../../../../etc/passwd", "/dev/zero", "/dev/stdin", "weights.bin", "", "student.onnx")


def changed(model: onnx.ModelProto, feed: Feed) -> onnx.ModelProto:
    """Return a model with up to four lies in it, which the bytes choose."""
    graph = model.graph
    for _ in range(1 + feed.byte() % 4):
        lie = LIES[feed.byte() % len(LIES)]
        with contextlib.suppress(*NOT_THERE):
            lie(model, graph, feed)  # of a model that lacks what the lie is about
    return model


def _one(among: Any, feed: Feed) -> Any:
    return among[feed.byte() % max(len(among), 1)]


def _dimension(model: Any, graph: Any, feed: Feed) -> None:
    tensor = _one(graph.initializer, feed)
    tensor.dims[feed.byte() % len(tensor.dims)] = _one(NUMBERS, feed)


def _more_dimensions(model: Any, graph: Any, feed: Feed) -> None:
    _one(graph.initializer, feed).dims.extend([_one(NUMBERS, feed)] * (1 + feed.byte() % 9))


def _shape_of_side(model: Any, graph: Any, feed: Feed) -> None:
    side = _one((graph.input, graph.output), feed)
    shape = _one(side, feed).type.tensor_type.shape
    _one(shape.dim, feed).dim_value = _one(NUMBERS, feed)


def _free_dimension(model: Any, graph: Any, feed: Feed) -> None:
    side = _one((graph.input, graph.output), feed)
    _one(_one(side, feed).type.tensor_type.shape.dim, feed).dim_param = "\x1b[31mN\n"


def _type(model: Any, graph: Any, feed: Feed) -> None:
    if feed.byte() % 2:
        _one(graph.initializer, feed).data_type = _one(TYPES, feed)
    else:
        side = _one((graph.input, graph.output), feed)
        _one(side, feed).type.tensor_type.elem_type = _one(TYPES, feed)


def _truncated(model: Any, graph: Any, feed: Feed) -> None:
    tensor = _one(graph.initializer, feed)
    tensor.raw_data = tensor.raw_data[: feed.byte()]


def _numbers(model: Any, graph: Any, feed: Feed) -> None:
    shape = next(one for one in graph.initializer if one.data_type == TensorProto.INT64)
    values = np.array([_one(NUMBERS, feed) for _ in range(1 + feed.byte() % 4)], np.int64)
    shape.CopyFrom(numpy_helper.from_array(values, shape.name))


def _missing(model: Any, graph: Any, feed: Feed) -> None:
    side = _one((graph.node, graph.output, graph.initializer, graph.input), feed)
    del side[feed.byte() % len(side)]


def _operator(model: Any, graph: Any, feed: Feed) -> None:
    _one(graph.node, feed).op_type = _one(OPERATORS, feed)


def _attribute(model: Any, graph: Any, feed: Feed) -> None:
    node = _one(graph.node, feed)
    name = _one(("axis", "axes", "keepdims", "perm", "to", "group", "value"), feed)
    value: Any = _one(NUMBERS, feed)
    del node.attribute[:]
    node.attribute.append(helper.make_attribute(name, value if feed.byte() % 2 else [value]))


def _name(model: Any, graph: Any, feed: Feed) -> None:
    side = _one((graph.input, graph.output), feed)
    _one(side, feed).name = _one(("embedding", "touch", "", "a\nb\x1b[2J", "n" * 200), feed)


def _external(model: Any, graph: Any, feed: Feed) -> None:
    tensor = _one(graph.initializer, feed)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (
        ("location", _one(PLACES, feed)),
        ("offset", str(_one(NUMBERS, feed))),
        ("length", str(_one(NUMBERS, feed))),
    ):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def _version(model: Any, graph: Any, feed: Feed) -> None:
    model.opset_import[0].version = _one((0, 1, 7, 11, 17, 18, 25, 999, -1), feed)
    model.ir_version = _one((0, 1, 3, 8, 10, 99), feed)


def _growth(model: Any, graph: Any, feed: Feed) -> None:
    """Let the output be added to a sum over something large that the network makes itself."""
    sizes = [max(_one(NUMBERS, feed), 1) for _ in range(1 + feed.byte() % 3)]
    graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), "sizes"))
    first = graph.node[0]
    if feed.byte() % 2:
        large = helper.make_node("ConstantOfShape", ["sizes"], ["large"])
    else:  # not known before the network runs
        graph.node.append(helper.make_node("ReduceMax", [first.input[0]], ["most"], keepdims=0))
        large = helper.make_node("Expand", ["most", "sizes"], ["large"])
    last = graph.node[-1] if feed.byte() % 2 else graph.node[len(graph.node) // 2]
    graph.node.append(large)
    graph.node.append(helper.make_node("ReduceSum", ["large"], ["sum"], keepdims=0))
    graph.node.append(helper.make_node("Add", [last.output[0], "sum"], ["grown"]))
    graph.node.append(helper.make_node("Identity", ["grown"], ["other"]))


def _endless(model: Any, graph: Any, feed: Feed) -> None:
    """Let the network count to a very large number."""
    graph.initializer.append(numpy_helper.from_array(np.array(2**62, np.int64), "rounds"))
    graph.initializer.append(numpy_helper.from_array(np.array(True), "go"))
    graph.initializer.append(numpy_helper.from_array(np.array([0.0], np.float32), "begin"))
    kinds = (("i", TensorProto.INT64), ("c", TensorProto.BOOL), ("v", TensorProto.FLOAT))
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["c"], ["c_out"]),
            helper.make_node("Add", ["v", "v"], ["v_out"]),
        ],
        "body",
        [
            helper.make_tensor_value_info(name, kind, [] if name in "ic" else None)
            for name, kind in kinds
        ],
        [helper.make_tensor_value_info(f"{name}_out", kind, None) for name, kind in kinds[1:]],
    )
    last = graph.node[-1]
    given = last.output[0]
    last.output[0] = "before"
    graph.node.append(helper.make_node("Loop", ["rounds", "go", "begin"], ["counted"], body=body))
    graph.node.append(helper.make_node("Add", ["before", "counted"], [given]))


NOT_THERE = (StopIteration, LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What a lie raises about something that the network has no more."""

LIES = (
    *(_dimension, _more_dimensions, _shape_of_side, _free_dimension, _type, _truncated, _numbers),
    *(_missing, _operator, _attribute, _name, _external, _version, _growth, _endless),
)
