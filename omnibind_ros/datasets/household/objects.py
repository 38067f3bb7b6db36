"""The objects of the household set: which there are, and how their models are loaded."""

from __future__ import annotations

import colorsys
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.item import Split
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.datasets.storage.splits import MIN_OBJECTS, stratified_splits
from omnibind_ros.simulation.objects.catalogue import Catalogue, CatalogueEntry
from omnibind_ros.simulation.objects.meshes import ObjectModel, load_entry, load_mesh

from .class_map import ClassMap

FURNITURE = "sweethome3d-furniture"
MESHES = "ContactDB object set"
MESHES_LICENCE = "Apache-2.0"
MESHES_AUTHOR = "S. Brahmbhatt, C. Ham, C. C. Kemp and J. Hays, by way of object_sim"


@dataclass(frozen=True)
class HouseholdObject:
    """An object that can be simulated.

    Attributes:
        object_id: Its id.
        label: Its class.
        split: Where it belongs.
        name: What its author calls it.
        source: Where it comes from.
        licence: Of the model.
        author: Of the model.
        entry: Its entry in the catalogue; None for a single mesh.
        mesh: The mesh file; None for an object of the catalogue.
        substance: Substance of a single mesh.
        finest: Its finest label, which may be the class.
    """

    object_id: str
    label: str
    split: Split
    name: str
    source: str
    licence: str
    author: str
    entry: CatalogueEntry | None = None
    mesh: Path | None = None
    substance: str = ""
    finest: str = ""

    def load(self) -> ObjectModel:
        """Load the model; raises MeshError."""
        if self.entry is not None:
            return load_entry(self.entry)
        if self.mesh is None:
            raise DatasetError(f"{self.object_id} has neither a catalogue entry nor a mesh")
        # The mesh has no colour of its own; it follows from the id, so that it never changes.
        hue, light = hashlib.sha256(self.object_id.encode()).digest()[:2]
        colour = colorsys.hls_to_rgb(hue / 255, 0.3 + 0.5 * light / 255, 0.45)
        attributes = {"object_id": self.object_id, "licence": self.licence, "author": self.author}
        return load_mesh(self.mesh, self.name, colour, self.substance, **attributes)


def find_objects(
    catalogue: Catalogue, meshes: Path | None, class_map: ClassMap, skipped: SkipLog
) -> dict[str, tuple[HouseholdObject, ...]]:
    """Find the objects of every class, and divide each class.

    Args:
        catalogue: The furniture.
        meshes: The folder of ContactDB's STL files, if there is one.
        class_map: Which object is of which class.
        skipped: Log of what is left out: objects of no class, and classes too small to divide.

    Returns:
        By class, at least three objects.

    Raises:
        DatasetError: There is no such class.
    """
    by_class: dict[str, list[HouseholdObject]] = {label: [] for label in class_map.classes}
    for each in (*furniture(catalogue, class_map, skipped), *_meshes(meshes, class_map, skipped)):
        by_class[each.label].append(each)
    objects: dict[str, tuple[HouseholdObject, ...]] = {}
    for label, members in by_class.items():
        if len(members) < MIN_OBJECTS:
            for member in members:
                skipped.add(
                    f"{member.object_id} ({label})",
                    f"the object's class has fewer than {MIN_OBJECTS} objects",
                )
        else:
            splits = stratified_splits(member.object_id for member in members)
            objects[label] = tuple(replace(each, split=splits[each.object_id]) for each in members)
    if not objects:
        raise DatasetError(
            f"no class has objects enough: name a folder that holds all of {FURNITURE}"
        )
    return objects


def furniture(
    catalogue: Catalogue, class_map: ClassMap, skipped: SkipLog
) -> Iterator[HouseholdObject]:
    """Yield the objects of a catalogue that have a class, as training objects: not yet divided.

    Args:
        catalogue: The furniture.
        class_map: Which object is of which class.
        skipped: Log of what is left out.
    """
    for problem in catalogue.problems:
        skipped.add(FURNITURE, problem)
    for entry in catalogue.entries:
        label = class_map.label_of(entry.object_id, entry.name, entry.category)
        if label is not None:
            yield HouseholdObject(
                entry.object_id,
                label,
                "train",
                entry.name,
                f"{FURNITURE}, {entry.archive.stem}",
                entry.licence,
                entry.author,
                entry=entry,
                finest=class_map.finest(label, entry.name),
            )
        elif entry.name in class_map.ignored:
            skipped.add(entry.name, "household.yaml puts the object into no class, on purpose")
        else:
            skipped.add(entry.name, "household.yaml does not know the object")


def _meshes(
    folder: Path | None, class_map: ClassMap, skipped: SkipLog
) -> Iterator[HouseholdObject]:
    if folder is None:
        return
    for entry in class_map.classes.values():
        for stem, substance in entry.meshes.items():
            path = folder / f"{stem}.stl"
            if not path.is_file():
                skipped.add(path.name, f"the file is not in the folder of the {MESHES}")
                continue
            yield HouseholdObject(
                f"contactdb-{stem}",
                entry.label,
                "train",
                stem,
                MESHES,
                MESHES_LICENCE,
                MESHES_AUTHOR,
                mesh=path,
                substance=substance,
                finest=entry.finest(stem),
            )
