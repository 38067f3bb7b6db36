"""Files of older versions are read, those of newer ones refused with what to do.

Others: a fusion of 0.1 (test/learning/af/test_fusion_files.py), names of 0.1 in configurations
(test_train_fusion.py, test_training_config.py), checkpoints (test_loop.py), evaluations
(test/evaluation/report). A bundle that is replaced under a running node:
test/nodes/test_replaced_bundle.py.
"""

import json
import shutil
from dataclasses import fields

import numpy as np
import pytest
import yaml
from paths import ROOT

from omnibind_ros.config import check
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.manifest import Manifest
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError, read_manifest
from omnibind_ros.encoders.manifest_writing import record_figures
from omnibind_ros.format_number import NewerFormatError, check_format
from omnibind_ros.fusion import make_fusion
from omnibind_ros.recognition.embedding_space import EmbeddingSpace
from omnibind_ros.recognition.enrolled_file import EnrolledLabel, View, to_bytes
from omnibind_ros.recognition.enrolled_folder import EnrolledFolder
from omnibind_ros.recognition.enrolled_labels import EnrolledLabels
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import LabelError, read_labels
from omnibind_ros.recognition.match_statistics import read_statistics
from omnibind_ros.recognition.matching import Matching
from omnibind_ros.runtime.config import PerceptionConfig, SensorConfig
from omnibind_ros.runtime.launch_plan import parameters_of
from omnibind_ros.simulation.robot import rendered

OLD = ROOT / "test" / "fixtures" / "upgrades"
NEWER = "omnibind_ros reads formats up to"
UPDATE = "update omnibind_ros"


def said(caught):
    """Return the sentence of an exception, which must say what to do."""
    text = str(caught.value)
    assert "\n" not in text
    assert UPDATE in text
    return text


def edit(path, **changes):
    """Change values of a YAML file."""
    data = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
    path.write_text(yaml.safe_dump(data), encoding="utf-8")


def edit_arrays(data, **changes):
    """Return an npz file with some arrays replaced."""
    with np.load(data, allow_pickle=False) as file:
        return {name: file[name] for name in file.files} | changes


# Numbers of formats


