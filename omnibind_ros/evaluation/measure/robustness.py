"""What one sensor that lies, is dead or has stopped costs, against leaving it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from omnibind_ros.learning.af.corruptions import (
    Members,
    Spoilt,
    dead,
    lying,
    members_of,
    noise,
    stale,
)
from omnibind_ros.learning.af.embeddings import (
    EmbeddingSet,
    EncodedFaults,
    entropies,
    similarities,
)
from omnibind_ros.learning.config import no_progress
from omnibind_ros.modalities import MODALITIES

from .combinations import Rule, only
from .metrics import top_k

FAULTS = {"noise": noise, "dead": dead, "stale": stale, "other_object": lying}
"""What takes a sensor's place, by its name in the report."""

SMALLEST = 3
"""Members of a combination, the faulty one counted in."""


def with_fault(
    members: Members,
    data: EmbeddingSet,
    modality: str,
    fault: str,
    temperature: float,
    rng: np.random.Generator,
    recorded: EncodedFaults,
) -> Members:
    """Return members of which one sensor is faulty in every set that has it.

    Args:
        members: Of the samples of `data`, in their order.
        data: Where other objects' embeddings are.
        modality: The sensor's.
        fault: A name in `FAULTS`.
        temperature: Of the members' label distributions.
        rng: Draws the fault.
        recorded: What encoders say of faulty samples.
    """
    place = data.modalities.index(modality)
    sets = np.flatnonzero(members.present[:, place])
    limits = np.full(len(sets), MODALITIES[modality].max_age, np.float32)
    if (fault, modality) in recorded:
        pool, qualities = recorded[fault, modality]
        drawn = rng.integers(0, len(pool), len(sets))
        values, quality, age = pool[drawn], qualities[drawn], members.age[sets, place]
    else:
        spoilt = Spoilt(
            data, sets, np.full(len(sets), place), members.values[sets, place],
            members.quality[sets, place], members.age[sets, place], limits,
        )  # fmt: skip
        values, quality, age, _ = FAULTS[fault](spoilt, rng)
    made = members._replace(
        values=members.values.copy(), age=members.age.copy(), quality=members.quality.copy(),
        entropy=members.entropy.copy(),
    )  # fmt: skip
    made.values[sets, place], made.quality[sets, place], made.age[sets, place] = (
        values,
        quality,
        age,
    )
    made.entropy[sets, place] = entropies(similarities(data.bank, values), temperature)
    return made


def measure_robustness(
    data: EmbeddingSet,
    rules: Mapping[str, Rule],
    temperature: float,
    seed: int,
    recorded: EncodedFaults,
    progress: Callable[[int, int], None] = no_progress,
) -> dict[str, dict[str, dict[str, float]]]:
    """Make each sensor faulty in turn, in every combination of three or more that it is in.

    Args:
        data: Test samples that have every modality.
        rules: By name.
        temperature: Of the members' label distributions.
        seed: Draws the faults.
        recorded: What encoders say of faulty samples.
        progress: Told (steps done, steps).

    Returns:
        By modality and fault, for each rule in percent, means over the combinations: RULE, top-1
        with the fault; RULE_left_out, without the sensor; RULE_whole, with the whole sensor; and
        RULE_loss, left out less with the fault, in points. Empty with fewer than three modalities.
    """
    if len(data.modalities) < SMALLEST:
        return {}
    rng = np.random.default_rng(seed)
    clean = members_of(data, temperature)
    sizes = range(SMALLEST, len(data.modalities) + 1)
    sets = [names for size in sizes for names in combinations(data.modalities, size)]
    kept: dict[tuple[str, ...], dict[str, float]] = {}

    def whole(names: tuple[str, ...]) -> dict[str, float]:
        if names not in kept:
            part = only(clean, data, names)
            kept[names] = {n: top_k(rule(part), data.labels) for n, rule in rules.items()}
        return kept[names]

    found: dict[str, dict[str, dict[str, float]]] = {}
    total, done = len(data.modalities) * len(FAULTS), 0
    for modality in data.modalities:
        mine = [names for names in sets if modality in names]
        found[modality] = {}
        for fault in FAULTS:
            spoilt = with_fault(clean, data, modality, fault, temperature, rng, recorded)
            rows = []
            for names in mine:
                part = only(spoilt, data, names)
                faulty = {n: top_k(rule(part), data.labels) for n, rule in rules.items()}
                rest = whole(tuple(name for name in names if name != modality))
                rows.append(_row(faulty, rest, whole(names)))
            found[modality][fault] = {n: float(np.mean([r[n] for r in rows])) for n in rows[0]}
            done += 1
            progress(done, total)
    return found


def _row(
    faulty: Mapping[str, float], rest: Mapping[str, float], whole: Mapping[str, float]
) -> dict[str, float]:
    row: dict[str, float] = {}
    for rule in faulty:
        row |= {
            rule: faulty[rule], f"{rule}_left_out": rest[rule], f"{rule}_whole": whole[rule],
            f"{rule}_loss": rest[rule] - faulty[rule],
        }  # fmt: skip
    return row
