"""Fits what a bundle needs to recognise enrolled labels: its file matching.npz."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.embedding_space import EmbeddingSpace
from omnibind_ros.recognition.match_statistics import Match

from .plda import fit_statistics
from .samples import Views, encode_views

SPLITS = ("train", "validation")
"""Objects of the split test are left for measuring."""

LEAST_QUALITY = 0.05
"""Samples of a lower quality show nothing."""


def fit_matching(
    bundle: Bundle,
    dataset: Dataset,
    splits: Sequence[str] = SPLITS,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Match]:
    """Fit the statistics of each modality that bundle and dataset have in common.

    Recordings are left out: they name no object of which there are several views.

    Args:
        bundle: Has the encoders.
        dataset: Has several samples of each object.
        splits: Which samples.
        progress: Called with the modality that is next.

    Raises:
        TrainingError: There are too few objects.
        BundleError: An encoder is broken.
    """
    chosen = np.isin(dataset.column("split").astype(np.str_), splits)
    found = {}
    for modality in MODALITIES:
        simulated = dataset.has(modality) & ~dataset.recorded(modality) & chosen
        if modality in bundle.manifest.encoders and simulated.any():
            progress(modality)
            views = encode_views(bundle, dataset, modality, np.flatnonzero(simulated))
            found[modality] = fit_match(bundle, dataset, modality, views)
    return found


def fit_match(bundle: Bundle, dataset: Dataset, modality: str, views: Views) -> Match:
    """Fit the statistics of one modality's features; of embeddings where there are none."""
    things = dataset.column("object_id").astype(np.str_)[views.rows]
    classes = dataset.column("label").astype(np.str_)[views.rows]
    good = views.quality >= LEAST_QUALITY
    kind, values = "features", views.features
    if not values.shape[1]:
        kind, values = "embedding", views.values
    by_kind = {kind: fit_statistics(values[good], things[good], classes[good])}
    return Match(EmbeddingSpace.of(bundle, "").parts[modality], by_kind)
