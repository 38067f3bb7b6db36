"""Sets of members to learn fusion from: random subsets, corrupted and aged as sensors are.

A corruption is one function and one line in `CORRUPTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.modalities import MODALITIES

from .embeddings import EmbeddingSet, entropies, similarities

AGED = 0.7
"""Share of the age that a modality allows up to which a reading shows what is there now."""

OLD = 0.5
"""Share of the age that a modality allows from which a reading that has stopped is stale."""

Rng = np.random.Generator
Booleans = npt.NDArray[np.bool_]


class Members(NamedTuple):
    """B sets of up to N members.

    Attributes:
        values: float32 [B, N, D], unit vectors; zeros where there is no member.
        modality: int64 [B, N], places in `MODALITIES`.
        age: float32 [B, N], seconds.
        quality: float32 [B, N], 0..1.
        entropy: float32 [B, N], 0..1.
        present: bool [B, N].
    """

    values: Floats
    modality: npt.NDArray[np.int64]
    age: Floats
    quality: Floats
    entropy: Floats
    present: Booleans


class Draw(NamedTuple):
    """Sets to learn from: the members, the classes int64 [B], and which members are good ones."""

    members: Members
    labels: npt.NDArray[np.int64]
    good: Booleans


def members_of(data: EmbeddingSet, temperature: float) -> Members:
    """Return all members that the samples of a set have, fresh and whole."""
    entropy = entropies(similarities(data.bank, data.values), temperature)
    return Members(
        data.values, numbers(data), np.zeros_like(data.quality), data.quality,
        np.where(data.present, entropy, np.float32(1)), data.present,
    )  # fmt: skip


def numbers(data: EmbeddingSet) -> npt.NDArray[np.int64]:
    """Return each place's modality, int64 [n, M]."""
    places = [list(MODALITIES).index(name) for name in data.modalities]
    return np.broadcast_to(np.array(places, np.int64), data.present.shape)


