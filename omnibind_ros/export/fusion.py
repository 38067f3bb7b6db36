"""Writes a trained Adaptive Fusion as fusion.onnx."""

from __future__ import annotations

from pathlib import Path

import torch

from omnibind_ros.encoders.bundle import file_sha256
from omnibind_ros.encoders.manifest import FileSpec
from omnibind_ros.fusion.adaptive import MAX_MEMBERS, fusion_inputs, fusion_outputs
from omnibind_ros.learning.fusion import ExportedFusion, FusionNetwork

from .torch_onnx import write_network

FILE = "fusion.onnx"


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
    size = network.residual.out_features
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
