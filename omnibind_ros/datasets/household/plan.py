"""The household set: object models seen by seven simulated sensors, and recordings beside them."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros import __version__
from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.readers import find_reader
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.datasets.storage.splits import shared_modalities
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.language.descriptions import Facts, load_facts
from omnibind_ros.simulation.objects.catalogue import Catalogue
from omnibind_ros.simulation.simulator import Simulator

from .class_map import ClassMap
from .objects import Thing, find_things

VIEWS = 2
"""Samples in a row of the same object, so that its model is loaded once for both."""

MESHES = "object_sim"
"""The folder of ContactDB's meshes, below that of the recordings."""

SUMMARY = """\
Seven paired modalities of object models that a service robot may meet. Image, points, thermal,
event, touch and audio were simulated on each model, text was composed from what is known of it.
Where something was recorded instead, the sample says so and has that modality only.
docs/explanation/simulation.md describes the sensor models and the limits of simulated data."""


@dataclass(frozen=True)
class Household:
    """The plan of the set; see `build.Plan`.

    Attributes:
        samples: Simulated samples.
        seed: Decides all chance.
        things: The objects, by class.
        recorded: Recordings, which follow the simulated samples.
        synonyms: By class, the words that give it away.
        facts: By class, what descriptions say.
        shares: Percent of paired training data by student modality.
        skipped: What was left out while planning.
    """

    samples: int
    seed: int
    things: Mapping[str, tuple[Thing, ...]]
    recorded: tuple[Item, ...]
    synonyms: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Facts]
    shares: Mapping[str, float] = field(default_factory=dict)
    skipped: SkipLog = field(default_factory=SkipLog)

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.samples + len(self.recorded)

    def thing(self, index: int) -> Thing:
        """Return the object of a simulated sample.

        Each class has its turn equally often, in an order of its own in every round; within a
        class each object has. So a set of any size is balanced and a larger one begins with it.
        """
        labels = sorted(self.things)
        turn, place = divmod(index // VIEWS, len(labels))
        label = labels[int(self._order(turn, len(labels))[place])]
        things = self.things[label]
        lap, position = divmod(turn, len(things))
        return things[int(self._order(lap, len(things), label)[position])]

    def _order(self, turn: int, count: int, label: str = "") -> Any:
        salt = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "big")
        return np.random.default_rng([self.seed, turn, salt]).permutation(count)

    def item(self, index: int) -> Item:
        """Return a sample, simulated or recorded.

        Raises:
            SkipError: Its model cannot be used.
        """
        if index >= self.samples:
            return self.recorded[index - self.samples]
        thing = self.thing(index)
        key = f"household-{index:07d}"

        @functools.cache
        def rendered() -> Mapping[str, Any]:
            simulator = _simulator(self, thing)
            return simulator.sample(np.random.default_rng([self.seed, index]), kept)

        kept = shared_modalities(key, MODALITIES, thing.split, self.shares)
        loaders: dict[str, Callable[[], Any]] = {
            name: functools.partial(_modality, rendered, name) for name in kept
        }
        try:
            meta = rendered()["meta"]
        except (ValueError, OSError) as error:
            raise SkipError(thing.object_id, str(error)) from error
        return Item(
            key=key,
            label=thing.label,
            object_id=thing.object_id,
            split=thing.split,
            modalities=loaders,
            origin=dict.fromkeys(loaders, "simulated"),
            source=thing.source,
            licence=thing.licence,
            author=thing.author,
            meta={"name": thing.name, **meta},
        )

    def describe(self) -> dict[str, Any]:
        """Return what the card says."""
        things = [thing for things in self.things.values() for thing in things]
        members: list[Thing | Item] = [*things, *self.recorded]
        ids = sorted([each.object_id, each.label, str(each.split)] for each in members)
        sources: dict[tuple[str, str], set[str]] = {}
        for thing in members:
            sources.setdefault((thing.source, thing.licence), set()).add(thing.author)
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
        }


def _credit(authors: Iterable[str]) -> str:
    named = sorted(filter(None, authors), key=str.lower)
    if len(named) <= 8:
        return ", ".join(named)
    return f"{len(named)} authors, named with each object below"


def _modality(rendered: Callable[[], Mapping[str, Any]], name: str) -> Any:
    data = rendered()
    if name == "touch":
        return np.stack([data["touch"], data["touch_reference"]])
    return data[name]


_last: tuple[str, Simulator] | None = None


def _simulator(plan: Household, thing: Thing) -> Simulator:
    """Return the thing's simulator; that of the last thing is kept in this process."""
    global _last  # noqa: PLW0603 - one a process, whatever the number of plans
    if _last is None or _last[0] != thing.object_id:
        label = thing.label
        made = Simulator(thing.load(), label, plan.facts[label], plan.synonyms[label])
        _last = (thing.object_id, made)
    return _last[1]


def plan_household(
    samples: int,
    seed: int,
    catalogue: Catalogue,
    *,
    recordings: Path | None = None,
    shares: Mapping[str, float] | None = None,
    class_map: ClassMap | None = None,
) -> Household:
    """Choose the objects of the set and the recordings beside them.

    Args:
        samples: Simulated samples.
        seed: Decides all chance but the splits, which no seed changes.
        catalogue: The furniture.
        recordings: A folder that holds published sets, as household.yaml names their folders, and
            ContactDB's meshes in object_sim. What is not there is told in the card.
        shares: Percent of paired training data by student modality; those not named have all.
        class_map: Which thing is of which class; None for household.yaml.

    Raises:
        DatasetError: There are no objects of any class, a class has no description, or there is
            no such folder.
    """
    if samples < 0 or seed < 0:
        raise DatasetError("the numbers of samples and the seed are 0 or more")
    if recordings is not None and not recordings.is_dir():
        raise DatasetError(f"{recordings} is not a folder: name the one that holds the recordings")
    class_map = class_map or ClassMap.load()
    skipped = SkipLog()
    meshes = recordings / MESHES if recordings is not None else None
    things = find_things(catalogue, meshes, class_map, skipped)
    facts = load_facts()
    unknown = sorted(set(things) - set(facts))
    if unknown:
        raise DatasetError(
            f"the class '{unknown[0]}' has no description: add it to "
            "simulation/language/descriptions.yaml"
        )
    return Household(
        samples,
        seed,
        things,
        tuple(_recorded(recordings, class_map, skipped)) if recordings is not None else (),
        {label: class_map.words(label) for label in things},
        {label: facts[label] for label in things},
        dict(shares or {}),
        skipped,
    )


def _recorded(folder: Path, class_map: ClassMap, skipped: SkipLog) -> Iterable[Item]:
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
