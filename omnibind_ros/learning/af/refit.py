"""Fits a trained fusion to other encoders, or to other labels, without training it again.

A fusion's tables have a row for each modality: how sharp its embeddings are, how far they are
trusted, and what margin is usual (network.py). An encoder that was adapted gets new values there;
all else stays.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch

from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.modalities import MODALITIES

from .calibration import fit_temperature
from .corruptions import members_of
from .embeddings import EmbeddingSet
from .files import TrainedFusion, run
from .initial_values import most_words
from .network import FusionNetwork
from .scale import fit_scale, set_scale

FEWEST = 12
"""Samples of a modality from which its values are fitted; of fewer they stay."""

ROWS = (
    "bias.offset",
    "classes.sharpness",
    "evidence.trust",
    "evidence.power",
    "evidence.fading",
    "contamination.wrong",
    "margin.usual",
    "gate.code.weight",
)
"""Tensors with a row for each modality."""


@torch.no_grad()
def refit_rows(
    trained: TrainedFusion, data: EmbeddingSet, modalities: Sequence[str]
) -> tuple[TrainedFusion, tuple[str, ...]]:
    """Give the adapted encoders of a fusion their own values.

    Args:
        trained: The fusion, which stays as it is.
        data: Embeddings by the adapted encoders of samples that they were not trained on, with
            labels.
        modalities: The adapted ones.

    Returns:
        The new fusion, and the modalities of which there were too few samples.
    """
    network = copy.deepcopy(trained.network)
    few = []
    for name in modalities:
        place = data.modalities.index(name) if name in data.modalities else -1
        values, labels = data.of(place) if place >= 0 else (data.values[:0, 0], data.labels[:0])
        if len(labels) < FEWEST or len(np.unique(labels)) < 2:
            few.append(name)
            continue
        row = MODALITIES[name].number
        similarity = data.bank.similarities(values)
        own = fit_temperature(similarity, labels)
        trust = float(np.log(trained.temperature / own))
        # Both are in proportion to the sharpness of the embeddings.
        network.classes.sharpness[row] += trust - network.evidence.trust[row]
        network.evidence.trust[row] = trust
        network.bias.offset[row] = 0.0
        network.margin.usual[row] = network.margin.relative(torch.from_numpy(similarity)).mean()
    network.margin.usual.clamp_(min=0.05)
    return TrainedFusion(network.eval(), trained.temperature, {}), tuple(few)


@torch.no_grad()
def rebuild(trained: TrainedFusion, data: EmbeddingSet) -> TrainedFusion:
    """Return the log-opinion pool of a fusion for other labels.

    The modalities of the data are fitted to it; those that it lacks keep their values. The
    attention gate, which was trained with the former labels, has no effect.

    Args:
        trained: The fusion of the former labels.
        data: Embeddings of samples that no encoder was trained on, with the new labels; at least
            one.
    """
    old = trained.network
    rows = len(old.evidence.trust)
    network = FusionNetwork(
        data.size,
        old.gate.code.weight.shape[1],
        classes=len(data.bank.labels),
        words=most_words(data.bank),
        rows=rows,
    )
    network.initialise(data, trained.temperature)
    state, before = network.state_dict(), old.state_dict()
    fitted = {MODALITIES[name].number for m, name in enumerate(data.modalities) if _enough(data, m)}
    for name in ROWS:
        for row in set(range(rows)) - fitted:
            state[name][row] = before[name][row]
    network.load_state_dict(state)
    network.eval()
    complete = data.samples(np.asarray(data.present.any(1)))
    if len(complete) >= FEWEST:
        bank = ClassSimilarity(data.bank)
        members, labels = (
            members_of(complete, trained.temperature),
            torch.from_numpy(complete.labels),
        )

        def cross_entropy() -> float:
            logits = bank(run(network, members)[0]) / trained.temperature
            return float(torch.nn.functional.cross_entropy(logits, labels))

        set_scale(network, fit_scale(network, cross_entropy))
    return TrainedFusion(network.eval(), trained.temperature, {})


def _enough(data: EmbeddingSet, place: int) -> bool:
    """Return whether a modality has samples enough to be fitted."""
    _, labels = data.of(place)
    return len(labels) >= FEWEST and len(np.unique(labels)) > 1


@torch.no_grad()
def copy_row(into: TrainedFusion, other: TrainedFusion, row: int) -> TrainedFusion:
    """Return a fusion with the values of a modality in another one.

    Args:
        into: The fusion, which stays as it is.
        other: Whose values are taken.
        row: Number of the modality.
    """
    network = copy.deepcopy(into.network)
    state, theirs = network.state_dict(), other.network.state_dict()
    for name in ROWS:
        state[name][row] = theirs[name][row]
    # Trust is relative to the bundle's temperature.
    state["evidence.trust"][row] += float(np.log(into.temperature / other.temperature))
    network.load_state_dict(state)
    return TrainedFusion(network.eval(), into.temperature, {})
