"""The household set: object models measured by simulated sensors, and recordings beside them."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros import __version__
from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.readers import find_reader
from omnibind_ros.datasets.samples import stored_modalities
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.datasets.storage.splits import shared_modalities
from omnibind_ros.modalities import OWN
from omnibind_ros.simulation import simulated_modalities
from omnibind_ros.simulation.language.descriptions import Description, load_descriptions
from omnibind_ros.simulation.objects.catalogue import Catalogue
from omnibind_ros.simulation.objects.parametric import AUTHOR, LICENCE
from omnibind_ros.simulation.simulator import Simulator

from .class_map import PARAMETRIC, ClassMap
from .objects import HouseholdObject, find_objects
from .parametric import parametric_count, parametric_item

VIEWS = 2
"""Samples in a row of the same object, so that its model is loaded once for both."""

MESHES = "object_sim"
"""Folder of ContactDB's meshes, in that of the recordings."""

SUMMARY = """\
Seven paired modalities of object models that a service robot may meet. Image, points, thermal,
event, touch and audio were simulated on each model, text was composed from what is known of it.
Where a modality was recorded instead, the sample notes it and has that modality only.
docs/explanation/simulation.md describes the sensor models and the limits of simulated data."""


@dataclass(frozen=True)
class Household:
    """The plan of the set; see `building.builder.Plan`.

    Attributes:
        samples: Number of simulated samples.
        seed: Seed of all random draws.
        objects: The objects, by class.
        recordings: Recorded items, which follow the simulated samples.
        synonyms: By class, the words that give it away.
        descriptions: By class, what is known of it.
        shares: Percent of paired training data by student modality.
        skipped: What was left out while planning.
        parametric: Made-up things of each kind, whose clouds follow the recordings.
    """

    samples: int
    seed: int
    objects: Mapping[str, tuple[HouseholdObject, ...]]
    recordings: tuple[Item, ...]
    synonyms: Mapping[str, tuple[str, ...]]
    descriptions: Mapping[str, Description]
    shares: Mapping[str, float] = field(default_factory=dict)
    skipped: SkipLog = field(default_factory=SkipLog)
    parametric: int = 0

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.samples + len(self.recordings) + parametric_count(self.parametric)

    def object_at(self, index: int) -> HouseholdObject:
        """Return the object of a simulated sample.

        Every class has its turn equally often, in an order of its own in every round, and within a
        class every object. So a set of any size is balanced, and a larger set begins with it.
        """
        labels = sorted(self.objects)
        turn, place = divmod(index // VIEWS, len(labels))
        label = labels[int(self._order(turn, len(labels))[place])]
        objects = self.objects[label]
        lap, position = divmod(turn, len(objects))
        return objects[int(self._order(lap, len(objects), label)[position])]

    def _order(self, turn: int, count: int, label: str = "") -> Any:
        salt = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "big")
        return np.random.default_rng([self.seed, turn, salt]).permutation(count)

    def item(self, index: int) -> Item:
        """Return a sample: simulated, recorded, or of a made-up thing.

        Raises:
            SkipError: Its model cannot be used.
        """
        if index >= self.samples + len(self.recordings):
            return parametric_item(index - self.samples - len(self.recordings), self.seed)
        if index >= self.samples:
            return self.recordings[index - self.samples]
        subject = self.object_at(index)
        label, key = subject.label, f"household-{index:07d}"
        names = shared_modalities(key, _modalities(), subject.split, self.shares)

        @functools.cache
        def sample() -> Mapping[str, Any]:
            simulator = _simulator(subject, self.descriptions[label], self.synonyms[label])
            return simulator.sample(np.random.default_rng([self.seed, index]), names)

        try:
            meta = sample()["meta"]
        except (ValueError, OSError) as error:
            raise SkipError(subject.object_id, str(error)) from error

        def load(name: str) -> Any:
            return sample()[name]

        loaders = {name: functools.partial(load, name) for name in names}
        return Item(
            key=key,
            label=label,
            object_id=subject.object_id,
            split=subject.split,
            modalities=loaders,
            origin=dict.fromkeys(loaders, "simulated"),
            source=subject.source,
            licence=subject.licence,
            author=subject.author,
            meta={"name": subject.name, **meta},
        )

    def describe(self) -> dict[str, Any]:
        """Return the description for the data card."""
        objects = [each for members in self.objects.values() for each in members]
        members: list[HouseholdObject | Item] = [*objects, *self.recordings]
        ids = sorted([each.object_id, each.label, str(each.split)] for each in members)
        sources: dict[tuple[str, str], set[str]] = {}
        for each in members:
            sources.setdefault((each.source, each.licence), set()).add(each.author)
        if self.parametric:
            sources[PARAMETRIC, LICENCE] = {AUTHOR}
        own = {modality.name for modality in OWN}
        others = [name for name in _modalities() if name not in own]
        return {
            "name": "household",
            "seed": self.seed,
            "version": __version__,
            "summary": SUMMARY,
            "shares": dict(self.shares),
            "objects": hashlib.sha256(json.dumps(ids).encode()).hexdigest(),
            "sources": [
                {"name": name, "licence": licence, "credit": _credit(authors)}
                for (name, licence), authors in sorted(sources.items())
            ],
            "skipped": self.skipped.to_dict(),
            **({"parametric": self.parametric} if self.parametric else {}),
            **({"modalities of other packages": others} if others else {}),
        }


