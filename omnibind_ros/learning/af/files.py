"""What training of the fusion leaves behind: its network, its calibration and its figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.storage.files import write_whole
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import TrainingError

from .calibration import fit_likeness, fit_thresholds
from .config import FusionConfig
from .corruptions import members_of
from .embeddings import EmbeddingSet
from .network import FusionNetwork
from .training import TrainedFusion

NETWORK, RECORD = "fusion.pt", "fusion.json"


def calibrate_fusion(
    trained: TrainedFusion, data: EmbeddingSet, config: FusionConfig
) -> Calibration:
    """Calibrate what a fusion says, on the splits that it was trained on.

    The temperature is the one that it was trained with: its entropies were made with it, and the
    evidence was scaled so that the probabilities of fused embeddings are right at it. Thresholds
    are of what it makes of each combination of modalities.

    Args:
        trained: The fusion.
        data: The embeddings that it was trained on; classes that the configuration leaves out
            serve as unknown things.
        config: That of its training.

    Returns:
        Temperature and thresholds; the least quality is not calibrated here and 0.
    """
    known, unknown = data.without_classes(config.left_out)
    known, unknown = known.split(*config.splits), unknown.split(*config.splits)

    def fuse(part: EmbeddingSet) -> Floats:
        return np.asarray(trained.fuse(members_of(part, trained.temperature))[0], np.float32)

    whole = known.complete()
    return Calibration(
        trained.temperature, 0.0, fit_thresholds(known, unknown, fuse),
        fit_likeness(fuse(whole), whole.labels) if len(whole) else None,
    )  # fmt: skip


def save_fusion(
    folder: Path, trained: TrainedFusion, calibration: Calibration, config: FusionConfig
) -> None:
    """Write fusion.pt, and fusion.json: configuration, calibration and figures.

    Raises:
        OSError: They cannot be written.
    """
    content = {
        "key": "fusion", "size": trained.network.size, "width": config.width,
        "concepts": trained.network.concepts.shape[1], "words": trained.network.most_words,
        "temperature": trained.temperature, "figures": trained.figures,
        "state": trained.network.state_dict(),
    }  # fmt: skip
    checkpoints.save(folder / NETWORK, content)
    said = {
        "config": asdict(config),
        "temperature": calibration.temperature,
        "min_similarity": dict(calibration.min_similarity),
        "likeness": calibration.likeness,
        "left_out": config.left_out,
        "figures": trained.figures,
    }
    write_whole(folder / RECORD, json.dumps(said, indent=1) + "\n")


def load_fusion(folder: Path) -> TrainedFusion:
    """Read the network that `save_fusion` wrote.

    Raises:
        TrainingError: It cannot be read, or is of another version of the network.
    """
    path = folder / NETWORK
    content = checkpoints.load(path)
    try:
        network = FusionNetwork(
            int(content["size"]), int(content["width"]), concepts=int(content["concepts"]),
            words=int(content["words"]),
        )  # fmt: skip
        network.load_state_dict(content["state"])
        return TrainedFusion(network.eval(), float(content["temperature"]), content["figures"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise TrainingError(
            f"{path} holds no fusion of this version ({reason}); train it again"
        ) from error
