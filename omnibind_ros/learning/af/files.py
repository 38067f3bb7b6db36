"""A trained fusion: its network, its calibration, its figures, and the files that hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import default_convert

from omnibind_ros.arrays import Floats
from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import MODALITIES

from .calibration import fit_likeness, fit_thresholds
from .config import FusionConfig
from .contradiction_limits import fit_contradiction
from .corruptions import Members, members_of
from .embeddings import EmbeddingSet
from .members import FREE
from .network import FusionNetwork

NETWORK, RECORD = "fusion.pt", "fusion.json"

NAMES_0_1 = {
    "concepts": "classes.directions",
    "sharpness": "classes.sharpness",
    "trust": "evidence.trust",
    "power": "evidence.power",
    "fading": "evidence.fading",
    "gate": "evidence.gate",
    "surety": "evidence.log_scale",
    "offset": "bias.offset",
    "words": "synonyms.words",
    "lifting": "synonyms.lift",
    "void": "null.directions",
    "content": "null.projection",
    "likeness": "gate.agreement_weight",
    "code": "gate.code",
    "facts": "gate.embed_statistics",
}
"""Names of tensors in fusion.pt of version 0.1, and what they are now; other tensors of that
version are now those of the attention gate."""


@dataclass(frozen=True)
class TrainedFusion:
    """A trained fusion.

    Attributes:
        network: In evaluation mode.
        temperature: The bundle's, of fused embeddings and of the members' entropies.
        figures: On sets of the objects held back, before any training on these: cross_entropy and
            top1 (0..1) of the network, pool_cross_entropy and pool_top1 of its initial state, the
            log-opinion pool, and mean_top1 of the quality-weighted mean; steps to the best state.
    """

    network: FusionNetwork
    temperature: float
    figures: dict[str, float]

    def fuse(self, members: Members) -> tuple[Floats, Floats]:
        """Return fused embeddings, float32 [B, D], and weights, float32 [B, N]."""
        fused, weights, _ = run(self.network, members)
        return fused.numpy(), weights.numpy()

    def agreement(self, members: Members) -> Floats:
        """Return how well each member fits the others of its set, float32 [B, N], -1 .. 1."""
        return np.asarray(run(self.network, members)[2].numpy())


@torch.no_grad()
def run(network: nn.Module, members: Members, batch: int = 4096) -> tuple[Tensor, ...]:
    """Run a network on any number of sets, in batches, and return its outputs."""
    network.eval()
    inputs = default_convert(tuple(map(np.ascontiguousarray, members)))
    batches = zip(*(each.split(batch) for each in inputs), strict=True)
    parts = [network(*part) for part in batches]
    return tuple(torch.cat(outputs) for outputs in zip(*parts, strict=True))


def calibrate_fusion(
    trained: TrainedFusion, data: EmbeddingSet, config: FusionConfig
) -> Calibration:
    """Calibrate a fusion on the splits that it was trained on.

    The temperature is that of the training: the members' entropies were made with it, and the
    evidence was scaled so that probabilities of fused embeddings are right at it. There is a
    threshold for each combination of modalities.

    Args:
        trained: The fusion.
        data: The embeddings that it was trained on; classes that the configuration leaves out
            are its unknown objects.
        config: The configuration of its training.

    Returns:
        Temperature, thresholds, likeness and limits of contradiction; the minimal quality is not
        calibrated here and 0.
    """
    known, unknown = data.without_classes(config.left_out)
    known, unknown = known.split(*config.splits), unknown.split(*config.splits)

    def fuse(part: EmbeddingSet) -> Floats:
        return np.asarray(trained.fuse(members_of(part, trained.temperature))[0], np.float32)

    complete = known.complete()
    thresholds = fit_thresholds(known, unknown, fuse)
    likeness = fit_likeness(fuse(complete), complete.labels) if len(complete) else None
    contradiction = fit_contradiction(known, trained.temperature, trained.agreement)
    return Calibration(trained.temperature, 0.0, thresholds, likeness, contradiction)


def save_fusion(
    folder: Path,
    trained: TrainedFusion,
    calibration: Calibration,
    config: FusionConfig,
    cross_fitted: Mapping[str, Any] | None = None,
) -> None:
    """Write fusion.pt, and fusion.json with configuration, calibration and figures.

    Args:
        folder: Where to.
        trained: The fusion.
        calibration: Its calibration.
        config: How it was trained.
        cross_fitted: Figures across folds, if it was calibrated so.

    Raises:
        OSError: They cannot be written.
    """
    save_network(folder / NETWORK, trained)
    record = {
        "config": asdict(config),
        "temperature": calibration.temperature,
        "min_similarity": dict(calibration.min_similarity),
        "likeness": calibration.likeness,
        "contradiction": calibration.contradiction,
        "left_out": config.left_out,
        "figures": trained.figures,
    }
    if cross_fitted is not None:
        record["cross_fitted"] = dict(cross_fitted)
    write_atomic(folder / RECORD, json.dumps(record, indent=1) + "\n")


def save_network(path: Path, trained: TrainedFusion) -> None:
    """Write a fusion network and its temperature, as `load_fusion` reads them; raises OSError."""
    network = trained.network
    content = {
        "key": "fusion",
        "size": network.size,
        "width": network.gate.code.weight.shape[1],
        "concepts": network.class_count,
        "words": network.word_count,
        "temperature": trained.temperature,
        "figures": trained.figures,
        "state": network.state_dict(),
    }
    checkpoints.save(path, content)


def load_fusion(folder: Path) -> TrainedFusion:
    """Read the network that `save_fusion` wrote, now or in version 0.1.

    Raises:
        TrainingError: It cannot be read, is of an unknown version, or has modalities that are not
            installed.
    """
    path = folder / NETWORK
    content = checkpoints.load(path)
    try:
        state = _renamed(content["state"])
        rows = len(state["evidence.trust"])
        network = FusionNetwork(
            int(content["size"]),
            int(content["width"]),
            classes=int(content["concepts"]),
            words=int(content["words"]),
            rows=rows,
        )
        _add_missing(state, network)
        network.load_state_dict(state)
        trained = TrainedFusion(network.eval(), float(content["temperature"]), content["figures"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise TrainingError(
            f"{path} holds no fusion of this version ({reason}); train it again"
        ) from error
    if rows - 1 not in {modality.number for modality in MODALITIES.values()}:
        raise TrainingError(
            f"{path} is for a modality with the number {rows - 1}, which is not installed; install "
            "the package that adds it"
        )
    return trained


def _add_missing(state: dict[str, Any], network: FusionNetwork) -> None:
    """Give the state of a network of version 0.2 or older the later parts, without effect.

    Its members are never wrong, its gate has no limit, and its sums no growth.
    """
    if "contamination.wrong" not in state:
        own = network.state_dict()
        later = ("contamination.wrong", "contamination.temperature", "margin.usual")
        state |= {name: own[name] for name in (*later, "evidence.growth")}
        state["gate.reach"] = torch.full((1,), FREE)


def _renamed(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a network's state with the names of this version."""
    if "concepts" not in state:
        return dict(state)
    renamed = {}
    for name, values in state.items():
        first, dot, rest = name.partition(".")
        renamed[NAMES_0_1.get(first, f"gate.{first}") + dot + rest] = values
    return renamed
