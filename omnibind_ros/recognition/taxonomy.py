"""The taxonomy of labels: which label or group contains which, and the finest one that is sure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.plain_text import SentenceError, same_text

MAX_GROUPS = 1000

SURE = 0.5
"""Probability from which a category is sure."""

WIDEST = 5
"""Labels that an answer may cover, itself included, to be right about a label that it contains."""


class TaxonomyError(SentenceError):
    """Groups that cannot be used; the text is one sentence."""


@dataclass(frozen=True)
class Group:
    """A label or another word that contains labels or groups.

    Attributes:
        name: A label with finer labels, such as 'chair', or a word that is no label ('furniture').
        contains: Labels or groups: what is directly below it.
    """

    name: str
    contains: tuple[str, ...]


@dataclass(frozen=True)
class Taxonomy:
    """Groups of labels without cycles; a label may be in several.

    Names that differ by case or spaces only are the same.

    Attributes:
        groups: Checked (`checked`).
    """

    groups: tuple[Group, ...] = ()

    @classmethod
    def checked(cls, groups: Sequence[Group], labels: Iterable[str]) -> Taxonomy:
        """Return the taxonomy of a list of labels.

        Args:
            groups: The groups.
            labels: All labels.

        Raises:
            TaxonomyError: There are too many groups, a name is there twice, something contained is
                neither a label nor a group, or a group contains itself.
        """
        if len(groups) > MAX_GROUPS:
            raise TaxonomyError(
                f"{len(groups)} groups are more than {MAX_GROUPS}; leave out some of them"
            )
        names: set[str] = set()
        for group in groups:
            if same_text(group.name) in names:
                raise TaxonomyError(f"group '{group.name}' is there twice; make one group of both")
            names.add(same_text(group.name))
        names |= set(map(same_text, labels))
        for group in groups:
            below = list(map(same_text, group.contains))
            if not below:
                raise TaxonomyError(f"group '{group.name}' contains nothing; fill or remove it")
            for name, key in zip(group.contains, below, strict=True):
                if key not in names:
                    raise TaxonomyError(
                        f"group '{group.name}' contains '{name}', which is neither a label nor a "
                        "group; correct the name, or add it"
                    )
                if below.count(key) > 1:
                    raise TaxonomyError(
                        f"group '{group.name}' contains '{name}' twice; remove one of them"
                    )
        taxonomy = cls(tuple(groups))
        taxonomy._check_acyclic()
        return taxonomy

    @cached_property
    def _parents(self) -> Mapping[str, tuple[Group, ...]]:
        """By key of a name, the groups that contain it directly."""
        found: dict[str, list[Group]] = {}
        for group in self.groups:
            for name in group.contains:
                found.setdefault(same_text(name), []).append(group)
        return {key: tuple(groups) for key, groups in found.items()}

    def _check_acyclic(self) -> None:
        """Raise TaxonomyError if a group contains itself."""
        names = {same_text(group.name): group.name for group in self.groups}
        below = {same_text(group.name): map(same_text, group.contains) for group in self.groups}
        try:
            TopologicalSorter(below).prepare()
        except CycleError as error:
            path = [names[key] for key in error.args[1][::-1]]  # each contains the next
            raise TaxonomyError(
                f"group '{path[0]}' contains itself ({' > '.join(path)}); remove one of these "
                "entries"
            ) from error

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return the groups that contain a label or group, the nearest first.

        Args:
            name: A label, which need not be in the taxonomy, or a group.
        """
        found: dict[str, str] = {}
        waiting = deque([name])
        while waiting:
            for parent in self._parents.get(same_text(waiting.popleft()), ()):
                if same_text(parent.name) not in found:
                    found[same_text(parent.name)] = parent.name
                    waiting.append(parent.name)
        return tuple(found.values())

    def labels_in(self, name: str, labels: Sequence[str]) -> tuple[str, ...]:
        """Return those of some labels that a node contains; a label contains itself.

        Args:
            name: A label or a group.
            labels: The labels, such as those of a bank.
        """
        key = same_text(name)
        return tuple(
            label
            for label in labels
            if key in (same_text(label), *map(same_text, self.ancestors(label)))
        )

    def renamed(self, name: str, new_name: str) -> Taxonomy:
        """Return the taxonomy with another name of a label or group."""
        key = same_text(name)

        def new(old: str) -> str:
            return new_name if same_text(old) == key else old

        return replace(
            self,
            groups=tuple(
                Group(new(group.name), tuple(map(new, group.contains))) for group in self.groups
            ),
        )


