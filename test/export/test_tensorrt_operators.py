"""Each thing that TensorRT's parser cannot read is reported in a sentence."""

import numpy as np
import onnx
import pytest
from fixture_bundle import FIXTURE
from onnx import TensorProto, helper, numpy_helper

from omnibind_ros.export.tensorrt_operators import read_table, violations


def model(nodes, constants=(), kind=TensorProto.FLOAT, shape=(2, 3), opset=17, domains=()):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", TensorProto.UNDEFINED, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants],
    )
    imports = [helper.make_opsetid(name, 1) for name in domains]
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), *imports])


def node(operator, *inputs, **attributes):
    more = {"TopK": ["places"], "DynamicQuantizeLinear": ["scale", "zero_point"]}
    outputs = ["y", *more.get(operator, [])]
    return helper.make_node(operator, list(inputs), outputs, **attributes)


AXIS = numpy_helper.from_array(np.int64([0]))
SCALE = ("s", np.float32(1))
QUANTIZE = node("QuantizeLinear", "x", "s", "z")
DILATED = node("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 2])


@pytest.mark.parametrize(
    "network",
    [
        model([node("Relu", "x")]),
        model([node("ReduceMax", "x", axes=[1])]),
        model([node("ReduceSum", "x", "a")], [("a", np.int64([1]))]),
        model([node("TopK", "x", "k")], [("k", np.int64([2]))]),
        model([node("Cast", "x", to=TensorProto.FLOAT)], kind=TensorProto.UINT8),
        model([QUANTIZE], [SCALE, ("z", np.int8(0))]),
        model([node("DequantizeLinear", "x", "s")], [SCALE], kind=TensorProto.INT8),
        model([helper.make_node("Constant", [], ["a"], value=AXIS), node("Unsqueeze", "x", "a")]),
    ],
)
def test_what_it_reads(network):
    assert violations(network) == []


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (model([node("DynamicQuantizeLinear", "x")]), "DynamicQuantizeLinear is no operator"),
        (model([node("Sin", "x")], kind=TensorProto.DOUBLE), "Sin takes no float64"),
        (model([node("Conv", "x", "x")], kind=TensorProto.INT32), "Conv takes no int32"),
        (model([node("Relu", "x")], shape=("N", 3)), "x has free dimensions"),
        (model([node("Relu", "x")], opset=7), "opset 7 is none of"),
        (
            model([node("Gelu", "x", domain="com.microsoft")], domains=["com.microsoft"]),
            "com.microsoft.Gelu is no ONNX operator",
        ),
        (
            model([node("ReduceSum", "x", "a"), helper.make_node("Shape", ["x"], ["a"])]),
            "axes of ReduceSum are computed",
        ),
        (model([node("TopK", "x", "k", sorted=0)], [("k", np.int64([2]))]), "TopK must sort"),
        (model([node("TopK", "x", "k")], [("k", np.int64([4000]))]), "at most 3839"),
        (model([QUANTIZE], [SCALE, ("z", np.uint8(3))]), "QuantizeLinear makes uint8"),
        (model([node("QuantizeLinear", "x", "s")], [SCALE]), "QuantizeLinear makes uint8"),
        (model([QUANTIZE], [SCALE, ("z", np.int8(3))]), "zero point of QuantizeLinear must be 0"),
        (model([node("MaxPool", "x", kernel_shape=[2])], shape=(1, 2, 8)), "of 2 or 3 dimensions"),
        (model([DILATED], shape=(1, 2, 8, 8)), "must not be dilated"),
    ],
)
def test_what_it_cannot_read_is_reported(network, reason):
    sentences = violations(network)
    assert any(reason in sentence for sentence in sentences), sentences
    for sentence in sentences:
        assert sentence.startswith(read_table().version)
        assert "\n" not in sentence


def test_what_occurs_several_times_is_reported_once():
    nodes = [helper.make_node("NonZero", ["x"], [f"y{n}"]) for n in range(3)]
    assert [s.endswith("(3 times)") for s in violations(model(nodes))] == [True]


def test_the_networks_of_bundles(bundle_dir):
    assert violations(onnx.load(bundle_dir / "image.onnx")) == []
    # Text and fusion have free sizes, and run on the processor.
    assert any("free dimensions" in s for s in violations(onnx.load(bundle_dir / "text.onnx")))
    fusion = onnx.load(FIXTURE / "fusion.onnx")
    assert violations(fusion, free=True) == []
    assert violations(fusion) != []


def test_the_table_names_its_source():
    table = read_table()
    assert "onnx-tensorrt" in table.source
    assert table.constant_axes <= set(table.types)
    assert len(table.types) > 100
