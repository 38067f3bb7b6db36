"""Accuracy with one faulty sensor, compared with leaving the sensor out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from omnibind_ros.learning.af.corruptions import CORRUPTIONS, Members, Selection, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet, EncodedFaults
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.prototypes import entropies

from .combinations import Rule, select_modalities
from .metrics import top_k

FAULTS = ("noise", "dead", "stale", "other_object")
"""Names in `CORRUPTIONS` of the faults that are measured."""

SMALLEST = 3
"""Members of a combination at least, the faulty one included."""


def with_fault(
    members: Members,
    data: EmbeddingSet,
    modality: str,
    fault: str,
    temperature: float,
    rng: np.random.Generator,
    encoded_faults: EncodedFaults,
) -> Members:
    """Return members with one sensor faulty in every set that has it.

    Args:
        members: Of the samples of `data`, in their order.
        data: Gives the embeddings of other objects.
        modality: The sensor's.
        fault: A name in `FAULTS`.
        temperature: Of the members' label distributions.
        rng: Draws the fault.
        encoded_faults: Embeddings of samples with faults.
    """
    place = data.modalities.index(modality)
    sets = np.flatnonzero(members.present[:, place])
    limits = np.full(len(sets), MODALITIES[modality].max_age, np.float32)
    if (fault, modality) in encoded_faults:
        pool, qualities = encoded_faults[fault, modality]
        drawn = rng.integers(0, len(pool), len(sets))
        values, quality, age = pool[drawn], qualities[drawn], members.age[sets, place]
    else:
        selection = Selection(
            data,
            sets,
            np.full(len(sets), place),
            members.values[sets, place],
            members.quality[sets, place],
            members.age[sets, place],
            limits,
        )
        values, quality, age, _ = CORRUPTIONS[fault](selection, rng)
    corrupted = members._replace(
        values=members.values.copy(),
        age=members.age.copy(),
        quality=members.quality.copy(),
        entropy=members.entropy.copy(),
    )
    corrupted.values[sets, place], corrupted.quality[sets, place], corrupted.age[sets, place] = (
        values,
        quality,
        age,
    )
    corrupted.entropy[sets, place] = entropies(data.bank.similarities(values), temperature)
    return corrupted


def measure_robustness(
    data: EmbeddingSet,
    rules: Mapping[str, Rule],
    temperature: float,
    seed: int,
    encoded_faults: EncodedFaults,
    progress: Progress = no_progress,
) -> dict[str, dict[str, dict[str, float]]]:
    """Measure every combination of three or more sensors with one of them faulty, each in turn.

    Args:
        data: Test samples that have every modality.
        rules: By name.
        temperature: Of the members' label distributions.
        seed: Draws the faults.
        encoded_faults: Embeddings of samples with faults.
        progress: Told (steps done, steps).

    Returns:
        By modality and fault, means over the combinations for each rule in percent: RULE, top-1
        with the fault; RULE_left_out, without the sensor; RULE_whole, with the sensor in order; and
        RULE_loss, left out minus with the fault, in points. Empty with fewer than three modalities.
    """
    if len(data.modalities) < SMALLEST:
        return {}
    rng = np.random.default_rng(seed)
    clean = members_of(data, temperature)
    sizes = range(SMALLEST, len(data.modalities) + 1)
    sets = [names for size in sizes for names in combinations(data.modalities, size)]
    cached: dict[tuple[str, ...], dict[str, float]] = {}

    def without_fault(names: tuple[str, ...]) -> dict[str, float]:
        if names not in cached:
            part = select_modalities(clean, data, names)
            cached[names] = {n: top_k(rule(part), data.labels) for n, rule in rules.items()}
        return cached[names]

    losses: dict[str, dict[str, dict[str, float]]] = {}
    total, done = len(data.modalities) * len(FAULTS), 0
    for modality in data.modalities:
        with_sensor = [names for names in sets if modality in names]
        losses[modality] = {}
        for fault in FAULTS:
            corrupted = with_fault(clean, data, modality, fault, temperature, rng, encoded_faults)
            rows = []
            for names in with_sensor:
                part = select_modalities(corrupted, data, names)
                faulty = {n: top_k(rule(part), data.labels) for n, rule in rules.items()}
                left_out = without_fault(tuple(name for name in names if name != modality))
                rows.append(_row(faulty, left_out, without_fault(names)))
            losses[modality][fault] = {n: float(np.mean([r[n] for r in rows])) for n in rows[0]}
            done += 1
            progress(done, total)
    return losses


def _row(
    faulty: Mapping[str, float], left_out: Mapping[str, float], whole: Mapping[str, float]
) -> dict[str, float]:
    row: dict[str, float] = {}
    for rule in faulty:
        row |= {
            rule: faulty[rule],
            f"{rule}_left_out": left_out[rule],
            f"{rule}_whole": whole[rule],
            f"{rule}_loss": left_out[rule] - faulty[rule],
        }
    return row
