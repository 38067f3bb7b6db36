"""The image encoder of a bundle with the projection that stage zero has learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.teachers.adaptation import Projection


def load_projection(path: Path) -> Projection:
    """Read the projection of a training run.

    Args:
        path: OUT/teacher.pt.

    Raises:
        TrainingError: It cannot be read.
    """
    state = checkpoints.load(path)["state"]
    projection = Projection(*state["weight"].shape)
    projection.load_state_dict(state)
    return projection.eval()


def write_adapted_image(bundle: Bundle, projection: Projection, path: Path) -> None:
    """Write a bundle's image network with a projection added to its embedding.

    Args:
        bundle: Whose image encoder is a network with a fully connected layer at its end.
        projection: What is added.
        path: The .onnx file to write; its inputs and outputs are those of the bundle's.

    Raises:
        BundleError: The image network is of another kind.
        OSError: The file cannot be written.
    """
    spec = bundle.manifest.encoders["image"]
    model = onnx.load(str(bundle.root / spec.path))
    graph, said = model.graph, spec.outputs[0].name
    first = next((node for node in graph.node if node.op_type == "Gemm"), None)
    if first is None:
        raise BundleError(
            f"{spec.path} of {bundle.manifest.model} has no fully connected layer whose input "
            "could be projected; use the bundle that the run was trained with"
        )
    for node in graph.node:
        node.output[:] = ["taught" if name == said else name for name in node.output]
    weight = (projection.weight / projection.scale).detach()
    bias = (projection.bias - projection.mean @ weight).detach()
    arrays = {
        "adapted_weight": weight.numpy().astype(np.float32),
        "adapted_bias": bias.numpy().astype(np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in arrays.items())
    graph.node.extend(
        [
            helper.make_node("Gemm", [first.input[0], *arrays], ["adapted_step"]),
            helper.make_node("Add", ["taught", "adapted_step"], ["adapted"]),
            helper.make_node("ReduceL2", ["adapted"], ["adapted_norm"], axes=[-1], keepdims=1),
            helper.make_node("Div", ["adapted", "adapted_norm"], [said]),
        ]
    )
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
