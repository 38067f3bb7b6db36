"""ONNX Runtime models: int8 on every processor, and runs that are asked to end early."""

import threading
import time

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from paths import ROOT

from omnibind_ros.encoders.backend import load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import FileSpec, TensorSpec


@pytest.fixture
def slow_model(tmp_path):
    """A model of two thousand products of matrices, which takes many seconds."""
    side, count = 512, 2000
    matrix = np.eye(side, dtype=np.float32)
    # Weights in a graph that may not be folded into one: the input stands between them.
    nodes = [
        helper.make_node("MatMul", [f"v{i}", "w"], [f"v{i + 1}" if i < count - 1 else "out"])
        for i in range(count)
    ]
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info("v0", TensorProto.FLOAT, [side, side])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [side, side])],
        [numpy_helper.from_array(matrix, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path / "slow.onnx"
    onnx.save(model, path)
    tensor = {"shape": (side, side), "dtype": "float32"}
    spec = FileSpec(
        path.name, "", inputs=(TensorSpec("v0", **tensor),), outputs=(TensorSpec("out", **tensor),)
    )
    return load_model(path, spec), matrix


def test_a_run_that_is_cancelled_ends_with_an_error_and_the_next_one_is_as_usual(slow_model):
    model, matrix = slow_model
    errors, entered = [], threading.Event()

    def run():
        entered.set()
        try:
            model.run({"v0": matrix})
        except Exception as error:  # noqa: BLE001 - the library's own
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert entered.wait(10)
    while thread.is_alive() and not errors:
        model.cancel(thread.ident)
        time.sleep(0.01)
    thread.join(60)
    assert len(errors) == 1
    assert "terminate" in str(errors[0]).lower()
    assert not model._runs
    model.cancel(thread.ident)  # nothing runs: nothing happens


@pytest.mark.parametrize("modality", ["image", "touch", "event", "points", "audio"])
def test_int8_is_computed_as_the_file_says_on_every_processor(modality):
    """Processors without VNNI saturate int8 unless ONNX Runtime is told not to."""
    bundle = Bundle.load(ROOT / "models" / "household")
    spec = bundle.manifest.encoders[modality]
    path = bundle.root / spec.path
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    literal = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    model = load_model(path, spec)
    rng = np.random.default_rng(0)
    tensor = spec.inputs[0]
    for _ in range(4):
        plane = cv2.GaussianBlur(rng.random((64, 64)).astype(np.float32), (0, 0), 2.0)
        values = np.resize(plane, tensor.shape) * (255 if tensor.dtype == "uint8" else 1)
        inputs = {tensor.name: values.astype(tensor.dtype)}
        assert float(model.run(inputs)[0].ravel() @ literal.run(None, inputs)[0].ravel()) > 0.98
