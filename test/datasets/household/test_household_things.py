"""The objects that a simulated robot may come upon."""

import pickle
from pathlib import Path

import pytest
from paths import recordings
from tiny_furniture import furniture

from omnibind_ros.config import ParameterError, check
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.household.objects import find_objects
from omnibind_ros.datasets.household.things import choose_things, find_things
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.robot.config import RobotConfig

PIECES = [(f"c{n}", "Chair") for n in range(9)] + [(f"l{n}", "Lamp") for n in range(4)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return furniture(tmp_path_factory.mktemp("furniture"), PIECES)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_things_are_those_of_the_split_alone(folder, split):
    found = find_objects(read_catalogue(folder), None, ClassMap.load(), SkipLog())
    expected = {o.object_id for members in found.values() for o in members if o.split == split}
    things = find_things(split, str(folder))
    assert {thing.object_id for thing in things} == expected
    assert {thing.label for thing in things} == {"chair", "lamp"}
    assert [t.object_id for t in things] == sorted(t.object_id for t in things)
    again = pickle.loads(pickle.dumps(things[0]))  # they go to the process that renders
    assert again == things[0]


def test_training_objects_are_never_shown(folder):
    with pytest.raises(DatasetError, match="never shown"):
        find_things("train", str(folder))
    with pytest.raises(ParameterError, match="must be one of: shipped, test, validation"):
        check(RobotConfig, "split", "train")
    things = find_things("test", str(folder))
    training = min({name for name, _ in PIECES} - {t.object_id for t in things})
    with pytest.raises(DatasetError, match=f"'{training}' is no object of the split"):
        choose_things(things, [training])


def test_chosen_things_keep_their_order(folder):
    things = find_things("test", str(folder))
    ids = [thing.object_id for thing in things][::-1]
    assert [thing.object_id for thing in choose_things(things, ids)] == ids


def test_a_folder_without_meshes_is_one_sentence(folder, tmp_path):
    with pytest.raises(DatasetError, match="has no STL files: name the folder"):
        find_things("test", str(folder), str(tmp_path))


def test_meshes_add_test_objects_and_make_none_of_training(folder):
    meshes = recordings("object_sim")
    with_meshes = find_objects(read_catalogue(folder), meshes, ClassMap.load(), SkipLog())
    splits = {o.object_id: o.split for members in with_meshes.values() for o in members}
    assert all(splits[t.object_id] == "test" for t in find_things("test", str(folder)))
    assert any(
        t.object_id.startswith("contactdb-") for t in find_things("test", str(folder), str(meshes))
    )


def test_the_objects_that_the_package_brings_are_credited_and_can_be_loaded():
    brought = find_things("shipped")
    assert len(brought) >= 30
    assert len({thing.finest for thing in brought}) >= 28
    credited = (Path(__file__).parents[3] / "objects" / "AUTHORS.md").read_text(encoding="utf-8")
    for thing in brought:
        assert f"| {thing.object_id} |" in credited
        assert thing.source.licence in ("CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-US")
        assert f"{thing.source.author} | {thing.source.licence} |" in credited
    model = brought[0].source.load()
    assert model.author == brought[0].source.author
