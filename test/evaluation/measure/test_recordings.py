"""Recordings are learnt from or not, as configured, and measured apart from simulation."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch trains the students, and is not installed")

from omnibind_ros.datasets.storage.dataset import Dataset  # noqa: E402
from omnibind_ros.encoders.bundle import Bundle  # noqa: E402
from omnibind_ros.evaluation.measure.recordings import (  # noqa: E402
    SampleEncoder,
    bundle_encoders,
    measure_recordings,
    trained_students,
)
from omnibind_ros.evaluation.report.goals import recording_goals  # noqa: E402
from omnibind_ros.evaluation.report.reality import simulation_and_reality  # noqa: E402
from omnibind_ros.evaluation.study.results import reality  # noqa: E402
from omnibind_ros.learning.cad.batches import StudentData  # noqa: E402
from omnibind_ros.learning.cad.losses import Objective  # noqa: E402
from omnibind_ros.learning.cad.sampler import EpochSampler  # noqa: E402
from omnibind_ros.learning.cad.selection import class_bank  # noqa: E402
from omnibind_ros.learning.cad.training import train_students  # noqa: E402
from omnibind_ros.learning.config_file import parse_config  # noqa: E402
from omnibind_ros.learning.prototypes import ClassSimilarity  # noqa: E402
from omnibind_ros.learning.teachers.loading import load_teacher  # noqa: E402
from omnibind_ros.learning.tensors.windows import input_length  # noqa: E402

torch.set_num_threads(1)  # tests share their cores, and threads that wait for one another spin

RECORDED = 48


def data(cache, split, modality="audio", **given):
    image = np.zeros((len(cache.targets.image), cache.embedding_size), np.float32)
    return StudentData(cache, modality, split, class_bank(cache, []), parse_config(given), image)


def test_a_long_sound_has_several_rows_and_its_set_s_name(mixed_cache, mixed_dataset):
    dataset = Dataset.open(mixed_dataset)
    rows = mixed_cache.index.rows["audio"]
    recorded = dataset.recorded("audio")
    assert recorded.sum() == RECORDED / 2
    counts = np.bincount(rows, minlength=len(dataset))
    assert set(counts[recorded]) == {4}
    assert set(counts[dataset.has("audio") & ~recorded]) == {1}
    assert list(mixed_cache.index.recorded["audio"]) == list(recorded[rows])
    names = {f"real {label}" for label in dataset.labels}
    assert (
        set(mixed_cache.index.categories[recorded])
        == names
        == set(mixed_cache.vocabulary.categories.labels)
    )
    assert set(mixed_cache.index.categories[~recorded & ~dataset.recorded("thermal")]) == {""}
    first = mixed_cache.inputs.tensors["audio"][rows == np.flatnonzero(recorded)[0]]
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize("origins", ["all", "simulated", "recorded"])
def test_the_configuration_says_which_origins_are_learnt_from(mixed_cache, origins):
    wanted = {"all": {True, False}, "simulated": {False}, "recorded": {True}}[origins]
    for split in ("train", "validation"):
        assert set(data(mixed_cache, split, origins=origins).recorded) == wanted
    assert set(data(mixed_cache, "test", origins=origins).recorded) == {True, False}


def test_only_training_sees_every_window(mixed_cache):
    train, test = data(mixed_cache, "train"), data(mixed_cache, "test")
    assert np.bincount(train.samples).max() == 4
    assert np.bincount(test.samples).max() == 1
    silent = mixed_cache.inputs.quality["audio"][test.place]
    assert silent.min() > 0.9  # and what is measured is not the silent end


def test_recordings_are_drawn_as_often_as_is_said():
    labels = np.array([0] * 90 + [1] * 10)
    recorded = np.arange(100) >= 95
    sampler = EpochSampler(labels, 0.5, 0, recorded, 0.4)
    drawn = np.concatenate([list(sampler) for sampler.epoch in range(40)])
    assert recorded[drawn].mean() == pytest.approx(0.4, abs=0.03)
    assert sorted(EpochSampler(labels, 0.0, 0, recorded, 0.0)) == list(range(100))
    assert len(list(EpochSampler(labels, 0.0, 0, recorded[:0], 0.4))) == 100


def test_names_of_a_set_are_told_apart_where_there_are_any(mixed_cache):
    train = data(mixed_cache, "train")
    batch = train.__getitems__(np.arange(len(train)))
    assert ((batch.categories >= 0).numpy() == train.recorded).all()
    bank, config = ClassSimilarity(class_bank(mixed_cache, [])), parse_config({}).loss
    rest = (batch.labels, batch.image, batch.text, batch.categories)
    z = torch.nn.functional.normalize(torch.randn(len(train), 384), dim=1)
    own = ClassSimilarity(train.category_bank)
    loss, terms = Objective(config, bank, own)(z, *rest)
    named = batch.categories >= 0
    wanted = torch.nn.functional.cross_entropy(own(z[named]) / config.tau, batch.categories[named])
    share = float(named.float().mean())
    assert terms["categories"] == pytest.approx(float(wanted) * share, rel=1e-4)
    without, _ = Objective(config, bank)(z, *rest)
    assert float(loss - without) == pytest.approx(float(terms["categories"]), rel=1e-4)


@pytest.fixture(scope="module")
def trained(mixed_cache, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    config = parse_config(
        {
            "modalities": ["thermal", "audio"],
            "accelerator": "cpu",
            "adapt": {"epochs": 2},
            "schedule": {"epochs": 4, "batch_size": 8, "recorded": 0.3},
        }
    )
    return out, train_students(mixed_cache, out, config)


def test_a_run_says_how_it_does_on_each_origin(trained, mixed_cache):
    out, measured = trained
    for found in measured.values():
        whole = found["test_samples"]
        parts = [found[f"test_samples_{origin}"] for origin in ("simulated", "recorded")]
        assert min(parts) - 1e-9 <= whole <= max(parts) + 1e-9
    with np.load(out / "embeddings.npz", allow_pickle=False) as file:
        rows = file["audio-rows"]
    assert list(rows) == sorted(set(mixed_cache.index.rows["audio"]))


def test_recordings_are_measured_by_clip_and_by_name(trained, mixed_dataset, bundle_dir):
    out, _ = trained
    dataset = Dataset.open(mixed_dataset)
    encoders = trained_students(out, ["thermal", "audio"])
    found = measure_recordings(dataset, encoders, load_teacher(str(bundle_dir)))
    json.dumps(found)
    assert set(found) == {"thermal", "audio"}
    for of in found.values():
        assert of["samples"] == of["objects"] == RECORDED / 2 / 4
        assert of["sources"] == ["a published set"]
        assert of["top1"] <= of["competing"]["top1"]
        assert of["own_names"]["labels"] == [f"real {label}" for label in dataset.labels]
    assert found["audio"]["windows"] > found["audio"]["samples"]
    assert found["audio"]["own_names"]["top1"] >= 50  # chance is a third


def test_a_clip_is_named_by_where_it_sounds(mixed_dataset, bundle_dir):
    """The silent end of a clip has no quality, and so no say."""
    dataset, text = Dataset.open(mixed_dataset), load_teacher(str(bundle_dir))
    part = dataset.select(split="test", modalities=["audio"])
    right = {}
    for index in np.flatnonzero(part.recorded("audio")):
        sample = part[int(index)]
        right[sample["audio"][:100].tobytes()] = sample.meta["name"]
    names = sorted(set(right.values()))
    values = text.encode_batch([f"a photo of a {name}" for name in names])
    bank = dict(zip(names, values, strict=True))
    clips = {}

    def embed(sound):
        name = right.get(np.round(sound[:100] * 32768).astype(np.int16).tobytes())
        clips[len(clips)] = name
        wrong = next(value for other, value in bank.items() if other != name)
        return (bank[name], 1.0) if name else (wrong, 0.0)

    found = measure_recordings(dataset, {"audio": SampleEncoder(embed, 31_552)}, text)
    assert found["audio"]["own_names"]["top1"] == 100
    assert len(clips) == 4 * found["audio"]["samples"]


def test_a_bundle_is_measured_alike(seven_bundle, mixed_dataset):
    bundle = Bundle.load(seven_bundle)
    encoders = bundle_encoders(bundle, ["thermal", "audio", "touch"])
    assert encoders["audio"].window == input_length(bundle.manifest.encoders["audio"].inputs[0])
    found = measure_recordings(Dataset.open(mixed_dataset), encoders, bundle.encoder("text"))
    assert set(found) == {"thermal", "audio"}
    left = measure_recordings(
        Dataset.open(mixed_dataset), encoders, bundle.encoder("text"), ["chair"]
    )
    assert left["audio"]["samples"] == found["audio"]["samples"] * 2 / 3
    assert left["audio"]["classes"] == 2


def result(origin, seed, simulated, recorded):
    real = {"top1": recorded, "competing": {"top1": recorded + 5}, "own_names": {"top1": 88.0}}
    return {
        "kind": "students",
        "data": "household",
        "key": "",
        "objective": "cad",
        "share": 100,
        "seed": seed,
        "without": "",
        "origins": origin,
        "tag": "",
        "modalities": {"audio": {"test_samples_simulated": simulated}},
        "real": {"audio": real},
    }


def test_origins_are_compared_and_reported():
    results = [
        result("simulated", 0, 0.5, 20.0),
        result("all", 0, 0.5, 70.0),
        result("all", 1, 0.6, 80.0),
    ]
    found = reality(results)
    assert list(found) == ["simulated", "all"]
    assert found["all"]["audio"] == pytest.approx(
        {"simulated": 55, "recorded": 75, "competing": 80, "own_names": 88, "seeds": 2}
    )
    assert reality(results[1:]) == {}
    real = {
        "samples": 78,
        "objects": 60,
        "sources": ["ESC-10"],
        "classes": 45,
        "top1": 71.0,
        "competing": {"labels": ["animal", "rain"], "top1": 80.0},
        "windows": 300,
        "window_top1": 77.0,
        "own_names": {
            "labels": ["dog", "rain"],
            "top1": 86.0,
            "by_name": {"dog": 80.0, "rain": 92.0},
        },
    }
    said = "\n".join(simulation_and_reality(found, {"recordings": {"audio": real}}))
    assert "| audio | simulation alone | 50.0 | 20.0 | 25.0 | 88.0 | 1 |" in said
    assert "| audio | the bundle |  | 71.0 | 80.0 | 86.0 |  |" in said
    assert "78 recordings of 60 objects from ESC-10" in said
    assert simulation_and_reality({}, None) == []
    goals = {goal.what: goal for goal in recording_goals({"audio": real})}
    heard = goals["real sounds among the names of their set (ESC-10: 2 names, 78 samples)"]
    assert heard.verdict == "reached"
    assert goals["real thermal pictures among the names of their set"].measured is None
