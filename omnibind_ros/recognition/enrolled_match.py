"""Matches what each sensor shows with the enrolled labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.plain_text import same_text

from .match_statistics import Likelihood
from .member import Member

MOST = 0.5
"""Probability, before anything is seen, that one of the enrolled things is shown, at most."""

EACH = 0.02
"""The same of each of them, at most: a robot that knows one thing seldom meets it."""

AKIN = 1.0
"""How many times as probable as an enrolled thing another thing of its class is."""

AKIN_WEIGHT = 0.7
"""Weight of the ratios c: things of one class are alike for several sensors at once, so that the
members say less than if they were independent. Chosen on things of the household set."""

FULL_QUALITY = 0.2
"""Quality from which a member counts fully."""


class Scores(Protocol):
    """Scores of labels in one modality."""

    def scores(self, values: npt.NDArray[np.float32]) -> Sequence[Floats]:
        """Return two scores [L], see `MatchTable`, of features or embeddings [F]."""
        ...


class ModalityMatch(NamedTuple):
    """The enrolled labels of one modality.

    Attributes:
        places: int [L], which of the enrolled labels are in it.
        table: Scores these L labels.
        likelihoods: From each score to its likelihood ratio.
    """

    places: npt.NDArray[np.intp]
    table: Scores
    likelihoods: tuple[Likelihood, Likelihood]


class EnrolledMatch:
    """The enrolled labels that can be recognised.

    What is shown is one of E enrolled things, another thing of the class of one of them, or
    anything else. Each member gives each label two likelihood ratios: how many times as probable
    what the sensor shows is if it is that thing, as if it is anything else (r), and as if it is
    another thing of its class (c). Members say different things of the same thing independently,
    so that their ratios are multiplied (naive Bayes, as AF's pool); each is bounded, as a sensor
    may be wrong (`Likelihood`), so that no member outvotes all others. With R and C the products
    and p the probability of each thing before anything is seen, by Bayes' rule the three are as

        p R : AKIN p R / C^AKIN_WEIGHT : 1 - E p.

    A label that was never enrolled with a modality gets the ratio 1 from its members.
    """

    def __init__(
        self, labels: Sequence[str], tables: Mapping[tuple[str, str], ModalityMatch]
    ) -> None:
        """Create it; `enrolled_tables.match_of` does.

        Args:
            labels: E >= 1 names.
            tables: By modality and a name of `match_statistics.KINDS`.
        """
        self.labels = tuple(labels)
        self._tables = dict(tables)
        self._cache: dict[str, tuple[Floats, npt.NDArray[np.float64] | None]] = {}

    def odds(self, members: Sequence[Member]) -> npt.NDArray[np.float64]:
        """Return the odds [E] of each label against all that was not enrolled.

        Args:
            members: What the sensors show.
        """
        count = len(self.labels)
        prior = min(MOST / count, EACH)
        total = np.zeros((2, count))
        kept: dict[str, tuple[Floats, npt.NDArray[np.float64] | None]] = {}
        for number, member in enumerate(members):
            if member.weight <= 0:
                continue  # it contradicts the others
            # A member that has not changed since the last result is not matched again.
            key = f"{number}:{member.sensor}"
            known = self._cache.get(key)
            if known is None or known[0] is not member.values:
                known = (member.values, self.log_ratios(member))
            kept[key] = known
            if known[1] is not None:
                total += known[1]
        self._cache = kept
        thing = np.log(prior / (1 - count * prior)) + total[0]
        akin = np.log(AKIN) + thing - AKIN_WEIGHT * total[1]
        largest = max(float(akin.max()), 0.0)  # logarithm of a sum, faster than logaddexp.reduce
        rest = largest + np.log(np.exp(akin - largest).sum() + np.exp(-largest))
        return np.exp(thing - rest)

    def all_speak_for(self, label: str, members: Sequence[Member]) -> bool:
        """Return whether each member makes an enrolled label more probable than anything else.

        Args:
            label: A label; if it was not enrolled, none speaks for it.
            members: What the sensors show.
        """
        names = [same_text(name) for name in self.labels]
        if same_text(label) not in names:
            return False
        place = names.index(same_text(label))
        ratios = [self.log_ratios(member) for member in members]
        return all(ratio is not None and ratio[0, place] > 0 for ratio in ratios)

    def log_ratios(self, member: Member) -> npt.NDArray[np.float64] | None:
        """Return the logarithms of both ratios of each label [2, E]; None if it says nothing."""
        features = member.features if member.features is not None and member.features.size else None
        found = None if features is None else self._tables.get((member.modality, "features"))
        values = features
        if found is None:
            found, values = self._tables.get((member.modality, "embedding")), member.values
        if found is None or values is None:
            return None
        reliability = min(member.quality / FULL_QUALITY, 1.0)
        ratios = np.zeros((2, len(self.labels)))
        scores = found.table.scores(values)
        for of, score, likelihood in zip(ratios, scores, found.likelihoods, strict=True):
            of[found.places] = likelihood.log_ratio(score, reliability)
        return ratios
