"""Makes one dataset of what a user names: bags, folders of recordings, and datasets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.combining.labels import LabelMatcher
from omnibind_ros.datasets.combining.sets import SourceSet, synonyms_of
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.bags.labels import read_bag_labels
from omnibind_ros.datasets.readers.bags.reader import BAG, LABELS, bags_in, labelled_spans
from omnibind_ros.datasets.readers.bags.stream import STREAM, UNLABELLED
from omnibind_ros.datasets.readers.folder import FOLDER
from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.manifest import MANIFEST
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.datasets.storage.split_notes import division_notes
from omnibind_ros.datasets.storage.splits import Member, divide
from omnibind_ros.progress import Progress, no_progress


@dataclass(frozen=True)
class Sources:
    """What a bundle is adapted to.

    Attributes:
        sets: The sets; each is read by a reader, or is a built dataset.
        labelled: Whether samples have labels; if not, what is seen at the same time is learnt.
    """

    sets: tuple[SourceSet, ...]
    labelled: bool

    @classmethod
    def parse(cls, texts: Sequence[str], unlabelled: bool = False) -> Sources:
        """Find what each source is.

        Args:
            texts: Each the folder of a built dataset, of a bag or of several bags, or of files by
                class; or READER:FOLDER.
            unlabelled: Whether labels in bags are not to be used.

        Raises:
            DatasetError: One is none of these, one is named twice, or some have labels and others
                have none.
        """
        sets = tuple(_source(text, unlabelled) for text in texts)
        _check_apart(sets)
        without = [each for each in sets if each.name == STREAM.name]
        if without and len(without) < len(sets):
            labelled = next(each for each in sets if each.name != STREAM.name)
            raise DatasetError(
                f"{without[0].path} has no labels, but {labelled.path} has; give labels to both, "
                "or adapt with --unlabelled, or to one after the other"
            )
        return cls(sets, labelled=not without)

    def plan(self) -> ListPlan:
        """List the recordings.

        Raises:
            DatasetError: Nothing can be used.
        """
        plan = ListPlan(self.sets)
        if not len(plan):
            raise DatasetError(_nothing(self.sets, plan.skipped))
        return plan

    def build(self, folder: Path, workers: int, progress: Progress = no_progress) -> Path:
        """Make the dataset; what is there already is not made again.

        Args:
            folder: The folder of the dataset's folder, whose name follows from the recordings: of
                changed recordings it is another one.
            workers: Processes.
            progress: Called with samples done, and all of them.

        Returns:
            The dataset's folder.

        Raises:
            DatasetError: Nothing can be used.
        """
        plan = self.plan()
        out = folder / f"data-{plan.key[:12]}"
        build_dataset(plan, out, workers=workers, progress=progress)
        return out


class ListPlan:
    """The plan of a dataset with the items of all sets as they are; see `building.plan.Plan`."""

    def __init__(self, sets: Sequence[SourceSet]) -> None:
        """List the items, and divide their objects among the splits.

        Raises:
            DatasetError: A set cannot be read.
        """
        self.skipped = SkipLog()
        self._sets = tuple(sets)
        self._items: list[Item] = []
        matcher = LabelMatcher()
        for number, source in enumerate(sets):
            for item in source.items(self.skipped):
                label = matcher.match(source.name, item.label, synonyms_of(item)) or item.label
                key = f"{number}-{item.key}" if number else item.key
                self._items.append(replace(item, key=key, label=label))
        division = divide(
            [Member(i.label, i.object_id, i.split, i.object_known) for i in self._items]
        )
        self._splits = with_validation(self._items, division.splits)
        self._notes = [] if self._is_stream() else division_notes(division)
        self.key = self._hash()

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._items)

    def item(self, index: int) -> Item:
        """Return a sample, its modalities not yet loaded."""
        return replace(self._items[index], split=self._splits[index])

    def _hash(self) -> str:
        """Return a hash of the items and of the files that they are read from."""
        items = [(i.key, i.label, i.object_id, i.split, sorted(i.modalities)) for i in self._items]
        files = [_files_of(each.path) for each in self._sets]
        return hashlib.sha256(json.dumps([items, files]).encode()).hexdigest()

    def _is_stream(self) -> bool:
        """Return whether samples have no labels; then blocks of time are their objects."""
        return all(item.label == UNLABELLED for item in self._items)

    def describe(self) -> dict[str, Any]:
        """Return the description for the data card."""
        names = ", ".join(str(each.path) for each in self._sets)
        return {
            "name": "adapt",
            "seed": None,
            "version": 1,
            "summary": f"Recordings of one's own sensors: {names}.",
            "sources": [source for each in self._sets for source in each.sources()],
            "skipped": self.skipped.to_dict(),
            "notes": self._notes,
            "samples": self.key,
        }


def with_validation(items: Sequence[Item], splits: Sequence[Split]) -> list[Split]:
    """Return splits of which some training objects are for validation, if nothing else is.

    Published sets often have a training and a test list only.

    Args:
        items: The items.
        splits: Of each, its split.
    """
    if "validation" in splits:
        return list(splits)
    training = [index for index, split in enumerate(splits) if split == "train"]
    members = [
        Member(items[i].label, items[i].object_id, None, items[i].object_known) for i in training
    ]
    found = list(splits)
    for index, split in zip(training, divide(members).splits, strict=True):
        found[index] = "validation" if split == "validation" else "train"
    return found


def _files_of(folder: Path) -> list[tuple[str, int, int]]:
    """Return name, bytes and time of change of each file of a set."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    stats = [(path, path.stat()) for path in files]
    return [(str(path.relative_to(folder)), s.st_size, s.st_mtime_ns) for path, s in stats]


