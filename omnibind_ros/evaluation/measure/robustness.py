"""Accuracy with one faulty sensor, compared with leaving the sensor out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.af.corruptions import CORRUPTIONS, Members, Selection, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet, EncodedFaults
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.prototypes import entropies

from .bootstrap import ObjectBootstrap
from .combinations import Rule, select_modalities

FAULTS = ("noise", "dead", "stale", "other_object")
"""Names in `CORRUPTIONS` of the faults that are measured."""

SMALLEST = 3
"""Members of a combination at least, the faulty one included."""

LARGE = 5
"""Members from which combinations are summarised together."""


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
) -> dict[str, dict[str, dict[str, Any]]]:
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
        RULE_loss, left out minus with the fault, in points, with RULE_loss_interval by a bootstrap
        over objects, and RULE_loss_by_size, means over the combinations of 3, 4, and 5+ sensors.
        Empty with fewer than three modalities.
    """
    if len(data.modalities) < SMALLEST:
        return {}
    rng = np.random.default_rng(seed)
    clean = members_of(data, temperature)
    sizes = range(SMALLEST, len(data.modalities) + 1)
    sets = [names for size in sizes for names in combinations(data.modalities, size)]
    bootstrap = ObjectBootstrap(data.objects)
    cached: dict[tuple[str, ...], dict[str, Floats]] = {}

    def right(part: Members) -> dict[str, Floats]:
        """Return 100 where a rule is right about a sample, else 0, [N]."""
        return {
            name: np.where(data.is_right(rule(part).argmax(1)), np.float32(100), np.float32(0))
            for name, rule in rules.items()
        }

    def without_fault(names: tuple[str, ...]) -> dict[str, Floats]:
        if names not in cached:
            cached[names] = right(select_modalities(clean, data, names))
        return cached[names]

    losses: dict[str, dict[str, dict[str, Any]]] = {}
    total, done = len(data.modalities) * len(FAULTS), 0
    for modality in data.modalities:
        with_sensor = [names for names in sets if modality in names]
        losses[modality] = {}
        for fault in FAULTS:
            corrupted = with_fault(clean, data, modality, fault, temperature, rng, encoded_faults)
            rows = []
            for names in with_sensor:
                faulty = right(select_modalities(corrupted, data, names))
                left_out = without_fault(tuple(name for name in names if name != modality))
                rows.append(_row(faulty, left_out, without_fault(names)))
            found = {name: np.mean([row[name] for row in rows], 0) for name in rows[0]}
            figures: dict[str, Any] = {name: float(each.mean()) for name, each in found.items()}
            for loss in (f"{rule}_loss" for rule in rules):
                figures[f"{loss}_interval"] = bootstrap.interval(found[loss])
                figures[f"{loss}_by_size"] = _by_size(
                    [len(names) for names in with_sensor], [row[loss].mean() for row in rows]
                )
            losses[modality][fault] = figures
            done += 1
            progress(done, total)
    return losses


def _by_size(sizes: Sequence[int], values: Sequence[float]) -> dict[str, float]:
    """Return the means of values over combinations of each size; from `LARGE` on, of all."""
    groups: dict[str, list[float]] = {}
    for size, value in zip(sizes, values, strict=True):
        groups.setdefault(f"{LARGE}+" if size >= LARGE else f"{size}", []).append(value)
    return {size: float(np.mean(group)) for size, group in groups.items()}


def _row(
    faulty: Mapping[str, Floats], left_out: Mapping[str, Floats], whole: Mapping[str, Floats]
) -> dict[str, Floats]:
    row: dict[str, Floats] = {}
    for rule in faulty:
        row |= {
            rule: faulty[rule],
            f"{rule}_left_out": left_out[rule],
            f"{rule}_whole": whole[rule],
            f"{rule}_loss": left_out[rule] - faulty[rule],
        }
    return row
