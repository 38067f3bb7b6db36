"""Networks of a bundle that fail at run time, and only for certain inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import onnx
import yaml
from onnx import TensorProto, helper

Graph = onnx.GraphProto


def hotter_than(degrees: float) -> Callable[[Graph], str]:
    """Return what adds a scalar bool to a network: whether any value of its first input is more."""

    def add(graph: Graph) -> str:
        graph.initializer.append(helper.make_tensor("limit", TensorProto.FLOAT, (), [degrees]))
        graph.node.append(
            helper.make_node("ReduceMax", [graph.input[0].name], ["most"], keepdims=0)
        )
        graph.node.append(helper.make_node("Greater", ["most", "limit"], ["failing"]))
        return "failing"

    return add


def more_than_one(graph: Graph) -> str:
    """Add a scalar bool to a network: whether its first input has more than one row."""
    graph.initializer.append(helper.make_tensor("rows_at", TensorProto.INT64, (), [0]))
    graph.initializer.append(helper.make_tensor("one", TensorProto.INT64, (), [1]))
    graph.node.append(helper.make_node("Shape", [graph.input[0].name], ["sizes"]))
    graph.node.append(helper.make_node("Gather", ["sizes", "rows_at"], ["rows"]))
    graph.node.append(helper.make_node("Greater", ["rows", "one"], ["failing"]))
    return "failing"


def give_nan(graph: Graph, failing: str, good: str, output: str) -> None:
    """Let an output be NaN where the bool says so."""
    graph.initializer.append(helper.make_tensor("nan", TensorProto.FLOAT, (), [float("nan")]))
    graph.node.append(helper.make_node("Where", [failing, "nan", good], [output]))


def give_error(graph: Graph, failing: str, good: str, output: str) -> None:
    """Let the run fail where the bool says so: by an index that is out of bounds."""
    shape = next(one for one in graph.output if one.name == output).type.tensor_type.shape
    first = len(shape.dim) - 1  # the last axis has all values, taken in their order
    size = shape.dim[first].dim_value
    places = helper.make_tensor("places", TensorProto.INT64, (size,), list(range(size)))
    graph.initializer.append(places)
    graph.initializer.append(helper.make_tensor("far", TensorProto.INT64, (), [10**6]))
    graph.node.append(helper.make_node("Cast", [failing], ["number"], to=TensorProto.INT64))
    graph.node.append(helper.make_node("Mul", ["number", "far"], ["beyond"]))
    graph.node.append(helper.make_node("Add", ["places", "beyond"], ["taken"]))
    graph.node.append(helper.make_node("Gather", [good, "taken"], [output], axis=first))


def spoil(
    bundle: Path,
    part: str,
    when: Callable[[Graph], str],
    how: Callable[[Graph, str, str, str], None],
) -> None:
    """Change a network of a copied bundle, and its hash in the manifest.

    Args:
        bundle: The bundle's folder.
        part: Name of an encoder, or "fusion".
        when: Adds a scalar bool and returns its name.
        how: Adds the first output anew: graph, the bool, the good values, the output's name.
    """
    manifest = yaml.safe_load((bundle / "bundle.yaml").read_text())
    entry = manifest["fusion"] if part == "fusion" else manifest["encoders"][part]
    file = bundle / entry["path"]
    model = onnx.load(str(file))
    output = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = ["good" if name == output else name for name in node.output]
        node.input[:] = ["good" if name == output else name for name in node.input]
    how(model.graph, when(model.graph), "good", output)
    onnx.checker.check_model(model)
    file.unlink()
    onnx.save(model, str(file))
    entry["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (bundle / "bundle.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