def _credit(authors: Iterable[str]) -> str:
    named = sorted(filter(None, authors), key=str.lower)
    if len(named) <= 8:
        return ", ".join(named)
    return f"{len(named)} authors, named with each object below"


def _modalities() -> list[str]:
    """Return the modalities that can be simulated and stored."""
    return [name for name in simulated_modalities() if name in stored_modalities()]


@functools.lru_cache(maxsize=1)
def _simulator(
    subject: HouseholdObject, description: Description, synonyms: tuple[str, ...]
) -> Simulator:
    """Return an object's simulator; the last one is cached, as samples in a row share it."""
    return Simulator(subject.load(), subject.label, description, synonyms, subject.finest)


def plan_household(
    samples: int,
    seed: int,
    catalogue: Catalogue,
    *,
    recordings: Path | None = None,
    shares: Mapping[str, float] | None = None,
    class_map: ClassMap | None = None,
    parametric: int = 0,
) -> Household:
    """Choose the objects of the set and the recordings beside them.

    Args:
        samples: Number of simulated samples.
        seed: Seed of all random draws; the splits do not depend on it.
        catalogue: The furniture.
        recordings: A folder that holds published sets, as household.yaml names their folders, and
            ContactDB's meshes in object_sim. The data card names what is not there.
        shares: Percent of paired training data by student modality; those not named have all.
        class_map: Which object is of which class; None for household.yaml.
        parametric: Made-up things of each kind, whose clouds are added for training.

    Raises:
        DatasetError: There are no objects of any class, a class has no description, or there is
            no such folder.
    """
    if samples < 0 or seed < 0 or parametric < 0:
        raise DatasetError("the numbers of samples and things and the seed are 0 or more")
    if recordings is not None and not recordings.is_dir():
        raise DatasetError(f"{recordings} is not a folder: name the one that holds the recordings")
    class_map = class_map or ClassMap.load()
    skipped = SkipLog()
    meshes = recordings / MESHES if recordings is not None else None
    objects = find_objects(catalogue, meshes, class_map, skipped)
    descriptions = load_descriptions()
    unknown = sorted(set(objects) - set(descriptions))
    if unknown:
        raise DatasetError(
            f"the class '{unknown[0]}' has no description: add it to "
            "simulation/language/descriptions.yaml"
        )
    return Household(
        samples,
        seed,
        objects,
        tuple(_read_recordings(recordings, class_map, skipped)) if recordings is not None else (),
        {label: class_map.words(label) for label in objects},
        {label: descriptions[label] for label in objects},
        dict(shares or {}),
        skipped,
        parametric,
    )


def _read_recordings(folder: Path, class_map: ClassMap, skipped: SkipLog) -> Iterable[Item]:
    for published in class_map.recorded:
        if not (folder / published.folder).is_dir():
            skipped.add(published.folder, "the folder of recordings does not hold this set")
            continue
        for item in find_reader(published.reader).read(folder / published.folder, skipped):
            if item.label not in published.labels:
                skipped.add(f"{published.folder}: {item.label}", "the recording is of no class")
                continue
            yield replace(
                item,
                label=published.labels[item.label],
                licence=published.licence or item.licence,
                author=published.author or item.author,
                meta={**item.meta, "name": item.label},
            )