class Drawer:
    """Draws sets of members from a set of embeddings."""

    def __init__(
        self,
        data: EmbeddingSet,
        temperature: float,
        corrupt: float,
        seed: int,
        mix: float = 0.0,
        lying: float = 0.2,
    ) -> None:
        """Take the samples.

        Args:
            data: Whole samples of objects that no encoder was trained on.
            temperature: Of the members' label distributions.
            corrupt: Chance that a member is corrupted.
            seed: Decides all chance.
            mix: Chance that a member is that of another sample of the class.
            lying: Share of the corrupted who lie.
        """
        self.data = data
        self._mix = mix
        self._entropy = entropies(similarities(data.bank, data.values), temperature)
        classes = np.arange(len(data.bank.labels))
        self._kin = []
        for there in data.present.T:
            rows = np.flatnonzero(there)
            rows = rows[np.argsort(data.labels[rows], kind="stable")]
            starts = np.searchsorted(data.labels[rows], classes)
            self._kin.append((rows, starts, np.diff(starts, append=len(rows))))
        self.temperature = temperature
        self._corrupt = corrupt
        rest = (1 - lying) / (len(CORRUPTIONS) - 1)
        self._kinds = [lying if kind == "lying" else rest for kind in CORRUPTIONS]
        self._rng = np.random.default_rng(seed)
        self._limits = np.array([MODALITIES[m].max_age for m in data.modalities], np.float32)
        # Rare classes are drawn more often, half way to all classes alike.
        share = np.bincount(data.labels)[data.labels] ** -0.5
        self._share = share / share.sum()

    def draw(self, count: int) -> Draw:
        """Draw `count` sets."""
        rng, data = self._rng, self.data
        rows = rng.choice(len(data), count, p=self._share)
        present = self._subsets(data.present[rows])
        sources, own = self._mixed(rows), np.arange(present.shape[1])
        values, quality = data.values[sources, own], data.quality[sources, own]
        # Most are young; some are as old as stale ones, and show the same thing all the same.
        age = (AGED * rng.random(present.shape) ** 3 * self._limits).astype(np.float32)
        good = present.copy()
        bad = self._victims(present)
        kinds = rng.choice(len(CORRUPTIONS), present.shape, p=self._kinds)
        for kind, corruption in enumerate(CORRUPTIONS.values()):
            sets, places = np.nonzero(bad & (kinds == kind))
            if len(sets):
                spoilt = Spoilt(data, rows[sets], places, values[sets, places],
                                quality[sets, places], age[sets, places],
                                self._limits[places])  # fmt: skip
                made = corruption(spoilt, rng)
                values[sets, places], quality[sets, places], age[sets, places], still = made
                good[sets, places] = still
        values *= present[..., None]
        entropy = self._entropy[sources, own]
        entropy[bad] = entropies(similarities(data.bank, values[bad]), self.temperature)
        members = Members(
            values, numbers(data)[:1].repeat(count, 0), age * present, quality * present,
            np.where(present, entropy, np.float32(1)), present,
        )  # fmt: skip
        return Draw(members, data.labels[rows], good)

    def _mixed(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return which sample each member is of, int [B, M]: its own, or one of its class."""
        sources = np.repeat(rows[:, None], len(self._kin), 1)
        labels = self.data.labels[rows]
        for place, (kin, starts, counts) in enumerate(self._kin):
            draws = self._rng.random((2, len(rows)))
            mixed = (draws[0] < self._mix) & self.data.present[rows, place]
            chosen = starts[labels] + (draws[1] * counts[labels]).astype(np.int64)
            sources[mixed, place] = kin[chosen[mixed]]
        return sources

    def _subsets(self, there: Booleans) -> Booleans:
        """Return random subsets: of all sizes alike often, at least one member each."""
        order = np.where(there, self._rng.random(there.shape), 2.0).argsort(1).argsort(1)
        sizes = self._rng.integers(1, there.sum(1) + 1)
        return order < sizes[:, None]

    def _victims(self, present: Booleans) -> Booleans:
        """Return who is corrupted: with chance `corrupt`, and less than half of a set."""
        draws = np.where(present, self._rng.random(present.shape), 2.0)
        rank = draws.argsort(1).argsort(1)
        return (draws < self._corrupt) & (
            rank < (present.sum(1, keepdims=True) - 1) // 2 + (present.sum(1, keepdims=True) == 2)
        )


class Spoilt(NamedTuple):
    """K members to be corrupted.

    Attributes:
        data: Where other objects' embeddings are.
        rows: int [K], their samples.
        places: int [K], their places among the modalities.
        values: float32 [K, D].
        quality: float32 [K].
        age: float32 [K].
        limits: float32 [K], the ages that their modalities allow.
    """

    data: EmbeddingSet
    rows: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    values: Floats
    quality: Floats
    age: Floats
    limits: Floats


Result = tuple[Floats, Floats, Floats, bool]
"""Values, quality, age, and whether such members still tell something."""


def others(data: EmbeddingSet, rows: npt.NDArray[np.int64], places: npt.NDArray[np.int64],
           rng: Rng) -> npt.NDArray[np.int64]:  # fmt: skip
    """Return for each sample another one that has the modality, of another class where there is."""
    found = np.empty(len(rows), np.int64)
    for place in np.unique(places):
        pool = np.flatnonzero(data.present[:, place])
        mine = np.flatnonzero(places == place)
        found[mine] = rng.choice(pool, len(mine))
        for _ in range(8):  # enough that hardly one of the same class is left
            same = mine[data.labels[found[mine]] == data.labels[rows[mine]]]
            if not len(same):
                break
            found[same] = rng.choice(pool, len(same))
    return found


def noise(spoilt: Spoilt, rng: Rng) -> Result:
    """Noise instead of a reading: any direction, any quality."""
    values = _unit(rng.standard_normal(spoilt.values.shape))
    return values, spoilt.quality * rng.random(len(values), np.float32), spoilt.age, False


def dead(spoilt: Spoilt, rng: Rng) -> Result:
    """A dead sensor: always the same that tells nothing apart, of low quality."""
    data = spoilt.data
    means = [data.values[data.present[:, place], place].mean(0) for place in spoilt.places]
    values = _unit(np.stack(means) + 0.02 * rng.standard_normal(spoilt.values.shape))
    return values, 0.3 * rng.random(len(values), np.float32), spoilt.age, False


def lying(spoilt: Spoilt, rng: Rng) -> Result:
    """A sensor that sees something else: another object's embedding, as good and as fresh."""
    rows = others(spoilt.data, spoilt.rows, spoilt.places, rng)
    return (
        spoilt.data.values[rows, spoilt.places], spoilt.data.quality[rows, spoilt.places],
        spoilt.age, False,
    )  # fmt: skip


def stale(spoilt: Spoilt, rng: Rng) -> Result:
    """A sensor that has stopped: another object's embedding, and old."""
    values, quality, _, still = lying(spoilt, rng)
    age = spoilt.limits * rng.uniform(OLD, 1.0, len(values)).astype(np.float32)
    return values, quality, age, still


def blurred(spoilt: Spoilt, rng: Rng) -> Result:
    """A reading with much noise: some way off, and still worth something."""
    size = spoilt.values.shape[1]
    amount = rng.uniform(0.3, 1.5, (len(spoilt.values), 1)) / np.sqrt(size)
    values = _unit(spoilt.values + amount * rng.standard_normal(spoilt.values.shape))
    return (
        values,
        spoilt.quality * rng.uniform(0.4, 1, len(values)).astype(np.float32),
        (spoilt.age),
        True,
    )


CORRUPTIONS: dict[str, Callable[[Spoilt, Rng], Result]] = {
    "noise": noise,
    "dead": dead,
    "lying": lying,
    "stale": stale,
    "blurred": blurred,
}
"""By name."""


def _unit(values: npt.NDArray[np.floating]) -> Floats:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)
