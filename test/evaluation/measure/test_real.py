"""`omnibind evaluate --real` on small sets that the tests make."""

import json

import cv2
import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", reason="scikit-learn fits the probe")

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.evaluation.measure.linear_probe import linear_probe  # noqa: E402
from omnibind_ros.evaluation.measure.real import real_lines, real_sets  # noqa: E402

COLOURS = {"apple": (30, 30, 200), "leaf": (40, 180, 40), "sky": (220, 120, 30)}


def write(path, colour, seed, dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    picture = np.full((60, 80, 3), colour) + cv2.resize(rng.normal(0, 20, (6, 8, 3)), (80, 60))
    if dtype is np.uint16:
        cv2.imwrite(str(path), (29000 + 10 * picture[..., 0]).astype(np.uint16))
    else:
        cv2.imwrite(str(path), picture.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two sets: photographs of coloured things, and pairs of rgb and thermal."""
    root = tmp_path_factory.mktemp("real")
    for name, colour in COLOURS.items():
        for number in range(4):
            place = f"{name}/{name}_{number // 2}/{number}.png"
            write(root / "photos_of_things" / place, colour, number)
            write(root / "pairs" / "rgb" / place, colour, number)
            if number:
                write(root / "pairs" / "thermal" / place, colour, number, np.uint16)
    (root / "photos_of_things" / "leaf" / "leaf_0" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return root


def test_the_figures_of_each_modality_and_pair(recordings, seven_bundle, tmp_path, capsys):
    out = tmp_path / "figures.json"
    arguments = ["evaluate", "--bundle", str(seven_bundle), "--real", str(recordings)]
    assert main([*arguments, "--json", str(out)]) == 0
    real = json.loads(out.read_text())["real"]
    assert {name: (of["modality"], of["n"]) for name, of in real.items()} == {
        "photos_of_things": ("image", 12),
        "pairs:image": ("image", 12),
        "pairs:thermal": ("thermal", 9),
        "pairs:image+thermal": ("image+thermal", 9),
    }
    for of in real.values():
        shares = ("top1", "top1_candidates", "known", "wrong_known", "probe")
        assert all(0 <= of[name] <= 100 for name in shares)
        assert of["wrong_known"] <= of["known"]
        assert of["classes"] == 3
        assert of["probe_details"]["by"] == "object"
    photos = real["photos_of_things"]
    assert photos["probe"] > 60  # chance is 33
    assert sum(photos["left_out"].values()) == 1
    assert {name: of["labels"] for name, of in photos["by_class"].items()} == {
        "apple": ["apple", "fruit"],
        "leaf": [],
        "sky": [],
    }
    assert photos["labelled"] == 4
    printed = capsys.readouterr().out
    assert "pairs:image+thermal" in printed
    assert "1 files were left out" in printed


def test_what_is_one_set_and_what_are_several(recordings, tmp_path):
    assert list(real_sets(recordings)) == ["pairs", "photos_of_things"]
    assert list(real_sets(recordings / "pairs")) == ["pairs"]
    photos = recordings / "photos_of_things"
    assert len(real_sets(photos)) == 3  # CLASS/OBJECT/FILE looks like SET/CLASS/FILE
    (photos / "README.txt").write_text("photographs")
    assert list(real_sets(photos)) == ["photos_of_things"]
    write(tmp_path / "cup" / "1.png", 0, 0)
    assert list(real_sets(tmp_path)) == [tmp_path.name]
    with pytest.raises(ValueError, match="is no folder"):
        real_sets(tmp_path / "none")


def test_nothing_to_measure_is_a_sentence(seven_bundle, tmp_path, capsys):
    bundle = ["evaluate", "--bundle", str(seven_bundle)]
    assert main(bundle) == 1
    assert "give --data DIR, --real DIR, or both" in capsys.readouterr().err
    assert main([*bundle, "--real", str(tmp_path / "none")]) == 1
    assert "is no folder; name that of the recordings" in capsys.readouterr().err
    assert main([*bundle, "--real", str(tmp_path), "--record"]) == 1
    assert "--record writes the figures of a dataset" in capsys.readouterr().err
    (tmp_path / "set" / "cup").mkdir(parents=True)
    (tmp_path / "set" / "cup" / "a.png").write_bytes(b"")
    assert main([*bundle, "--real", str(tmp_path)]) == 1
    assert "nothing can be used: the file is empty" in capsys.readouterr().out
    assert list(real_lines({})) == []


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_probe_is_cross_validated_by_object(seed):
    rng = np.random.default_rng(seed)
    classes = np.repeat(["a", "b"], 60)
    objects = np.tile(np.repeat([str(i) for i in range(6)], 10), 2)
    # Features say the object exactly, and nothing of the class.
    codes = {key: rng.normal(size=24) for key in sorted(set(zip(classes, objects, strict=True)))}
    features = np.array([codes[key] for key in zip(classes, objects, strict=True)])
    by_object = linear_probe(features, classes, objects)
    assert by_object["by"] == "object"
    assert by_object["accuracy"] < 85
    by_sample = linear_probe(features, classes, [""] * 120)
    assert by_sample["accuracy"] == 100
    # Features that say the class.
    told = np.stack([np.where(classes == "a", 5, -5), rng.normal(size=120)], 1)
    assert linear_probe(told, classes, objects)["accuracy"] == 100
    assert by_object["chance"] == 50


def test_where_objects_are_too_few_the_probe_says_so():
    features = np.random.default_rng(0).normal(size=(12, 4))
    classes = ["a"] * 6 + ["b"] * 6
    found = linear_probe(features, classes, ["x"] * 12)
    assert found["by"] == "sample"
    assert linear_probe(features, ["a"] * 12, [""] * 12) is None
    assert linear_probe(features[:2], ["a", "b"], ["", ""]) is None
