"""The objects of the household set that a simulated robot may come upon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.share import share_folders
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.objects.fetching import fetch
from omnibind_ros.simulation.robot.rendered import Thing

from .class_map import ClassMap
from .objects import FURNITURE, HouseholdObject, find_objects, furniture

SHIPPED = "shipped"
"""The name of the objects that the package brings, as a split."""


def find_things(split: str, catalogue: str = "", meshes: str = "") -> list[Thing]:
    """Return the objects of a split, in the order of their ids.

    The test objects without the ContactDB meshes (113) are among those with them (120).

    Args:
        split: `test`, `validation`, or `shipped`: the test objects that the package brings.
        catalogue: Folder of .sh3f files; empty: Debian's package, which is downloaded once.
            Neither this nor `meshes` counts for the objects that the package brings.
        meshes: Folder of ContactDB's STL files; empty: without them.

    Raises:
        CatalogueError: The models are not there and cannot be downloaded.
        DatasetError: The split is that of the training, a folder is missing, or no class has
            objects enough.
    """
    if split == "train":
        raise DatasetError("objects of the training split are never shown: use the split test")
    if split == SHIPPED:
        return _shipped()
    if meshes and not any(Path(meshes).expanduser().glob("*.stl")):
        raise DatasetError(f"{meshes} has no STL files: name the folder of ContactDB's meshes")
    class_map = ClassMap.load()
    folder = Path(meshes).expanduser() if meshes else None
    models = read_catalogue(Path(catalogue).expanduser() if catalogue else fetch())
    found = find_objects(models, folder, class_map, SkipLog())
    return _things(
        class_map, (each for members in found.values() for each in members if each.split == split)
    )


def _shipped() -> list[Thing]:
    folder = next((f for f in share_folders("objects") if f.is_dir()), None)
    if folder is None:
        raise DatasetError(
            "the objects that the package brings are not installed: build the package (make "
            f"setup), or set split to test, which takes them from {FURNITURE}"
        )
    class_map = ClassMap.load()
    # All are of the test split (tools/show_objects.py); a few objects cannot be divided anew.
    return _things(class_map, furniture(read_catalogue(folder), class_map, SkipLog()))


def _things(class_map: ClassMap, objects: Iterable[HouseholdObject]) -> list[Thing]:
    things = [
        Thing(each.object_id, each.label, class_map.words(each.label), each, each.finest)
        for each in objects
    ]
    return sorted(things, key=lambda thing: thing.object_id)


def choose_things(things: Sequence[Thing], ids: Sequence[str]) -> list[Thing]:
    """Return objects by their ids, in that order.

    Raises:
        DatasetError: One is not among them.
    """
    by_id = {thing.object_id: thing for thing in things}
    for object_id in ids:
        if object_id not in by_id:
            raise DatasetError(
                f"'{object_id[:80]}' is no object of the split, such as '{things[0].object_id}': "
                "take it out of objects"
            )
    return [by_id[object_id] for object_id in ids]
