"""Exports a trained Adaptive Fusion (AF) network as fusion.onnx, with its calibration."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.bundle import file_sha256
from omnibind_ros.encoders.manifest import Calibration, FileSpec
from omnibind_ros.fusion.adaptive import MAX_MEMBERS, fusion_inputs, fusion_outputs
from omnibind_ros.learning.af.files import RECORD, load_fusion
from omnibind_ros.learning.af.label_calibration import Across
from omnibind_ros.learning.af.network import FusionNetwork, SynonymCorrection
from omnibind_ros.learning.config import TrainingError

from .torch_onnx import write_network

FILE = "fusion.onnx"


class DistinctWords(SynonymCorrection):
    """The correction with each word once: a class of few words has copies of its first one."""

    def __init__(self, given: SynonymCorrection) -> None:
        """Take the words and the vectors of another one."""
        super().__init__(given.words.shape[0], len(given.lift), 0)
        words, places = torch.unique(given.words.T, dim=0, return_inverse=True)
        self.words, self.lift = words.T.contiguous(), given.lift
        self.register_buffer("places", places.reshape(len(given.lift), -1))

    def similarities(self, embeddings: Tensor) -> Tensor:
        """Return similarities [B, N, C] of embeddings [B, N, D] to the best word of each class."""
        return (embeddings @ self.words)[..., self.places].amax(3)


class ExportedFusion(nn.Module):
    """One set of N members, as fusion.onnx takes it: without a batch, and all of them present."""

    def __init__(self, network: FusionNetwork) -> None:
        """Wrap a network, which stays as it is."""
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.synonyms = DistinctWords(network.synonyms)

    def forward(
        self, embeddings: Tensor, modality: Tensor, age: Tensor, quality: Tensor, entropy: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return fused [D], weights [N] and agreement [N] of members [N, D]."""
        present = torch.ones_like(modality, dtype=torch.bool)
        members = (embeddings, modality, age, quality, entropy, present)
        fused, weights, agreement = self.network(*(values[None] for values in members))
        return fused[0], weights[0], agreement[0]


def export_fusion(network: FusionNetwork, folder: Path) -> FileSpec:
    """Write fusion.onnx.

    Args:
        network: A trained network, on the CPU.
        folder: Where to write it; the folder must exist.

    Returns:
        The file's entry in a bundle's manifest.

    Raises:
        OSError: The file cannot be written.
    """
    size = network.size
    inputs, outputs = fusion_inputs(size), fusion_outputs(size)
    members = torch.export.Dim("N", min=1, max=MAX_MEMBERS)
    example = (
        torch.nn.functional.normalize(torch.ones(3, size), dim=1),
        torch.zeros(3, dtype=torch.int64),
        torch.zeros(3),
        torch.ones(3),
        torch.zeros(3),
    )
    path = folder / FILE
    write_network(
        ExportedFusion(network).eval(),
        example,
        inputs,
        outputs,
        path,
        dynamic_shapes=tuple({0: members} for _ in inputs),
    )
    return FileSpec(
        path=FILE,
        sha256=file_sha256(path),
        licence="Apache-2.0",
        origin="trained with `omnibind train fusion`",
        inputs=inputs,
        outputs=outputs,
        precision="fp32",
    )


def export_fusion_run(
    run: Path, folder: Path, size: int, calibration: Calibration
) -> tuple[FileSpec, Calibration]:
    """Write the fusion network of a run of `omnibind train fusion`.

    Args:
        run: Its folder.
        folder: Where to write fusion.onnx.
        size: Values of an embedding of the bundle.
        calibration: The bundle's so far; what the run has not calibrated stays.

    Returns:
        The file's entry in a bundle's manifest, and the bundle's calibration.

    Raises:
        TrainingError: The run cannot be read, or is for embeddings of another size.
        OSError: The file cannot be written.
    """
    trained = load_fusion(run)
    if trained.network.size != size:
        raise TrainingError(
            f"the fusion in {run} is for embeddings of {trained.network.size} values, not {size}; "
            "train it on the embeddings of this run"
        )
    return export_fusion(trained.network, folder), _read_calibration(run / RECORD, calibration)


def cross_fitted_figures(run: Path) -> dict[str, Any]:
    """Return what a fusion that was trained without validation objects found across folds.

    Args:
        run: Folder of `omnibind train fusion`, which has been exported.

    Returns:
        For the manifest: the splits that it was trained on, and across_folds, the figures; empty
        where it had validation objects.
    """
    record = json.loads((run / RECORD).read_text(encoding="utf-8"))
    if "cross_fitted" not in record:
        return {}
    return {"splits": record["config"]["splits"], "across_folds": record["cross_fitted"]}


def cross_fitted(run: Path) -> Across | None:
    """Return what `calibrate_labels` takes of such a fusion; None where there is nothing."""
    found = cross_fitted_figures(run)
    if not found:
        return None
    record = json.loads((run / RECORD).read_text(encoding="utf-8"))
    figures = None if "train" in found["splits"] else found["across_folds"]
    return Across(record["min_similarity"], load_fusion(run).network.class_count, figures)


def _read_calibration(record: Path, before: Calibration) -> Calibration:
    """Return the calibration in a run's fusion.json, over the one before."""
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        thresholds = {str(name): float(value) for name, value in content["min_similarity"].items()}
        return Calibration(
            float(content["temperature"]),
            before.min_quality,
            {**before.min_similarity, **thresholds},
            content.get("likeness"),
            content.get("contradiction"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{record} has no calibration that can be read ({error}); train the fusion again"
        ) from error