NO_GROUPS = Taxonomy()
"""That of labels of which none contains another."""


class Categories:
    """The nodes of a taxonomy over the labels of a bank."""

    def __init__(self, labels: Sequence[str], taxonomy: Taxonomy) -> None:
        """Find the nodes.

        Args:
            labels: L names. Those that the taxonomy does not know are in no group.
            taxonomy: It may know further labels; a group without one of these labels is no node.
        """
        self._labels = tuple(labels)
        place = {same_text(label): number for number, label in enumerate(labels)}
        inside: dict[str, list[int]] = {}
        names: dict[str, str] = {}
        for number, label in enumerate(labels):
            for name in taxonomy.ancestors(label):
                names.setdefault(same_text(name), name)
                inside.setdefault(same_text(name), []).append(number)
        for key, members in inside.items():
            if key in place:
                names[key] = labels[place[key]]
                members.append(place[key])
        # Finer nodes first: of several that are sure, the first is taken.
        keys = sorted(inside, key=lambda key: (len(inside[key]), key not in place))
        self._names = tuple(names[key] for key in keys)
        self._members = [np.array(sorted(inside[key]), np.intp) for key in keys]
        self._own = np.array([place.get(key, -1) for key in keys], np.intp)
        self._finest = np.ones(len(labels), np.bool_)
        self._finest[self._own[self._own >= 0]] = False
        self._flat = np.concatenate([*self._members, np.zeros(0, np.intp)])
        self._starts = np.cumsum([0, *map(len, self._members)])[:-1]

    def finest_sure(
        self, probabilities: npt.NDArray[Any], threshold: float = SURE
    ) -> tuple[str, float]:
        """Return the finest node that is sure: the one with the fewest labels.

        Args:
            probabilities: [L], of the labels; their sum is at most 1.
            threshold: Summed probability from which a node is sure, above 0.

        Returns:
            Its name and summed probability; ('', 0.0) if none is sure. Of two nodes with equally
            many labels the more probable one.
        """
        if not len(probabilities):
            return "", 0.0
        best = int(probabilities.argmax())
        if probabilities[best] >= threshold:  # else no label is sure
            if not self._finest[best]:
                best = int(np.where(self._finest, probabilities, -1.0).argmax())
            if self._finest[best] and probabilities[best] >= threshold:
                return self._labels[best], float(probabilities[best])
        if not self._names:
            return "", 0.0
        sums = np.add.reduceat(probabilities[self._flat], self._starts)
        sure = (sums >= threshold).nonzero()[0].tolist()
        if not sure:
            return "", 0.0
        size = len(self._members[sure[0]])
        finest = [node for node in sure if len(self._members[node]) == size]
        node = max(finest, key=sums.__getitem__)
        return self._names[node], float(sums[node])

    @cached_property
    def right_answers(self) -> npt.NDArray[np.bool_]:
        """Which answers are right about a thing, bool [L, L].

        At [label of the thing, answer]: whether the answer is this label, or contains it and covers
        at most `WIDEST` labels.
        """
        right = np.eye(len(self._labels), dtype=np.bool_)
        for own, members in zip(self._own, self._members, strict=True):
            if own >= 0 and len(members) <= WIDEST:
                right[members, own] = True
        return right
