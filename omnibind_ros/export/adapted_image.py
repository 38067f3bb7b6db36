"""Exports the teacher's image encoder with the projection that its adaptation learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError, TensorSpec
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config_file import read_config
from omnibind_ros.learning.teachers.bundle import FEATURES, features_tensor
from omnibind_ros.learning.teachers.projection import Projection

from .export_encoder import ExportedEncoder, export_encoder
from .export_inputs import ExportInputs
from .samples import Pictures, choose_samples

KEPT = ("Gemm",)
"""Projection and classifier stay in fp32: the teacher of the next training reads them."""


def features_output(projection: Projection) -> TensorSpec:
    """Return the manifest's entry of the output `FEATURES`."""
    count = projection.weight.shape[0]
    return TensorSpec(FEATURES, (1, count), "float32", "NF", "what the embedding is made of")


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


def export_adapted_image(inputs: ExportInputs, folder: Path, scratch: Path) -> ExportedEncoder:
    """Write the image encoder of a training run, and measure it.

    Args:
        inputs: What the bundle is made from.
        folder: The new bundle's folder.
        scratch: A folder for files in between.

    Raises:
        BundleError: The network has no layer to project from, or there is no sample to check.
        TrainingError: The projection cannot be read.
        OSError: A file cannot be written.
    """
    before = inputs.source.manifest.encoders["image"]
    base = scratch / before.path
    share = read_config(inputs.request.run / "config.yaml").adapt.shipped
    projection = load_projection(inputs.request.run / "teacher.pt")
    write_adapted_image(inputs.source, projection, base, share)
    outputs = tuple(each for each in before.outputs if each.name != FEATURES)
    outputs = (*outputs, features_output(projection))
    origin = f"{before.origin}; projection {inputs.origin}"
    spec = replace(before, sha256="", origin=origin, outputs=outputs)
    samples = choose_samples(inputs.cache, "image", Pictures(inputs.dataset, before.inputs[0]))
    precision, bank = inputs.request.precision, inputs.cache.vocabulary.classes
    return export_encoder(base, spec, folder, precision, samples, bank, kept=KEPT)


def write_adapted_image(
    bundle: Bundle, projection: Projection, path: Path, share: float = 1.0
) -> None:
    """Write a bundle's image network with a projection added to its embedding.

    Args:
        bundle: Whose image encoder is a network with the output `features`, or with a fully
            connected layer at its end, whose input the features are.
        projection: From the features to what is added to the embedding.
        path: The .onnx file to write; its inputs and outputs are those of the bundle's network,
            and `features_output`.
        share: Of the projection, 0..1: between the unchanged teacher and the adapted one, as in
            WiSE-FT (Wortsman et al., arXiv 2109.01903).

    Raises:
        BundleError: The image network is of another kind.
        OSError: The file cannot be written.
    """
    spec = bundle.manifest.encoders["image"]
    model = onnx.load(str(bundle.root / spec.path))
    graph, output = model.graph, spec.outputs[0].name
    features = features_tensor(model)
    if not features:
        raise BundleError(
            f"{spec.path} of {bundle.manifest.model} has no features that could be projected; use "
            "the bundle that the run was trained with"
        )
    for node in graph.node:
        node.output[:] = ["unadapted" if name == output else name for name in node.output]
    weight = share * (projection.weight / projection.scale).detach()
    bias = share * projection.bias.detach() - projection.mean @ weight
    arrays = {
        "adapted_weight": weight.numpy().astype(np.float32),
        "adapted_bias": bias.numpy().astype(np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in arrays.items())
    graph.node.extend(
        [
            helper.make_node("Gemm", [features, *arrays], ["adapted_step"]),
            helper.make_node("Add", ["unadapted", "adapted_step"], ["adapted"]),
            helper.make_node("LpNormalization", ["adapted"], [output], axis=-1, p=2),
        ]
    )
    if features != FEATURES:
        graph.node.append(helper.make_node("Identity", [features], [FEATURES]))
        shape = features_output(projection).shape
        graph.output.append(helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