def test_numbers_up_to_the_newest_are_read():
    assert [check_format(number, 3) for number in (1, 2, 3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("number", "told"), [(4, "4"), pytest.param(10**5000, "of many digits", id="long")]
)
def test_a_newer_number_is_told_in_a_clause(number, told):
    with pytest.raises(NewerFormatError, match=f"^it has format {told}, and .* up to 3: update"):
        check_format(number, 3)


@pytest.mark.parametrize("number", [0, -1, 1.5, True, None, "2", [1]])
def test_what_is_no_number_is_no_format(number):
    with pytest.raises(ValueError, match="no whole number") as caught:
        check_format(number, 3)
    assert not isinstance(caught.value, NewerFormatError)


# Bundles


@pytest.mark.parametrize(
    ("name", "model", "encoders", "fusion"),
    [
        ("bundle_0_1", "household@0.1.0+75d62741", 2, False),
        ("bundle_0_2_first", "household@0.2.0+baf99281", 7, True),
        ("bundle_0_2_labels", "household@0.2.0+c39cabc0", 7, True),
    ],
)
def test_manifests_of_older_versions_are_read(tmp_path, name, model, encoders, fusion):
    shutil.copyfile(OLD / f"{name}.yaml", tmp_path / "bundle.yaml")
    manifest = read_manifest(tmp_path)
    assert manifest.model == model
    assert (len(manifest.encoders), manifest.fusion is not None) == (encoders, fusion)
    assert manifest.embedding_size == 384
    assert 0 < manifest.calibration.threshold(("image",), (1.0,)) < 1
    assert manifest.matching is None


def test_a_bundle_of_version_0_1_is_used(bundle_copy):
    # Its files are those of models/teacher, as its hashes say.
    shutil.copyfile(OLD / "bundle_0_1.yaml", bundle_copy / "bundle.yaml")
    shutil.copyfile(OLD / "labels_0_1.yaml", bundle_copy / "labels.yaml")
    bundle = Bundle.load(bundle_copy)
    assert bundle.problems == {}
    text, image = bundle.encoder("text"), bundle.encoder("image")
    assert image.encode(np.zeros((8, 8, 3), np.uint8)).values.shape == (384,)
    bank = LabelBank.load(bundle_copy, bundle_copy / "labels.yaml", text)
    similarities = bank.similarities(text.encode("a tabby cat").values)
    assert bank.labels[int(np.argmax(similarities))] == "cat"
    fusion, why_not = make_fusion("adaptive", bundle)
    assert "has no fusion network" in why_not
    two = np.eye(2, 384, dtype=np.float32)
    assert fusion.fuse(two, ("image", "text"), *np.ones((3, 2), np.float32)).weights.sum() == 1


def test_figures_recorded_in_an_old_manifest_give_it_the_present_format(tmp_path):
    shutil.copyfile(OLD / "bundle_0_2_first.yaml", tmp_path / "bundle.yaml")
    before = read_manifest(tmp_path)
    record_figures(tmp_path, "more", {"value": 1})
    after = read_manifest(tmp_path)
    assert after.figures == before.figures | {"more": {"value": 1}}
    assert (after.encoders, after.calibration) == (before.encoders, before.calibration)
    assert yaml.safe_load((tmp_path / "bundle.yaml").read_text())["format"] == 1


def test_a_newer_bundle_is_refused_though_nothing_else_of_it_is_known(bundle_copy):
    (bundle_copy / "bundle.yaml").write_text("format: 2\nparts: [image]\n", encoding="utf-8")
    with pytest.raises(BundleError, match=f"{NEWER} 1") as caught:
        Bundle.load(bundle_copy)
    assert "or give an older bundle" in said(caught)


@pytest.mark.parametrize("number", ["0", "two", "[1]", "1.5", "true"])
def test_a_format_of_a_bundle_that_is_none_is_one_sentence(bundle_copy, number):
    edit(bundle_copy / "bundle.yaml", format=yaml.safe_load(number))
    with pytest.raises(BundleError, match="no whole number from 1 on; restore it"):
        Bundle.load(bundle_copy)


# Labels


def test_labels_of_version_0_1_are_read():
    labels = read_labels(OLD / "labels_0_1.yaml")
    assert len(labels.labels) == 104
    assert labels.templates == ("a photo of a {}",)
    assert not labels.taxonomy.groups


def test_newer_labels_are_refused(tmp_path):
    path = tmp_path / "labels.yaml"
    path.write_text("format: 2\nwords: {cup: []}\n", encoding="utf-8")
    with pytest.raises(LabelError, match=f"{NEWER} 1") as caught:
        read_labels(path)
    assert "or give another file" in said(caught)
    path.write_text("format: x\nlabels: []\n", encoding="utf-8")
    with pytest.raises(LabelError, match="no whole number"):
        read_labels(path)


# Enrolled labels

VIEW = View(np.eye(1, 384, dtype=np.float32)[0], ("image",), "space", "household@0.2.0")


def enrolled(path, version):
    """Write an enrolled label as a version would: format 1 had no parts."""
    path.write_bytes(to_bytes(EnrolledLabel("mug", (VIEW,))))
    arrays = edit_arrays(path, format=np.array(version))
    if version == 1:
        arrays = {name: array for name, array in arrays.items() if not name.startswith("part_")}
    if version > 2:
        arrays = {"format": arrays["format"], "name": arrays["label"]}
    np.savez(path, **arrays)


def test_a_label_enrolled_before_parts_were_kept_is_used(tmp_path, bundle_dir):
    space = EmbeddingSpace.of(Bundle.load(bundle_dir), "mean")
    old = View(VIEW.values, ("image",), space.key(("image",)), "household@0.1.0")
    path = tmp_path / "mug.npz"
    path.write_bytes(to_bytes(EnrolledLabel("mug", (old,))))
    arrays = edit_arrays(path, format=np.array(1))
    np.savez(path, **{n: a for n, a in arrays.items() if not n.startswith("part_")})
    labels, problems = EnrolledFolder(tmp_path).labels()
    assert problems == []
    assert labels["mug"].views[0].parts == ()
    assert EnrolledLabels().open(tmp_path, space) == []


def test_a_label_of_a_newer_version_is_told_and_stays(tmp_path):
    path = tmp_path / "mug.npz"
    enrolled(path, 3)
    content = path.read_bytes()
    folder = EnrolledFolder(tmp_path)
    labels, (problem,) = folder.labels()
    assert labels == {}
    assert f"{NEWER} 2: {UPDATE}, or enroll the label again" in problem
    assert "remove" not in problem
    # The same label is learned again beside it.
    assert folder.add("mug", [VIEW]) != path
    assert path.read_bytes() == content
    assert list(folder.labels()[0]) == ["mug"]


def test_newer_statistics_of_matching_are_not_used(tmp_path):
    source = ROOT / "models" / "household"
    bundle = shutil.copytree(source, tmp_path / "household")
    assert Matching.load(Bundle.load(bundle)).problem == ""
    np.savez(bundle / "matching.npz", format=np.array(2), other=np.zeros(3))
    with pytest.raises(ValueError, match=f"{NEWER} 1") as caught:
        read_statistics(bundle / "matching.npz")
    said(caught)
    loaded = Bundle.load(bundle)
    del loaded.problems["matching"]  # of its hash
    problem = Matching.load(loaded).problem
    assert f"{UPDATE}; until then enrolled labels are recognised with a general" in problem


# Datasets and caches


def dataset(folder, **changes):
    """Write the manifest of an empty dataset."""
    Manifest({"name": "x"}, (), 0, {}).save(folder)
    (folder / "index.parquet").touch()
    path = folder / "dataset.json"
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))
    return folder


