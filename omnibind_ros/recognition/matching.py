"""Makes the match of enrolled labels with a bundle's statistics, or with defaults without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError

from .embedding_space import EmbeddingSpace
from .enrolled_file import Part
from .enrolled_match import EnrolledMatch, ModalityMatch
from .match_default import DEFAULT_LIKELIHOOD, CosineTable
from .match_statistics import Match, MatchFileError, NewerMatchFileError, read_statistics
from .match_table import MatchTable, summarise

Rows = dict[tuple[str, str], dict[int, list[Floats]]]
"""By modality and kind, and by number of the label: what was enrolled."""


class Matching:
    """Makes matches.

    Attributes:
        problem: Why the bundle's statistics cannot be used, in a sentence; '' if they can.
    """

    def __init__(self, statistics: Mapping[str, Match] | None = None, problem: str = "") -> None:
        """Create it; `load` does, from a bundle.

        Args:
            statistics: By modality; none: defaults are used.
            problem: See the attribute.
        """
        self.problem = problem
        self._statistics = dict(statistics or {})

    @classmethod
    def load(cls, bundle: Bundle) -> Matching:
        """Load a bundle's statistics; those of an encoder that was replaced are left out."""
        spec = bundle.manifest.matching
        if spec is None:
            return cls()
        path = bundle.root / spec.path
        consequence = "until then enrolled labels are recognised with a general threshold"
        if "matching" in bundle.problems:
            return cls(problem=f"{bundle.problems['matching']}; {consequence}")
        try:
            found = read_statistics(bundle.place(spec))
        except NewerMatchFileError as error:
            return cls(problem=f"{path} is not used: {error}; {consequence}")
        except BundleError as error:
            return cls(problem=f"{error}; {consequence}")
        except MatchFileError as error:
            return cls(
                problem=f"{path} is not used: {error}; restore it from where the bundle came; "
                f"{consequence}"
            )
        encoders = EmbeddingSpace.of(bundle, "").parts
        return cls({m: match for m, match in found.items() if match.encoder == encoders.get(m)})

    def match(self, labels: Sequence[tuple[str, Sequence[Part]]]) -> EnrolledMatch | None:
        """Return the match of labels and what was enrolled as them; None without labels."""
        if not labels:
            return None
        rows: Rows = {}
        for number, (_, parts) in enumerate(labels):
            for part in parts:
                for kind, values in (("features", part.features), ("embedding", part.values)):
                    if values.shape[1]:
                        of = rows.setdefault((part.modality, kind), {})
                        of.setdefault(number, []).append(values)
        tables = {}
        for (modality, kind), of in rows.items():
            table = self._table(modality, kind, of)
            if table is not None:
                tables[modality, kind] = table
        return EnrolledMatch([name for name, _ in labels], tables)

    def _table(
        self, modality: str, kind: str, of: Mapping[int, Sequence[Floats]]
    ) -> ModalityMatch | None:
        match = self._statistics.get(modality)
        statistics = None if match is None else match.by_kind.get(kind)
        if statistics is None:
            if kind == "features":
                return None
            values = [np.concatenate(of[number]) for number in of]
            both = (DEFAULT_LIKELIHOOD, DEFAULT_LIKELIHOOD)
            return ModalityMatch(np.array(list(of), np.intp), CosineTable(values), both)
        size = len(statistics.mean)
        fitting = {
            number: [one for one in all_of if one.shape[1] == size] for number, all_of in of.items()
        }
        fitting = {number: all_of for number, all_of in fitting.items() if all_of}
        if not fitting:
            return None
        prototypes = [
            summarise(statistics.place(np.concatenate(all_of)), statistics.between)
            for all_of in fitting.values()
        ]
        places = np.array(list(fitting), np.intp)
        return ModalityMatch(places, MatchTable(statistics, prototypes), statistics.likelihoods)
