"""Sets of members to train fusion on: random subsets, corrupted and aged as sensors are.

`CORRUPTIONS` is the only table of corruptions of embeddings. Training draws from it; a new
corruption is one function and one line there. Evaluation measures those that `FAULTS` of
`evaluation/measure/robustness.py` names, on embeddings of corrupted samples where a modality has
such a function (`noise` and `dead` of `datasets/samples/MODALITY.py`), and on corrupted embeddings
where it has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.prototypes import entropies

from .embeddings import EmbeddingSet

USABLE_AGE = 0.7
"""Share of the maximal age up to which a member shows what is in front of the sensor now."""

STALE_AGE = 0.5
"""Share of the maximal age from which a member of a sensor that has stopped is stale."""

Rng = np.random.Generator
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


class Members(NamedTuple):
    """B sets of up to N members.

    Attributes:
        values: float32 [B, N, D], unit vectors; zeros where there is no member.
        modality: int64 [B, N], numbers of modalities.
        age: float32 [B, N], seconds.
        quality: float32 [B, N], 0..1.
        entropy: float32 [B, N], 0..1; 1 where there is no member.
        present: bool [B, N].
    """

    values: Floats
    modality: Integers
    age: Floats
    quality: Floats
    entropy: Floats
    present: Booleans


class TrainingSets(NamedTuple):
    """B sets to train on.

    Attributes:
        members: Their members.
        labels: int64 [B], their classes.
        informative: bool [B, N], which members still tell something of the class.
    """

    members: Members
    labels: Integers
    informative: Booleans


def members_of(data: EmbeddingSet, temperature: float) -> Members:
    """Return all members of each sample, at age 0 and not corrupted.

    Args:
        data: n samples in M modalities.
        temperature: Of the members' label distributions.
    """
    entropy = entropies(data.bank.similarities(data.values), temperature)
    return Members(
        data.values,
        np.tile(data.numbers, (len(data), 1)),
        np.zeros_like(data.quality),
        data.quality,
        np.where(data.present, entropy, np.float32(1)),
        data.present,
    )


class Selection(NamedTuple):
    """K members to corrupt.

    Attributes:
        data: The samples, whose embeddings can be taken instead.
        rows: int [K], the samples that the members are of.
        places: int [K], their places among the modalities of the samples.
        values: float32 [K, D].
        quality: float32 [K].
        age: float32 [K], seconds.
        max_age: float32 [K], maximal ages of their modalities, seconds.
    """

    data: EmbeddingSet
    rows: Integers
    places: Integers
    values: Floats
    quality: Floats
    age: Floats
    max_age: Floats


class Corrupted(NamedTuple):
    """What K members are after a corruption: values [K, D], quality [K] and age [K].

    `informative` is whether they still tell something of the class.
    """

    values: Floats
    quality: Floats
    age: Floats
    informative: bool = False


def noise(members: Selection, rng: Rng) -> Corrupted:
    """A sensor that delivers noise: a random direction, any quality."""
    values = _unit(rng.standard_normal(members.values.shape))
    return Corrupted(values, members.quality * rng.random(len(values), np.float32), members.age)


def dead(members: Selection, rng: Rng) -> Corrupted:
    """A dead sensor: always nearly the mean of its modality, of low quality."""
    data = members.data
    means = [data.values[data.present[:, place], place].mean(0) for place in members.places]
    values = _unit(np.stack(means) + 0.02 * rng.standard_normal(members.values.shape))
    return Corrupted(values, 0.3 * rng.random(len(values), np.float32), members.age)


def other_object(members: Selection, rng: Rng) -> Corrupted:
    """A sensor that observes another object: the embedding and the quality of that one."""
    rows, places = _rows_of_others(members, rng), members.places
    return Corrupted(
        members.data.values[rows, places], members.data.quality[rows, places], members.age
    )


def stale(members: Selection, rng: Rng) -> Corrupted:
    """A sensor that has stopped: another object, and old."""
    other = other_object(members, rng)
    shares = rng.uniform(STALE_AGE, 1.0, len(members.age)).astype(np.float32)
    return other._replace(age=members.max_age * shares)


def blurred(members: Selection, rng: Rng) -> Corrupted:
    """A sensor with much noise: an embedding near its own, which still tells something."""
    count, size = len(members.values), members.values.shape[1]
    amount = rng.uniform(0.3, 1.5, (count, 1)) / np.sqrt(size)
    values = _unit(members.values + amount * rng.standard_normal((count, size)))
    quality = members.quality * rng.uniform(0.4, 1, count).astype(np.float32)
    return Corrupted(values, quality, members.age, informative=True)


CORRUPTIONS: dict[str, Callable[[Selection, Rng], Corrupted]] = {
    "noise": noise,
    "dead": dead,
    "other_object": other_object,
    "stale": stale,
    "blurred": blurred,
}
"""By name. A seed gives the same sets as long as their order stays."""


class SetSampler:
    """Draws sets of members from samples."""

    def __init__(
        self,
        data: EmbeddingSet,
        temperature: float,
        corrupt: float,
        seed: int,
        mix: float = 0.0,
        other_object: float = 0.2,
    ) -> None:
        """Take the samples.

        Args:
            data: Samples of objects that no encoder was trained on.
            temperature: Of the members' label distributions.
            corrupt: Probability that a member is corrupted.
            seed: Of the random generator.
            mix: Probability that a member is that of another sample of the class.
            other_object: Share of this corruption; the others share the rest equally.
        """
        self.temperature = temperature
        self._data, self._numbers = data, data.numbers
        self._corrupt, self._mix = corrupt, mix
        self._entropy = entropies(data.bank.similarities(data.values), temperature)
        self._of_class = [_rows_by_class(data, place) for place in range(len(data.modalities))]
        rest = (1 - other_object) / (len(CORRUPTIONS) - 1)
        self._shares = [other_object if name == "other_object" else rest for name in CORRUPTIONS]
        self._rng = np.random.default_rng(seed)
        self._max_age = np.array([MODALITIES[m].max_age for m in data.modalities], np.float32)
        # Weights n_c ** -0.5 of classes with n_c samples: half way to equal classes.
        weights = np.bincount(data.labels)[data.labels] ** -0.5
        self._probabilities = weights / weights.sum()

    def draw(self, count: int) -> TrainingSets:
        """Draw `count` sets."""
        rng, data = self._rng, self._data
        rows = rng.choice(len(data.labels), count, p=self._probabilities)
        present = self._subsets(data.present[rows])
        sources, places = self._mixed(rows), np.arange(present.shape[1])
        values, quality = data.values[sources, places], data.quality[sources, places]
        # Most ages are low; the highest ones are those of stale members too.
        age = (USABLE_AGE * rng.random(present.shape) ** 3 * self._max_age).astype(np.float32)
        informative = present.copy()
        chosen = self._corruptible(present)
        kinds = rng.choice(len(CORRUPTIONS), present.shape, p=self._shares)
        for kind, corruption in enumerate(CORRUPTIONS.values()):
            where = np.nonzero(chosen & (kinds == kind))
            if len(where[0]):
                selection = Selection(
                    data,
                    rows[where[0]],
                    where[1],
                    values[where],
                    quality[where],
                    age[where],
                    self._max_age[where[1]],
                )
                after = corruption(selection, rng)
                values[where], quality[where], age[where] = after.values, after.quality, after.age
                informative[where] = after.informative
        values *= present[..., None]
        entropy = self._entropy[sources, places]
        entropy[chosen] = entropies(data.bank.similarities(values[chosen]), self.temperature)
        members = Members(
            values,
            np.tile(self._numbers, (count, 1)),
            age * present,
            quality * present,
            np.where(present, entropy, np.float32(1)),
            present,
        )
        return TrainingSets(members, data.labels[rows], informative)

    def _mixed(self, rows: Integers) -> Integers:
        """Return the sample of each member, int [B, M]: the set's, or another of its class."""
        sources = np.repeat(rows[:, None], len(self._of_class), 1)
        labels = self._data.labels[rows]
        for place, of_class in enumerate(self._of_class):
            draws = self._rng.random((2, len(rows)))
            mixed = (draws[0] < self._mix) & self._data.present[rows, place]
            counts = of_class.counts[labels]
            drawn = of_class.starts[labels] + (draws[1] * counts).astype(np.int64)
            sources[mixed, place] = of_class.rows[drawn[mixed]]
        return sources

    def _subsets(self, there: Booleans) -> Booleans:
        """Return random subsets: all sizes equally often, at least one member each."""
        order = np.where(there, self._rng.random(there.shape), 2.0).argsort(1).argsort(1)
        sizes = self._rng.integers(1, there.sum(1) + 1)
        return order < sizes[:, None]

    def _corruptible(self, present: Booleans) -> Booleans:
        """Return which members are corrupted: with probability `corrupt`, a minority of a set.

        Of a pair, one may be corrupted.
        """
        draws = np.where(present, self._rng.random(present.shape), 2.0)
        rank, size = draws.argsort(1).argsort(1), present.sum(1, keepdims=True)
        return (draws < self._corrupt) & (rank < (size - 1) // 2 + (size == 2))


class _RowsByClass(NamedTuple):
    """Samples that have a modality, sorted by class; each class's first one and their number."""

    rows: Integers
    starts: Integers
    counts: Integers


def _rows_by_class(data: EmbeddingSet, place: int) -> _RowsByClass:
    rows = np.flatnonzero(data.present[:, place])
    rows = rows[np.argsort(data.labels[rows], kind="stable")]
    starts = np.searchsorted(data.labels[rows], np.arange(len(data.bank.labels)))
    return _RowsByClass(rows, starts, np.diff(starts, append=len(rows)))


def _rows_of_others(members: Selection, rng: Rng) -> Integers:
    """Return for each member another sample with its modality, of another class if possible."""
    data, labels = members.data, members.data.labels
    drawn = np.empty(len(members.rows), np.int64)
    for place in np.unique(members.places):
        pool = np.flatnonzero(data.present[:, place])
        mine = np.flatnonzero(members.places == place)
        drawn[mine] = rng.choice(pool, len(mine))
        for _ in range(8):  # after these, hardly one of the same class is left
            same = mine[labels[drawn[mine]] == labels[members.rows[mine]]]
            if not len(same):
                break
            drawn[same] = rng.choice(pool, len(same))
    return drawn


def _unit(values: npt.NDArray[np.floating]) -> Floats:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)