def test_a_dataset_without_a_number_is_of_the_first_format(tmp_path):
    assert Manifest.load(dataset(tmp_path, format=None)).format == 1


def test_a_newer_dataset_is_refused_whatever_is_in_it(tmp_path):
    with pytest.raises(DatasetError, match=f"{NEWER} 1") as caught:
        Manifest.load(dataset(tmp_path, format=2, pieces=["a"], shards=None))
    assert "or build the dataset again" in said(caught)


@pytest.mark.parametrize("change", [{"format": "x"}, {"format": 0}, {"more": 1}])
def test_a_dataset_that_no_version_has_written_is_damaged(tmp_path, change):
    with pytest.raises(DatasetError, match=r"is damaged .*: build the dataset again"):
        Manifest.load(dataset(tmp_path, **change))


def test_views_rendered_by_an_older_version_are_not_used(monkeypatch):
    plan = rendered.RenderPlan(1.0, 0, (("image", 5.0),))
    now = plan.file_name("chair")
    monkeypatch.setattr(rendered, "VERSION", rendered.VERSION - 1)
    assert plan.file_name("chair") != now


def test_tensors_of_an_older_version_are_not_read(tmp_path):
    cache = pytest.importorskip("omnibind_ros.learning.tensors.cache", exc_type=ImportError)
    from omnibind_ros.learning.config import TrainingError  # noqa: PLC0415 - as the cache

    np.savez(tmp_path / cache.INDEX, a=np.zeros(1))
    for record in ({"key": "k", "format": 3, "teacher": "t"}, {"key": "k", "teacher": "t"}):
        (tmp_path / cache.RECORD).write_text(json.dumps(record))
        with pytest.raises(TrainingError, match=r"format.*remove it, and it is made again"):
            cache.TensorCache.open(tmp_path)


# Parameter files


@pytest.mark.parametrize("name", ["perception_0_1", "perception_0_2"])
def test_parameter_files_of_older_versions_are_valid(name):
    given = parameters_of(OLD / f"{name}.yaml", "/perception")
    own = {spec.name for spec in fields(PerceptionConfig)}
    of_sensors = {spec.name for spec in fields(SensorConfig)}
    assert given["sensors"] == ["camera", "speech"]
    for key, value in given.items():
        _, _, sensor = key.rpartition(".")
        of_one = key.startswith("sensor.")
        kind, last = (SensorConfig, sensor) if of_one else (PerceptionConfig, key)
        assert last in (of_sensors if kind is SensorConfig else own), key
        assert check(kind, last, value) == value
