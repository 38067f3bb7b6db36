"""Students learn from a small dataset, go on after being killed, and refuse what cannot be."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from learnable_plan import LearnablePlan

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("lightning_fabric", reason="training needs lightning-fabric")

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.datasets.building.builder import build_dataset  # noqa: E402
from omnibind_ros.learning import checkpoints  # noqa: E402
from omnibind_ros.learning.cad.selection import class_bank, class_numbers  # noqa: E402
from omnibind_ros.learning.cad.training import train_students  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.learning.config_file import parse_config, write_config  # noqa: E402
from omnibind_ros.learning.students.files import load_student  # noqa: E402

torch.set_num_threads(1)  # tests share their cores, and threads that wait for one another spin

SHORT = {
    "modalities": ["thermal"],
    "accelerator": "cpu",
    "schedule": {"epochs": 3, "batch_size": 16, "same_class": 0.2},
    "adapt": {"epochs": 3},
}


def short(**changes):
    return parse_config(SHORT | changes)


def states(out):
    _, _, _ = load_student(out / "students" / "thermal.pt")
    return torch.load(out / "students" / "thermal.pt", weights_only=True)["state"]


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def trained(training_cache, tmp_path_factory):
    """A run of every modality that has not been interrupted."""
    out = tmp_path_factory.mktemp("trained")
    modalities = ["touch", "thermal", "event", "points", "audio"]
    schedule = SHORT["schedule"] | {"epochs": 12, "batch_size": 8}
    measured = train_students(training_cache, out, short(modalities=modalities, schedule=schedule))
    return out, measured


def test_every_student_learns(trained):
    out, measured = trained
    with (out / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    for modality, found in measured.items():
        losses = [float(row["loss"]) for row in rows if row["modality"] == modality]
        assert len(losses) == 12
        assert losses[-1] < 0.9 * losses[0], modality
        held_out = found["validation_objects"] + found["test_objects"]
        assert held_out / 2 > 0.5, modality  # chance is a third
    assert (out / "curves.png").stat().st_size > 1000
    assert not list((out / "checkpoints").iterdir())


def test_its_embeddings_are_the_students(trained, training_cache):
    out, _ = trained
    with np.load(out / "embeddings.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    model, spec, described = load_student(out / "students" / "audio.pt")
    assert spec.shape == (1, 1, 64, 98)
    assert spec.parameters["hop"] == 0.02
    assert described["embedding_size"] == 384
    x = torch.from_numpy(training_cache.inputs.tensors["audio"][:4].astype(np.float32))
    with torch.no_grad():
        assert np.allclose(arrays["audio"][:4], model(x).numpy(), atol=2e-3)
    assert arrays["image"].shape == arrays["text"].shape == (60, 384)
    assert list(arrays["audio-rows"]) == list(range(60))
    assert set(arrays["splits"]) == {"train", "validation", "test"}


def test_a_killed_run_goes_on_to_the_same_end(
    tmp_path, training_dataset, training_cache, bundle_dir
):
    config = tmp_path / "run.yaml"
    schedule = SHORT["schedule"] | {"epochs": 6}
    write_config(short(schedule=schedule, teacher=str(bundle_dir)), config)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    arguments = ["train", "students", "--data", str(training_dataset), "--config", str(config)]
    arguments += ["--cache", str(training_cache.folder.parent), "--workers", "1"]
    assert main([*arguments, "--out", str(whole)]) == 0

    process = subprocess.Popen(
        [sys.executable, "-m", "omnibind_ros.cli", *arguments, "--out", str(killed)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 120
    while not (killed / "checkpoints" / "thermal.pt").exists():
        assert process.poll() is None, "it ended before there was a checkpoint"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    assert not (killed / "students" / "thermal.pt").exists(), "it was killed too late"

    assert main([*arguments, "--out", str(killed)]) == 1  # not without --resume
    assert main([*arguments, "--out", str(killed), "--resume"]) == 0
    assert same(states(whole), states(killed))
    with (killed / "curves.csv").open() as file:
        assert [int(row["epoch"]) for row in csv.DictReader(file)] == list(range(6))


def test_another_configuration_does_not_go_on(tmp_path, training_cache):
    out = tmp_path / "run"
    train_students(training_cache, out, short())
    with pytest.raises(TrainingError, match="holds a training run; add --resume"):
        train_students(training_cache, out, short())
    with pytest.raises(TrainingError, match=r"another configuration \(seed differ\)"):
        train_students(training_cache, out, short(seed=1), resume=True)


def test_a_checkpoint_of_another_dataset_does_not_go_on(tmp_path, training_cache):
    out = tmp_path / "run"
    train_students(training_cache, out, short())
    with pytest.raises(TrainingError, match="another configuration or dataset"):
        train_students(replace(training_cache, key="0" * 64), out, short(), resume=True)


def test_a_broken_checkpoint_says_what_to_do(tmp_path, training_cache):
    out = tmp_path / "run"
    train_students(training_cache, out, short())
    path = out / "students" / "thermal.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="restore it, or remove it and run the command"):
        train_students(training_cache, out, short(), resume=True)


def _damaged(cache, folder, share):
    """Return the cache with NaN in a share of the thermal tensors."""
    copy = folder / "damaged"
    shutil.copytree(cache.folder, copy)
    tensors = np.array(cache.inputs.tensors["thermal"])
    tensors[: int(share * len(tensors)), 0, 3, 4] = np.nan
    inputs = replace(cache.inputs, tensors={**cache.inputs.tensors, "thermal": tensors})
    return replace(cache, folder=copy, inputs=inputs)


def test_samples_with_nan_are_left_out_and_told(tmp_path, training_cache, caplog):
    damaged = _damaged(training_cache, tmp_path, 0.05)
    out = tmp_path / "run"
    train_students(damaged, out, short())
    assert all(torch.isfinite(tensor.float()).all() for tensor in states(out).values())
    assert "have no finite loss and were left out" in caplog.text
    with (out / "curves.csv").open() as file:
        assert sum(float(row["skipped"]) for row in csv.DictReader(file)) > 0


def test_too_much_nan_ends_the_run(tmp_path, training_cache):
    with pytest.raises(TrainingError, match="have no finite loss; look for NaN in the dataset"):
        train_students(_damaged(training_cache, tmp_path, 0.6), tmp_path / "run", short())


@pytest.mark.parametrize(("start", "section"), [("random", "schedule"), ("image", "image_student")])
def test_a_rate_that_explodes_ends_the_run(tmp_path, training_cache, monkeypatch, start, section):
    def explodes(batch, config):
        return (batch.z / 0).sum()

    monkeypatch.setitem(
        sys.modules["omnibind_ros.learning.cad.losses"].CAD_TERMS, "contrast", explodes
    )
    schedule = SHORT["schedule"] | {"start": start}
    with pytest.raises(TrainingError, match=rf"lower {section}\.learning_rate"):
        train_students(training_cache, tmp_path / "run", short(schedule=schedule))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"without": ("touch",)}, "no usable training samples of touch; build one that has"),
        ({"one_class": True}, "of touch show one class only, 'chair'"),
        ({"without": ("image",)}, "nothing to distil; add images"),
    ],
)
def test_a_dataset_that_cannot_teach_is_refused(tmp_path, bundle_dir, capsys, options, sentence):
    build_dataset(LearnablePlan(24, **options), tmp_path / "data", workers=1)
    config = tmp_path / "run.yaml"
    write_config(short(modalities=["touch"], teacher=str(bundle_dir)), config)
    arguments = ["train", "students", "--data", str(tmp_path / "data"), "--config", str(config)]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--workers", "1"]) == 1
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_no_dataset_and_no_class_of_that_name(tmp_path, training_cache, capsys):
    out = str(tmp_path / "out")
    assert main(["train", "students", "--data", str(tmp_path), "--out", out]) == 1
    assert "holds no complete dataset" in capsys.readouterr().err
    with pytest.raises(TrainingError, match="left_out names 'cat', which is no class"):
        train_students(training_cache, tmp_path / "run", short(left_out=["cat"]))
    with pytest.raises(TrainingError, match="1 class is left to learn"):
        train_students(training_cache, tmp_path / "run", short(left_out=["lamp", "table"]))


def test_a_class_is_left_out_with_all_labels_that_it_has(training_cache):
    names = list(training_cache.vocabulary.classes.labels)
    lamps = np.flatnonzero(training_cache.index.labels == names.index("lamp"))
    classes = training_cache.index.classes.astype(object)
    classes[lamps[:3]] = "lighting"  # a class of which some things have the label lamp
    index = replace(training_cache.index, classes=classes.astype(np.str_))
    cache = replace(training_cache, index=index)

    bank = class_bank(cache, ["lighting"])

    assert set(bank.labels) == set(names) - {"lamp"}
    numbers = class_numbers(cache, bank)
    assert (numbers[lamps] == -1).all()
    assert (numbers >= 0).sum() == len(numbers) - len(lamps)
    assert class_bank(cache, []).labels == tuple(names)


def test_an_accelerator_that_is_not_there(tmp_path, training_cache):
    with pytest.raises(TrainingError, match="change accelerator, devices or precision"):
        train_students(training_cache, tmp_path / "run", short(accelerator="abacus"))


def test_a_student_can_begin_as_another_was(tmp_path, training_cache):
    train_students(training_cache, tmp_path / "one", short())
    file = tmp_path / "one" / "students" / "thermal.pt"
    slow = SHORT["schedule"] | {"epochs": 1, "learning_rate": 1e-7, "student": str(file)}
    train_students(training_cache, tmp_path / "two", short(schedule=slow))
    before, after = states(tmp_path / "one"), states(tmp_path / "two")
    weights = [name for name, value in before.items() if value.dim() > 1]
    assert all(torch.allclose(before[name], after[name], atol=1e-4) for name in weights)
    other = SHORT | {"modalities": ["audio"], "schedule": slow}
    with pytest.raises(TrainingError, match="is a student of thermal, not of audio"):
        train_students(training_cache, tmp_path / "three", parse_config(other))


def test_a_share_of_the_data_is_a_share(tmp_path, training_cache):
    whole = train_students(training_cache, tmp_path / "all", short())
    part = train_students(training_cache, tmp_path / "part", short(shares={"thermal": 40}))
    share = part["thermal"]["training_samples"] / whole["thermal"]["training_samples"]
    assert 0.2 < share < 0.65


def test_validation_happens_every_few_epochs_and_at_the_end(training_cache, tmp_path):
    schedule = SHORT["schedule"] | {"epochs": 5, "validate_every": 2}
    train_students(training_cache, tmp_path / "run", short(schedule=schedule))
    with (tmp_path / "run" / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["validation_objects"]) for row in rows] == [False, True, False, True, True]
    content = checkpoints.load(tmp_path / "run" / "students" / "thermal.pt")
    assert content["metrics"]["best_epoch"] in (1, 3, 4)
