"""A cache holds what the robot's encoders would be given, and what the teachers say of it."""

import json
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from folder_hashes import hashes
from learnable_plan import LearnablePlan

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES
from omnibind_ros.learning.tensors import task as cache_task
from omnibind_ros.learning.tensors.cache import TensorCache, build_cache
from omnibind_ros.learning.tensors.specs import input_spec, prepare_function


@pytest.mark.parametrize("modality", STUDENT_MODALITIES)
def test_tensors_are_what_the_encoder_would_be_given(training_dataset, training_cache, modality):
    dataset = Dataset.open(training_dataset)
    for row in (0, 17, 59):
        samples = sample_module(modality)
        data = samples.to_observation(dataset[row][modality], np.random.default_rng(0))
        wanted = prepare_function(modality)(data, input_spec(modality))
        stored = training_cache.inputs.tensors[modality][row]
        assert np.allclose(stored, wanted.values[0], atol=0.02, rtol=1e-3)
        assert training_cache.quality(modality)[row] == pytest.approx(wanted.quality)


def test_labels_objects_and_splits_follow_the_dataset(training_dataset, training_cache):
    dataset = Dataset.open(training_dataset)
    names = np.array(training_cache.vocabulary.classes.labels)
    assert list(names[training_cache.index.labels]) == list(dataset.column("label"))
    assert list(training_cache.index.objects) == list(dataset.column("object_id"))
    assert list(training_cache.index.splits) == list(dataset.column("split"))
    assert list(training_cache.index.rows["touch"]) == list(range(60))
    assert not training_cache.index.recorded["audio"].any()
    assert training_cache.vocabulary.classes.labels == dataset.labels


def test_teachers_say_what_the_bundle_says(training_dataset, training_cache, bundle_dir):
    dataset, bundle = Dataset.open(training_dataset), Bundle.load(bundle_dir)
    said = bundle.encoder("image").encode(dataset[5]["image"])
    assert np.allclose(training_cache.targets.image[5], said.values, atol=2e-3)
    assert training_cache.targets.image_quality[5] == pytest.approx(said.quality, abs=1e-4)
    sentence = bundle.encoder("text").encode(dataset[5]["text"][0])
    assert np.allclose(training_cache.targets.text[5, 0], sentence.values, atol=2e-3)
    assert training_cache.targets.text_count[5] == 2
    assert training_cache.targets.features.shape == (60, 1280)


def test_it_is_made_once(training_dataset, training_cache, bundle_dir):
    steps = []
    again = build_cache(
        training_dataset,
        training_cache.folder.parent,
        str(bundle_dir),
        progress=lambda *done: steps.append(done),
    )
    assert again.key == training_cache.key
    assert not steps


def test_an_executor_makes_the_same_bytes(training_dataset, training_cache, bundle_dir, tmp_path):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        made = build_cache(training_dataset, tmp_path, str(bundle_dir), executor)
    assert made.key == training_cache.key
    assert hashes(made.folder) == hashes(training_cache.folder)


def test_an_interrupted_build_goes_on(
    tmp_path, training_dataset, training_cache, bundle_dir, monkeypatch
):
    prepared = []
    whole = cache_task.CacheTask.__call__

    def stops_after_two(task, number, tick):
        if len(prepared) == 2:
            raise KeyboardInterrupt
        whole(task, number, tick)
        prepared.append(number)

    monkeypatch.setattr(cache_task.CacheTask, "__call__", stops_after_two)
    with pytest.raises(KeyboardInterrupt):
        build_cache(training_dataset, tmp_path, str(bundle_dir))
    (folder,) = tmp_path.iterdir()
    with pytest.raises(TrainingError, match="no whole cache"):
        TensorCache.open(folder)

    def counts(task, number, tick):
        assert number not in prepared, "what was done is done again"
        whole(task, number, tick)

    monkeypatch.setattr(cache_task.CacheTask, "__call__", counts)
    again = build_cache(training_dataset, tmp_path, str(bundle_dir))
    for modality in STUDENT_MODALITIES:
        assert np.array_equal(
            again.inputs.tensors[modality], training_cache.inputs.tensors[modality]
        )
    assert np.array_equal(again.targets.image, training_cache.targets.image)


def test_a_damaged_sample_is_left_out_and_the_others_stay(tmp_path, bundle_dir, monkeypatch):
    data = tmp_path / "data"
    build_dataset(LearnablePlan(6), data, workers=1)
    whole = Dataset.__getitem__

    def damaged(self, index):
        sample = whole(self, index)
        if index == 3:
            sample._members["thermal"] = memoryview(b"no picture")
        return sample

    monkeypatch.setattr(Dataset, "__getitem__", damaged)
    made = build_cache(data, tmp_path / "cache", str(bundle_dir))
    assert made.inputs.quality["thermal"][3] == 0
    assert np.count_nonzero(made.inputs.quality["thermal"]) == 5


def test_modalities_that_no_sample_has_are_empty(tmp_path, bundle_dir):
    data = tmp_path / "data"
    build_dataset(LearnablePlan(6, without=("touch", "image")), data, workers=1)
    made = build_cache(data, tmp_path / "cache", str(bundle_dir))
    assert made.inputs.tensors["touch"].shape == (0, 3, 60, 80)
    assert made.targets.image.shape == (0, 384)
    assert len(made.index.rows["thermal"]) == 6


def test_a_cache_with_a_lost_file_says_what_to_do(tmp_path, training_cache):
    copy = tmp_path / "copy"
    shutil.copytree(training_cache.folder, copy)
    assert json.loads((copy / "cache.json").read_text())["key"] == training_cache.key
    (copy / "audio.npy").unlink()
    with pytest.raises(TrainingError, match="remove it, and it is made again"):
        TensorCache.open(copy)


def test_the_labels_can_be_finer_than_the_classes(tmp_path, training_dataset, bundle_dir):
    made = build_cache(training_dataset, tmp_path, str(bundle_dir), labels=str(bundle_dir))
    plain = build_cache(training_dataset, tmp_path, str(bundle_dir))

    assert made.key != plain.key
    assert list(made.index.classes) == list(plain.index.classes)
    classes = Dataset.open(training_dataset).column("label")
    assert list(made.index.classes) == list(classes)
    names = np.array(made.vocabulary.classes.labels)[made.index.labels]
    assert list(names) == list(classes)  # these classes are labels of the bundle and have no finer


def test_labels_of_a_bundle_that_is_not_there(tmp_path, training_dataset, bundle_dir):
    with pytest.raises(BundleError):
        build_cache(training_dataset, tmp_path, str(bundle_dir), labels=str(tmp_path / "none"))
