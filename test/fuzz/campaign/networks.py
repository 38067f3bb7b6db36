"""ONNX files whose shapes, types, names and weights are not what they say, with the right hash."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from omnibind_ros.encoders.bundle import Bundle, BundleError
from omnibind_ros.encoders.manifest import BundleManifest, read_manifest
from omnibind_ros.fusion.adaptive import AdaptiveFusion, fusion_inputs, fusion_outputs

from .checks import attempt, check_memory
from .feed import Feed
from .files import folder
from .targets import Target

SIZE = 8
SIDE = 4
RUN_LIMIT = 0.05
"""Seconds after which a run is ended, as the watchdog of the workers does."""

NUMBERS = (0, 1, -1, 2, 3, 7, 49, 2**15, 2**20, 2**31 - 1, 2**31, 2**40, 2**62, -(2**63))
TYPES = (1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 16, 0, 99)
OPERATORS = (
    *("MatMul", "Reshape", "Div", "ReduceL2", "Transpose", "Concat", "Gather", "Identity", "Loop"),
    *("Conv", "Softmax", "Resize", "Pad", "Tile", "Expand", "ConstantOfShape", "NoSuchOperator"),
)
PLACES = ("../../../../etc/passwd", "/dev/zero", "/dev/stdin", "weights.bin", "", "student.onnx")


def student() -> onnx.ModelProto:
    """Return a small student of touch: [1, 3, 4, 4] to a unit vector."""
    weights = np.random.default_rng(0).normal(size=(3 * SIDE * SIDE, SIZE)).astype(np.float32)
    nodes = [
        helper.make_node("Reshape", ["touch", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["raw"]),
        helper.make_node("ReduceL2", ["raw"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Add", ["length", "least"], ["safe"]),
        helper.make_node("Div", ["raw", "safe"], ["embedding"]),
    ]
    constants = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.array([1, -1], np.int64), "shape"),
        numpy_helper.from_array(np.array([1e-6], np.float32), "least"),
    ]
    return _model(nodes, {"touch": (1, 3, SIDE, SIDE)}, {"embedding": (1, SIZE)}, constants)


def fusion() -> onnx.ModelProto:
    """Return a small fusion network: the mean, and the qualities as weights."""
    nodes = [
        helper.make_node("ReduceMean", ["embeddings"], ["fused"], axes=[0], keepdims=0),
        helper.make_node("Softmax", ["quality"], ["weights"], axis=0),
        helper.make_node("Identity", ["age"], ["agreement"]),
    ]
    inputs = {tensor.name: tensor.shape for tensor in fusion_inputs(SIZE)}
    outputs = {tensor.name: tensor.shape for tensor in fusion_outputs(SIZE)}
    return _model(nodes, inputs, outputs, [])


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, tuple[int, ...]],
    outputs: dict[str, tuple[int, ...]],
    constants: Sequence[onnx.TensorProto],
) -> onnx.ModelProto:
    def info(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
        kind = TensorProto.INT64 if name == "modality" else TensorProto.FLOAT
        sizes = ["N" if size < 0 else size for size in shape]
        return helper.make_tensor_value_info(name, kind, sizes)

    graph = helper.make_graph(
        nodes,
        "small",
        [info(*one) for one in inputs.items()],
        [info(*one) for one in outputs.items()],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def manifest() -> dict[str, Any]:
    """Return the manifest of a bundle of both, without hashes."""

    def tensor(name: str, shape: Sequence[int], dtype: str = "float32") -> dict[str, Any]:
        return {"name": name, "shape": list(shape), "dtype": dtype, "layout": "NCHW"}

    return {
        "name": "small",
        "version": "1",
        "embedding_size": SIZE,
        "encoders": {
            "touch": {
                "path": "student.onnx",
                "sha256": "",
                "inputs": [tensor("touch", (1, 3, SIDE, SIDE))],
                "outputs": [tensor("embedding", (1, SIZE))],
            }
        },
        "fusion": {
            "path": "fusion.onnx",
            "sha256": "",
            "inputs": [tensor(t.name, t.shape, t.dtype) for t in fusion_inputs(SIZE)],
            "outputs": [tensor(t.name, t.shape, t.dtype) for t in fusion_outputs(SIZE)],
        },
        "labels": {"path": "labels.yaml", "sha256": ""},
        "calibration": {"temperature": 0.03, "min_quality": 0.4, "min_similarity": {"touch": 0.2}},
    }


def changed(model: onnx.ModelProto, feed: Feed) -> onnx.ModelProto:
    """Return a model with up to four lies in it, which the bytes choose."""
    graph = model.graph
    for _ in range(1 + feed.byte() % 4):
        lie = LIES[feed.byte() % len(LIES)]
        with contextlib.suppress(StopIteration, IndexError, ValueError, TypeError, AttributeError):
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


LIES = (
    *(_dimension, _more_dimensions, _shape_of_side, _free_dimension, _type, _truncated, _numbers),
    *(_missing, _operator, _attribute, _name, _external, _version, _growth, _endless),
)


@cache
def _bundle() -> Path:
    made = folder() / "small"
    made.mkdir()
    (made / "fusion.onnx").write_bytes(fusion().SerializeToString())
    (made / "student.onnx").write_bytes(student().SerializeToString())
    return made


@cache
def _manifest() -> BundleManifest:
    where = _bundle()
    (where / "bundle.yaml").write_text(yaml.safe_dump(manifest()))
    return read_manifest(where)


def written(part: str, content: bytes) -> Bundle:
    """Return the bundle with a network in the place of the good one, as if its hash were right."""
    (_bundle() / f"{part}.onnx").write_bytes(content)
    return Bundle(_bundle(), _manifest(), {})


def _ended_in_time(run: Any, cancel: Any) -> Any:
    """Run a network, and end it as the watchdog of the workers does if it takes too long."""
    timer = threading.Timer(RUN_LIMIT, cancel, (threading.get_ident(),))
    timer.start()
    try:
        return run()
    except Exception as error:  # noqa: BLE001 - a network that fails is a FAULT of its sensor
        check_memory(error)
        return None
    finally:
        timer.cancel()


def load_student(content: bytes) -> None:
    """Load a student and encode a sample."""
    bundle = written("student", content)
    encoder = attempt(lambda: bundle.encoder("touch"), BundleError)
    if encoder is None:
        return
    sample = np.zeros((SIDE, SIDE, 3), np.float32)
    encoding = _ended_in_time(lambda: encoder.encode(sample), encoder.cancel)
    assert encoding is None or np.asarray(encoding.values).shape == (SIZE,)


def load_fusion(content: bytes) -> None:
    """Load a fusion network and fuse two embeddings."""
    bundle = written("fusion", content)
    found = attempt(lambda: AdaptiveFusion.load(bundle), BundleError)
    if found is None:
        return
    unit = np.full((2, SIZE), SIZE**-0.5, np.float32)
    ones = np.ones(2, np.float32)
    fused = _ended_in_time(
        lambda: found.fuse(unit, ("image", "touch"), ones, ones, ones), found._model.cancel
    )
    assert fused is not None
    assert fused.values.shape == (SIZE,)
    assert len(fused.weights) == len(fused.agreement) == 2


def lying_student(data: bytes) -> None:
    load_student(changed(student(), Feed(data)).SerializeToString())


def lying_fusion(data: bytes) -> None:
    load_fusion(changed(fusion(), Feed(data)).SerializeToString())


def lie_seeds() -> list[bytes]:
    return [bytes((0, lie, *range(9))) for lie in range(len(LIES))]


TARGETS = {
    "student": Target(lying_student, lie_seeds, 64),
    "student_bytes": Target(load_student, lambda: [student().SerializeToString()], 4096),
    "fusion": Target(lying_fusion, lie_seeds, 64),
}
