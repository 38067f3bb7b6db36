"""What to adapt a bundle to, what came of it, and the error where nothing did."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.adapt.training import AdaptationPlan
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.files import TrainedFusion

from .adapted_bundle import AdaptedSensor
from .precisions import AUTO


class AdaptationError(ValueError):
    """An adaptation that cannot be made or did not help; the text is one sentence."""


@dataclass(frozen=True)
class AdaptationRequest:
    """What to adapt to what.

    Attributes:
        bundle: The bundle to adapt.
        out: The new bundle's folder.
        work: Folder of the dataset, the tensors and the training under way.
        modalities: Sensors to adapt; empty: all that the recordings have.
        keep_labels: Whether the bundle's labels stay beside those of the recordings.
        force: Whether a bundle is written that got worse.
        checkpoints: Folder of the weights that the bundle was made of; None: beside it.
        precision: Of the exported encoders.
        plan: How students are trained.
        workers: Processes.
    """

    bundle: Bundle
    out: Path
    work: Path
    modalities: tuple[str, ...] = ()
    keep_labels: bool = False
    force: bool = False
    checkpoints: Path | None = None
    precision: str = AUTO
    plan: AdaptationPlan = field(default_factory=AdaptationPlan)
    workers: int = 1


@dataclass
class Adaptation:
    """A finished adaptation.

    Attributes:
        bundle: The new bundle.
        figures: What was measured: sensors, fused, and the data.
        notes: Sentences for the user.
        sensors: The adapted ones by modality.
        before: Embeddings of all samples by the bundle as it was.
        after: By the new bundle.
        fusion: With its trainable weights; None: the bundle has none.
    """

    bundle: Bundle
    figures: dict[str, Any]
    notes: list[str]
    sensors: dict[str, AdaptedSensor]
    before: EmbeddingSet
    after: EmbeddingSet
    fusion: TrainedFusion | None
