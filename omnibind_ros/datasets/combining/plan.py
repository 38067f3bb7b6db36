"""Combines sets by the meaning of their labels: the plan of `omnibind dataset combine`.

A sample of a class has one recording of every set that has the class in the same split. What a set
has recorded together, such as a touch and the picture of the touched object, stays together. There
are as many samples as the most frequent modality of the class has recordings; those of the others
are used several times, in a new random order each time.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.readers.base import item_key
from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.datasets.storage.split_notes import counted, division_notes, missing_notes
from omnibind_ros.datasets.storage.splits import Member, divide
from omnibind_ros.modalities import MODALITIES

from .labels import LabelMatcher
from .sets import SourceSet, named_apart, synonyms_of

PER_CLASS = 500
"""Most recordings of a class and split from each set."""


def _rank(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


class Pool:
    """The recordings of one class and split of a set, up to a limit, chosen by hash of the key.

    So the choice does not depend on the order in which they are read.
    """

    def __init__(self, limit: int) -> None:
        """Start empty.

        Args:
            limit: Most recordings.
        """
        self._limit = limit
        self._heap: list[tuple[int, str, Item]] = []
        self.dropped = 0

    def add(self, item: Item) -> None:
        """Add a recording."""
        entry = (-_rank(item.key), item.key, item)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)
            self.dropped += 1

    def items(self) -> tuple[Item, ...]:
        """Return the chosen recordings, in an order that does not depend on that of `add`."""
        return tuple(item for _, _, item in sorted(self._heap, key=lambda entry: entry[:2]))


Pools = dict[tuple[str, Split], dict[str, Pool]]
"""By class and split, and by name of a set, its recordings."""


@dataclass(frozen=True)
class Group:
    """The recordings that samples of one class and split are made of.

    Attributes:
        label: The class.
        split: The split.
        parts: Names of sets, each with its recordings; sets without any are left out.
        count: Number of samples.
    """

    label: str
    split: Split
    parts: tuple[tuple[str, tuple[Item, ...]], ...]
    count: int


def _count(parts: Sequence[tuple[str, tuple[Item, ...]]]) -> dict[str, int]:
    """Return the number of recordings of each modality."""
    counts = dict.fromkeys(MODALITIES, 0)
    for _, items in parts:
        for item in items:
            for modality in item.modalities:
                counts[modality] += 1
    return {modality: count for modality, count in counts.items() if count}


class CombinePlan:
    """The plan of a combined set; see `building.plan.Plan`."""

    def __init__(
        self,
        sets: Sequence[SourceSet],
        matcher: LabelMatcher,
        *,
        seed: int = 0,
        samples: int = 0,
        per_class: int = PER_CLASS,
        min_modalities: int = 0,
    ) -> None:
        """List the recordings of the sets and match their labels.

        Args:
            sets: At least one.
            matcher: Matches the labels; it is given all of them.
            seed: Seed of the pairing.
            samples: Most samples, taken evenly from all classes; 0: all.
            per_class: Most recordings of a class, split and set.
            min_modalities: Classes with fewer modalities in a split are left out of it; 0: 2, or 1
                where the sets have one modality alone.

        Raises:
            DatasetError: A set cannot be read, two have the same name, or nothing can be combined.
        """
        sets = named_apart(sets)
        names = [each.name for each in sets]
        if len(set(names)) < len(names):
            raise DatasetError("two of the sets have the same name; rename a folder")
        self.skipped = SkipLog()
        self.notes: list[str] = []
        self._sets, self._seed, self._matcher = tuple(sets), seed, matcher
        pools = self._pools(per_class)
        self._note_dropped(pools, per_class)
        least = min_modalities or self._least(pools)
        self._options = {"samples": samples, "per_class": per_class, "minimum": least}
        groups = list(self._groups(pools, least))
        self._note_alone(pools, groups, least)
        there: dict[str, list[Split]] = {}
        for group in groups:
            there.setdefault(group.label, []).append(group.split)
        self.notes += missing_notes(there)
        self._samples = list(_in_turn(groups))[: samples or None]
        if not self._samples:
            raise DatasetError(
                f"no class has {least} modalities in one split of {', '.join(names)}: ask "
                "for suggestions with --suggest, or set --min-modalities 1"
            )

    def _labelled(self) -> Iterator[tuple[SourceSet, str, Item]]:
        """Yield the items whose label is of a class, each with its set and its class."""
        for source in self._sets:
            for item in source.items(self.skipped):
                label = self._matcher.match(source.name, item.label, synonyms_of(item))
                if label is None:
                    self.skipped.add(f"{source.name}: {item.label}", "the label is of no class")
                else:
                    yield source, label, item

    def _pools(self, per_class: int) -> Pools:
        labelled = list(self._labelled())
        division = divide(
            [
                Member(self._group(source, label), item.object_id, item.split, item.object_known)
                for source, label, item in labelled
            ]
        )
        self.notes += [*self.skipped.notes, *division_notes(division)]
        pools: Pools = {}
        published: dict[str, tuple[SourceSet, Split]] = {}
        for (source, label, item), split in zip(labelled, division.splits, strict=True):
            first, other = published.setdefault(item.object_id, (source, split))
            # A built dataset may have divided the recordings of an object on purpose.
            if item.split and split != other and not (source.built and source == first):
                self.skipped.add(item.object_id, "its object is in another split already")
            else:
                by_source = pools.setdefault((label, split), {})
                by_source.setdefault(source.name, Pool(per_class)).add(item)
        return pools

    def _group(self, source: SourceSet, label: str) -> str:
        return label if len(self._sets) == 1 else f"{label} of {source.name}"

    def _note_dropped(self, pools: Pools, per_class: int) -> None:
        """Log and note what `per_class` leaves out, by class."""
        lost: Counter[str] = Counter()
        for (label, _), by_source in sorted(pools.items()):
            dropped = sum(pool.dropped for pool in by_source.values())
            if dropped:
                lost[label] += dropped
                self.skipped.add(label, "there are more recordings than --per-class", dropped)
        if lost:
            self.notes.append(
                f"--per-class {per_class} leaves out {lost.total()} recordings: {counted(lost)}; a "
                "larger number keeps them."
            )

    def _least(self, pools: Pools) -> int:
        """Return how many modalities a class must have if the user does not say it."""
        there = {
            modality
            for by_source in pools.values()
            for pool in by_source.values()
            for item in pool.items()
            for modality in item.modalities
        }
        if len(there) == 1:
            self.notes.append(
                f"the sets have one modality alone ({there.pop()}), so a sample is one recording."
            )
            return 1
        return 2

    def _note_alone(self, pools: Pools, groups: Sequence[Group], least: int) -> None:
        """Note how many recordings of each class have too few other modalities."""
        used = {(group.label, group.split) for group in groups}
        lost: Counter[str] = Counter()
        for (label, split), by_source in sorted(pools.items()):
            if (label, split) not in used:
                lost[label] += sum(len(pool.items()) for pool in by_source.values())
        if lost and groups:
            self.notes.append(
                f"{lost.total()} recordings of classes with fewer than {least} modalities in a "
                f"split are left out: {counted(lost)}; --min-modalities 1 keeps them."
            )

    def _groups(self, pools: Pools, min_modalities: int) -> Iterator[Group]:
        for (label, split), by_source in sorted(pools.items()):
            parts = tuple((name, pool.items()) for name, pool in by_source.items())
            counts = _count(parts)
            if len(counts) < min_modalities:
                lost = sum(len(items) for _, items in parts)
                why = f"its class has fewer than {min_modalities} modalities in a split"
                self.skipped.add(f"{label} ({split})", why, lost)
            else:
                yield Group(label, split, parts, max(counts.values()))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._samples)

    def item(self, index: int) -> Item:
        """Return a sample, its modalities not yet loaded.

        Raises:
            SkipError: None of the recordings has a modality.
        """
        group, turn = self._samples[index]
        first = turn % len(group.parts)
        chosen: dict[str, tuple[str, Item]] = {}
        # Where two sets have the same modality, it is taken from each in turn.
        for name, items in (*group.parts[first:], *group.parts[:first]):
            item = items[self._place(group, name, turn, len(items))]
            for modality in item.modalities:
                chosen.setdefault(modality, (name, item))
        if not chosen:
            raise SkipError(f"{group.label} ({group.split})", "no set has a modality of it")
        used = list({(name, item.key): (name, item) for name, item in chosen.values()}.values())
        return Item(
            key=item_key("combine", f"{index:08}-{group.label}"),
            label=group.label,
            object_id="combine/" + " ".join(item.object_id for _, item in used),
            split=group.split,
            modalities={m: item.modalities[m] for m, (_, item) in chosen.items()},
            origin={m: item.origin[m] for m, (_, item) in chosen.items()},
            source=_join_texts(item.source for _, item in used),
            licence=_join_texts(item.licence for _, item in used),
            author=_join_texts(item.author for _, item in used),
            meta={
                "parts": [
                    {
                        "set": name,
                        "key": item.key,
                        "label": item.label,
                        "modalities": [m for m, (_, other) in chosen.items() if other is item],
                        "licence": item.licence,
                        "author": item.author,
                        "meta": dict(item.meta),
                    }
                    for name, item in used
                ]
            },
        )

    def _place(self, group: Group, name: str, turn: int, count: int) -> int:
        lap, place = divmod(turn, count)
        salt = _rank(f"{group.label} {group.split} {name}")
        order = np.random.default_rng((self._seed, salt, lap)).permutation(count)
        return int(order[place])

    def describe(self) -> dict[str, Any]:
        """Return the description for the data card."""
        joined = {
            label: {name: sorted(labels) for name, labels in sources.items()}
            for label, sources in sorted(self._matcher.joined.items())
        }
        names = ", ".join(each.name for each in self._sets)
        return {
            "name": "combine",
            "seed": self._seed,
            "version": 2,
            "summary": f"Samples of {names}, combined by the meaning of their labels. The parts of "
            "a sample were recorded together only if they are from one set; see meta['parts'].",
            "sources": [source for each in self._sets for source in each.sources()],
            "skipped": self.skipped.to_dict(),
            "labels": joined,
            "options": self._options,
            "notes": self.notes,
        }


def _join_texts(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _in_turn(groups: Sequence[Group]) -> Iterator[tuple[Group, int]]:
    """Yield samples, one of each class and split in turn as long as it has any."""
    turn, remaining = 0, list(groups)
    while remaining:
        for group in remaining:
            yield group, turn
        turn += 1
        remaining = [group for group in remaining if group.count > turn]
