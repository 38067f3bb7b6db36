"""The household set: balanced, divided by object, and told what is left out."""

import json
from collections import Counter

import numpy as np
import pytest
import soundfile
from tiny_furniture import furniture

from omnibind_ros.cli import main
from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.household import parametric as things
from omnibind_ros.datasets.household.parametric import parametric_count
from omnibind_ros.datasets.household.plan import VIEWS, plan_household
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.encoding import encode
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.objects.parametric_kinds import KINDS
from omnibind_ros.simulation.scene import ray_casting as scene

CHAIRS = [(f"chair{n}", "Chair") for n in range(5)]
LAMPS = [(f"lamp{n}", "Desk lamp") for n in range(3)]
OTHERS = [("rocket", "Moon rocket"), ("frame", "Aquarium"), ("sofa1", "Sofa")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return furniture(tmp_path_factory.mktemp("furniture"), CHAIRS + LAMPS + OTHERS)


@pytest.fixture(scope="module")
def catalogue(folder):
    return read_catalogue(folder)


@pytest.fixture
def recordings(tmp_path):
    for place in ("005 - Clock tick/1-17-A", "005 - Clock tick/5-18-A", "011 - Doorbell/1-19-A"):
        path = tmp_path / "recordings" / "esc10" / f"{place}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        tick = np.random.default_rng(0).normal(0, 0.1, 44_100)
        soundfile.write(path, tick, 44_100, format="OGG", subtype="VORBIS")
    return tmp_path / "recordings"


def test_every_class_and_object_has_its_turn(catalogue):
    plan = plan_household(60 * VIEWS, 0, catalogue)
    chosen = [plan.object_at(index) for index in range(60 * VIEWS)]
    labels = Counter(thing.label for thing in chosen)
    assert labels == {"chair": 30 * VIEWS, "lamp": 30 * VIEWS}
    objects = Counter(thing.object_id for thing in chosen if thing.label == "chair")
    assert set(objects.values()) == {6 * VIEWS}


def test_views_of_an_object_follow_each_other(catalogue):
    plan = plan_household(40, 0, catalogue)
    assert all(plan.object_at(i) is plan.object_at(i + 1) for i in range(0, 40, VIEWS))


def test_a_larger_set_begins_with_the_smaller(catalogue):
    small, large = plan_household(10, 3, catalogue), plan_household(500, 3, catalogue)
    assert [small.object_at(i) for i in range(10)] == [large.object_at(i) for i in range(10)]


def test_another_seed_changes_the_order_but_not_the_splits(catalogue):
    plans = [plan_household(50, seed, catalogue) for seed in (0, 1)]
    orders = [[plan.object_at(i).object_id for i in range(50)] for plan in plans]
    splits = [
        {t.object_id: t.split for things in plan.objects.values() for t in things} for plan in plans
    ]
    assert orders[0] != orders[1]
    assert splits[0] == splits[1]


def test_what_is_left_out_while_planning_is_counted(catalogue):
    skipped = plan_household(1, 0, catalogue).describe()["skipped"]
    assert {tuple(entry["examples"]) for entry in skipped.values()} == {
        ("Moon rocket",),
        ("Aquarium",),
        ("sofa1 (sofa)",),
    }


def test_a_sample_is_the_same_whenever_it_is_made(catalogue):
    plan = plan_household(8, 5, catalogue)
    first = [encode(plan.item(index)) for index in (0, 3)]
    again = [encode(plan_household(80, 5, catalogue).item(index)) for index in (3, 0)][::-1]
    for one, other in zip(first, again, strict=True):
        assert one.data == other.data
        assert one.meta == other.meta
        assert set(one.data) == set(MODALITIES)


def test_a_share_leaves_the_other_modalities_as_they_were(catalogue):
    whole = plan_household(20, 0, catalogue)
    less = plan_household(20, 0, catalogue, shares={"touch": 0, "audio": 0})
    index = next(i for i in range(20) if whole.object_at(i).split == "train")
    full, kept = encode(whole.item(index)), encode(less.item(index))
    assert set(full.data) - set(kept.data) == {"touch", "audio"}
    assert all(full.data[name] == data for name, data in kept.data.items())


def test_a_model_without_faces_is_left_out(tmp_path):
    pieces = [*CHAIRS, ("hole", "Chair")]
    plan = plan_household(40, 0, read_catalogue(furniture(tmp_path, pieces, empty=["hole"])))
    index = next(i for i in range(40) if plan.object_at(i).object_id == "hole")
    with pytest.raises(SkipError, match=r"hole.*no faces"):
        plan.item(index)


def test_recordings_join_with_what_they_have(catalogue, recordings):
    plan = plan_household(4, 0, catalogue, recordings=recordings)
    # No object here is a clock, but the recordings say what one sounds like.
    assert len(plan) == 6
    items = [plan.item(index) for index in (4, 5)]
    assert [item.label for item in items] == ["clock", "clock"]
    assert [item.split for item in items] == ["train", "test"]
    assert all(item.origin == {"audio": "recorded"} for item in items)
    skipped = plan.describe()["skipped"]
    assert skipped["the recording is of no class"]["count"] == 1
    assert skipped["the folder of recordings does not hold this set"]["count"] == 2


def test_a_folder_of_nothing_useful_is_told(tmp_path):
    with pytest.raises(DatasetError, match="no class has objects enough"):
        plan_household(1, 0, read_catalogue(furniture(tmp_path, LAMPS[:2])))


def test_the_command_builds_from_a_folder_with_a_broken_archive(tmp_path, recordings, capsys):
    shop = furniture(tmp_path / "shop", CHAIRS + LAMPS)
    whole = (shop / "Tiny.sh3f").read_bytes()
    (shop / "Broken.sh3f").write_bytes(whole[: len(whole) // 2])
    out = tmp_path / "out"
    command = [
        *("dataset", "build", "household", "--samples", "6", "--seed", "1", "--workers", "1"),
        *("--furniture", str(shop), "--recordings", str(recordings), "--out", str(out)),
    ]
    assert main(command) == 0
    assert f"built {out}: 8 samples" in capsys.readouterr().out
    dataset = Dataset.open(out)
    assert len(dataset.select(modalities=list(MODALITIES))) == 6
    assert len(dataset.select(recorded=True)) == 2
    sample = dataset[0]
    assert sample["image"].shape == (224, 224, 3)
    assert sample["touch"].shape[::3] == (2, 3)
    assert 5 < float(np.median(sample["thermal"])) < 45
    assert json.dumps(sample.meta)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "Broken.sh3f cannot be read" in card
    assert "Author 1" in card
    assert "| ESC-10 |" in card


def test_a_folder_without_furniture_is_one_sentence(tmp_path, capsys):
    command = ["dataset", "build", "household", "--furniture", str(tmp_path), "--out", "nowhere"]
    assert main(command) == 1
    assert "holds no .sh3f files" in capsys.readouterr().err


def test_without_a_ray_caster_nothing_is_begun(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(scene, "o3d", None)
    out = tmp_path / "out"
    assert main(["dataset", "build", "household", "--samples", "6", "--out", str(out)]) == 1
    assert "the ray caster Open3D cannot be imported" in capsys.readouterr().err
    assert not out.exists()


def test_made_up_things_follow_with_clouds_for_training(catalogue, recordings):
    plan = plan_household(2, 7, catalogue, recordings=recordings, parametric=1)
    first = 2 + 2
    assert len(plan) == first + parametric_count(1)
    items = [plan.item(index) for index in range(first, len(plan), things.VIEWS)]
    assert [item.label for item in items] == [kind.label for kind in KINDS]
    assert {item.split for item in items} == {"train"}
    assert all(item.meta["name"] in k.names for item, k in zip(items, KINDS, strict=True))
    views = [plan.item(first + view) for view in range(things.VIEWS)]
    assert len({item.object_id for item in views}) == 1
    assert len({item.key for item in views}) == things.VIEWS
    clouds = [item.modalities["points"]() for item in views[:2]]
    assert all(len(cloud) >= things.FEWEST and cloud.shape[1] == 3 for cloud in clouds)
    assert not np.array_equal(*(cloud[: things.FEWEST] for cloud in clouds))
    np.testing.assert_array_equal(clouds[0], plan.item(first).modalities["points"]())
    described = plan.describe()
    assert described["parametric"] == 1
    assert {"name": "parametric models", "licence": "Apache-2.0", "credit": "omnibind_ros"} in (
        described["sources"]
    )
    assert "parametric" not in plan_household(2, 7, catalogue).describe()
