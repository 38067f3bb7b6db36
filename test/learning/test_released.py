"""The weights that the shipped bundle was made of: they are its networks, and training goes on."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import yaml
from paths import ROOT

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("lightning_fabric", reason="training needs lightning-fabric")

import onnxruntime as ort  # noqa: E402

from omnibind_ros.encoders.bundle import Bundle  # noqa: E402
from omnibind_ros.learning.adapt.start import embeddings_of  # noqa: E402
from omnibind_ros.learning.af.files import load_fusion  # noqa: E402
from omnibind_ros.learning.cad.training import train_students  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.learning.config_file import parse_config  # noqa: E402
from omnibind_ros.learning.released import (  # noqa: E402
    FUSION,
    checkpoints_folder,
    find_checkpoint,
    release_checkpoints,
)
from omnibind_ros.learning.students.files import load_student  # noqa: E402

HOUSEHOLD = ROOT / "models" / "household"


@pytest.fixture(scope="module")
def household():
    return Bundle.load(HOUSEHOLD)


@pytest.mark.parametrize(
    ("modality", "precision", "least"),
    [
        ("thermal", "fp32", 0.9999),
        ("event", "fp32", 0.9999),
        ("touch", "int8", 0.95),
        ("points", "int8", 0.95),
        ("audio", "int8", 0.8),  # pure tones, which no sound of its training is like
    ],
)
def test_they_embed_as_the_networks_of_the_bundle_do(
    household, training_cache, modality, precision, least
):
    spec = household.manifest.encoders[modality]
    assert spec.precision == precision
    network, _, _ = load_student(find_checkpoint(household, modality))
    x = np.array(training_cache.inputs.tensors[modality][:24], np.float32)
    session = ort.InferenceSession(str(household.root / spec.path))
    name = session.get_inputs()[0].name
    want = np.concatenate([session.run(None, {name: each[None]})[0] for each in x])
    have = embeddings_of(network, x)
    cosines = (want * have).sum(1) / np.linalg.norm(want, axis=1)
    assert cosines.mean() > least
    if precision == "fp32":
        assert cosines.min() > least


def test_the_fusion_is_that_of_the_bundle(household):
    trained = load_fusion(find_checkpoint(household, FUSION).parent)
    assert trained.temperature == pytest.approx(household.manifest.calibration.temperature)


def test_students_begin_with_them(household, training_cache, tmp_path):
    path = find_checkpoint(household, "touch")
    still = {"student": str(path), "learning_rate": 1e-7, "epochs": 1, "augment": False}
    config = {"modalities": ["touch"], "accelerator": "cpu", "adapt": {"epochs": 1}}
    config |= {"schedule": {"epochs": 1, "batch_size": 16}, "overrides": {"touch": still}}
    train_students(training_cache, tmp_path, parse_config(config))
    begun, after = (load_student(p)[0] for p in (path, tmp_path / "students" / "touch.pt"))
    x = np.array(training_cache.inputs.tensors["touch"][:24], np.float32)
    cosines = (embeddings_of(begun, x) * embeddings_of(after, x)).sum(1)
    assert cosines.min() > 0.9  # only the statistics of its normalisations have changed


@pytest.fixture
def copied(tmp_path):
    """A copy of the bundle and its weights, which a test may damage."""
    shutil.copytree(HOUSEHOLD, tmp_path / "mine")
    shutil.copytree(HOUSEHOLD.with_name("household_checkpoints"), tmp_path / "mine_checkpoints")
    return Bundle.load(tmp_path / "mine")


def test_a_file_that_is_cut_off_is_refused(copied):
    path = find_checkpoint(copied, "touch")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TrainingError, match=r"touch\.pt is missing or damaged; restore it"):
        find_checkpoint(copied, "touch")
    path.unlink()
    with pytest.raises(TrainingError, match=r"touch\.pt is missing or damaged; restore it"):
        find_checkpoint(copied, "touch")


@pytest.mark.parametrize("text", ["", "files: []", "files: {touch: 3}", "{", "\xff", "files:\n"])
def test_a_record_that_names_no_weights_is_refused(copied, text):
    record = checkpoints_folder(copied) / "checkpoints.yaml"
    record.write_bytes(text.encode("latin-1"))
    with pytest.raises(TrainingError, match=r"checkpoints\.yaml names no weights of touch"):
        find_checkpoint(copied, "touch")


def test_a_record_cannot_name_a_file_elsewhere(copied, tmp_path):
    folder = checkpoints_folder(copied)
    shutil.copyfile(folder / "touch.pt", tmp_path / "elsewhere.pt")
    record = yaml.safe_load((folder / "checkpoints.yaml").read_text())
    record["files"]["touch"]["path"] = "../elsewhere.pt"
    (folder / "checkpoints.yaml").write_text(yaml.safe_dump(record))
    with pytest.raises(TrainingError, match="names no weights of touch"):
        find_checkpoint(copied, "touch")


def test_a_run_of_one_student_keeps_the_weights_of_the_others(household, tmp_path):
    copy = tmp_path / "checkpoints"
    shutil.copytree(checkpoints_folder(household), copy)
    (copy / "event.pt").write_bytes(b"damaged")
    touch = find_checkpoint(household, "touch")
    assert release_checkpoints(copy, household, {"touch": touch}) == ["touch"]
    named = yaml.safe_load((copy / "checkpoints.yaml").read_text())["files"]
    assert set(named) == {"touch", "thermal", "points", "audio", FUSION}
    assert find_checkpoint(household, "thermal", copy).parent == copy
