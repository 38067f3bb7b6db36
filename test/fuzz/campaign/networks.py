"""ONNX files whose shapes, types, names and weights are not what they say, with the right hash."""

from __future__ import annotations

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

from .checks import attempt
from .feed import Feed
from .files import folder
from .network_lies import LIES, changed
from .targets import Target

SIZE = 8
SIDE = 4
RUN_LIMIT = 0.05
"""Seconds after which a run is ended, as the watchdog of the workers does."""


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
    """Run a network, and end it as the watchdog of the workers does if it takes too long.

    What it raises is a FAULT of its sensor. That may be memory, too: how much a network takes for
    itself is not limited but by the process, see docs/reliability.md.
    """
    thread, ended = threading.get_ident(), threading.Event()

    def watch() -> None:
        while not ended.wait(RUN_LIMIT):
            cancel(thread)

    watchdog = threading.Thread(target=watch, daemon=True)
    watchdog.start()
    try:
        return run()
    except Exception:  # noqa: BLE001 - whatever ONNX Runtime raises
        return None
    finally:
        ended.set()
        watchdog.join()


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
