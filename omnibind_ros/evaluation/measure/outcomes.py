"""What each rule says right, sample by sample, on every combination of modalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """Whether K rules are right on N samples in C combinations of modalities.

    Attributes:
        combinations: The C combinations, names joined with '+'.
        objects: [N], names of the samples' objects.
        correct: bool [C, N] by rule.
    """

    combinations: tuple[str, ...]
    objects: npt.NDArray[np.str_]
    correct: dict[str, Booleans]

    def of(self, rule: str, combination: str) -> npt.NDArray[np.float64]:
        """Return 100 where a rule is right about a sample, else 0, [N]."""
        return 100.0 * self.correct[rule][self.combinations.index(combination)]

    def mean(self, rule: str, combinations: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the percentage of combinations in which a rule is right about a sample, [N]."""
        places = [self.combinations.index(name) for name in combinations]
        return np.asarray(100.0 * self.correct[rule][places].mean(0))

    def single(self, modality: str) -> npt.NDArray[np.float64]:
        """Return 100 where a modality's encoder alone is right about a sample, else 0, [N].

        The mean of one embedding is this embedding.
        """
        return self.of("mean", modality)


def several(combinations: Sequence[str], without: str = "") -> list[str]:
    """Return the combinations of two or more modalities, without those that have one of them."""
    return [name for name in combinations if "+" in name and without not in name.split("+")]
