"""Writes a trained Adaptive Fusion as fusion.onnx, with its calibration."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.bundle import file_sha256
from omnibind_ros.encoders.manifest import Calibration, FileSpec
from omnibind_ros.fusion.adaptive import MAX_MEMBERS, fusion_inputs, fusion_outputs
from omnibind_ros.learning.af.files import RECORD, load_fusion
from omnibind_ros.learning.af.network import FusionNetwork
from omnibind_ros.learning.config import TrainingError

from .torch_onnx import write_network

FILE = "fusion.onnx"


class ExportedFusion(nn.Module):
    """One set of N members, as fusion.onnx takes it: without a batch, and all of them present."""

    def __init__(self, network: FusionNetwork) -> None:
        """Wrap a network."""
        super().__init__()
        self.network = network

    def forward(
        self, embeddings: Tensor, modality: Tensor, age: Tensor, quality: Tensor, entropy: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return fused [D] and weights [N] of members [N, D]."""
        present = torch.ones_like(modality, dtype=torch.bool)
        members = (embeddings, modality, age, quality, entropy, present)
        fused, weights = self.network(*(values[None] for values in members))
        return fused[0], weights[0]


def export_fusion(network: FusionNetwork, folder: Path) -> FileSpec:
    """Write fusion.onnx.

    Args:
        network: A trained network, on the CPU.
        folder: Where to; it must be there.

    Returns:
        What a bundle's manifest says of the file.

    Raises:
        OSError: The file cannot be written.
    """
    size = network.size
    inputs, outputs = fusion_inputs(size), fusion_outputs(size)
    members = torch.export.Dim("N", min=1, max=MAX_MEMBERS)
    example = (
        torch.nn.functional.normalize(torch.ones(3, size), dim=1),
        torch.zeros(3, dtype=torch.int64), torch.zeros(3), torch.ones(3), torch.zeros(3),
    )  # fmt: skip
    path = folder / FILE
    write_network(
        ExportedFusion(network).eval(), example, inputs, outputs, path,
        tuple({0: members} for _ in inputs),
    )  # fmt: skip
    return FileSpec(
        FILE, file_sha256(path), "Apache-2.0", "trained with `omnibind train fusion`", inputs,
        outputs, precision="fp32",
    )  # fmt: skip


def export_run(
    run: Path, folder: Path, size: int, before: Calibration
) -> tuple[FileSpec, Calibration]:
    """Write what `omnibind train fusion` has trained.

    Args:
        run: Its folder.
        folder: Where to write fusion.onnx.
        size: Values of an embedding of the bundle.
        before: The calibration of what is not calibrated in the run.

    Returns:
        What a bundle's manifest says of the file, and the bundle's calibration.

    Raises:
        TrainingError: The run cannot be read, or is for embeddings of another size.
        OSError: The file cannot be written.
    """
    trained = load_fusion(run)
    if (found := trained.network.size) != size:
        raise TrainingError(
            f"the fusion in {run} is for embeddings of {found} values, not {size}; train it on "
            "the embeddings of this run"
        )
    try:
        said = json.loads((run / RECORD).read_text(encoding="utf-8"))
        thresholds = {str(name): float(value) for name, value in said["min_similarity"].items()}
        calibration = Calibration(
            float(said["temperature"]),
            before.min_quality,
            {**before.min_similarity, **thresholds},
            said.get("likeness"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{run / RECORD} says nothing of calibration ({error}); train the fusion again"
        ) from error
    return export_fusion(trained.network, folder), calibration