def _nothing(sets: Sequence[SourceSet], skipped: SkipLog) -> str:
    """Return why there is no sample."""
    names = ", ".join(str(each.path) for each in sets)
    reason, count, examples = next(iter(skipped), ("", 0, []))
    if not count:
        return (
            f"{names} holds no recording; give the folder of a bag, of files by class "
            "(CLASS/FILE), or of a dataset"
        )
    return f"{names} holds nothing that can be used, e.g. {examples[0]}: {reason}"


def _check_apart(sets: Sequence[SourceSet]) -> None:
    """Raise DatasetError if a recording is in two sets: it would be learnt and measured."""
    for number, first in enumerate(sets):
        for second in sets[number + 1 :]:
            one, other = first.path.resolve(), second.path.resolve()
            if one == other or one in other.parents or other in one.parents:
                raise DatasetError(
                    f"{second.path} and {first.path} hold the same recordings; name each once"
                )


def _source(text: str, unlabelled: bool) -> SourceSet:
    """Return the set that a text names."""
    name, colon, folder = text.partition(":")
    path = Path(text).expanduser()
    if colon and name in READERS:
        bags = name == BAG.name
        return _bags(Path(folder).expanduser(), unlabelled) if bags else SourceSet.parse(text)
    if (path / MANIFEST).is_file():
        return SourceSet.parse(str(path))
    if not path.is_dir():
        raise DatasetError(
            f"there is no folder {text}; give the folder of a bag, of files by class "
            "(CLASS/FILE), or of a dataset"
        )
    if bags_in(path):
        return _bags(path, unlabelled)
    return SourceSet(FOLDER.name, path, built=False, reader=FOLDER.name)


def _bags(path: Path, unlabelled: bool) -> SourceSet:
    """Return bags with their labels, or as streams if they have none.

    Raises:
        DatasetError: Some have labels, and others have none.
    """
    bags = bags_in(path)
    if not bags:
        raise DatasetError(
            f"{path} holds no bag; give a folder with .mcap or .db3 files, or folders of these"
        )
    with_labels = [bool(labelled_spans(bag, read_bag_labels(bag / LABELS))) for bag in bags]
    if unlabelled or not any(with_labels):
        return SourceSet(STREAM.name, path, built=False, reader=STREAM.name)
    if not all(with_labels):
        bag = bags[with_labels.index(False)]
        raise DatasetError(
            f"{bag} has no labels, but other bags in {path} have; write {bag.name}/{LABELS}, move "
            "the bag elsewhere, or use no labels at all with --unlabelled"
        )
    return SourceSet(BAG.name, path, built=False, reader=BAG.name)
