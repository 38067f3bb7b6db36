"""Calibration of an exported bundle of a dataset that has no validation objects."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="exports start from torch")

from training_run import SIZE, make_fusion_run, make_run

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.evaluation.measure.bundle import calibrated_on
from omnibind_ros.export.build_bundle import build_bundle
from omnibind_ros.export.export_inputs import BundleRequest
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.recognition.label_bank import LabelBank

SENTENCE = "cross-fitted in 4 folds of 24 objects"


def embeddings_of(labels):
    """Return touch embeddings of training and test objects of each class."""
    rng = np.random.default_rng(0)
    names = rng.normal(size=(len(labels), SIZE)).astype(np.float32)
    names /= np.linalg.norm(names, axis=1, keepdims=True)
    which = np.repeat(np.arange(len(labels)), 96 // len(labels))
    values = names[which] + rng.normal(size=(len(which), SIZE)) * 0.06
    values = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    number = np.arange(len(which)) // 2
    return EmbeddingSet(
        ("touch",),
        values[:, None],
        np.ones((len(which), 1), np.float32),
        np.ones((len(which), 1), np.bool_),
        which,
        np.array([f"thing {each}" for each in number]),
        np.where(number % 2, "test", "train"),
        LabelBank(tuple(labels), names, np.arange(len(labels))),
    )


@pytest.fixture(scope="module")
def request_of(training_dataset, training_cache, bundle_dir, tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("runs") / "students", training_cache)
    embeddings_of(Dataset.open(training_dataset).labels).save(run / "embeddings.npz")
    return BundleRequest(run, training_dataset, bundle_dir, cache=training_cache.folder.parent)


def test_it_is_cross_fitted_on_test_objects_and_says_so(request_of, tmp_path):
    made = build_bundle(tmp_path / "mine", replace(request_of, precision="fp32")).bundle
    about = made.manifest.figures["labels"]
    assert about["splits"] == ["test"]
    assert "too few validation objects, so the test objects are used" in about["calibrated"]
    assert SENTENCE in about["calibrated"]
    assert about["across_folds"]["samples"] == 48
    assert calibrated_on(made) == ["test"]


def test_thresholds_across_the_folds_of_a_fusion_stay(request_of, tmp_path):
    fusion = make_fusion_run(tmp_path / "fusion")
    record = json.loads((fusion / "fusion.json").read_text())
    figures = {"folds": 4, "objects": 24, "samples": 48, "top1": 90.0, "known": 80.0}
    record["cross_fitted"] = figures | {"wrong_known": 2.0}
    record["config"]["splits"] = ["test"]
    (fusion / "fusion.json").write_text(json.dumps(record))
    build_bundle(tmp_path / "mine", replace(request_of, precision="fp32", fusion=fusion))
    manifest = Bundle.load(tmp_path / "mine").manifest
    assert manifest.figures["fusion"]["across_folds"] == record["cross_fitted"]
    assert "80% known, 2% wrong and yet known" in manifest.figures["labels"]["calibrated"]
    assert manifest.calibration.temperature == 0.07
    in_sample = build_bundle(tmp_path / "mean", replace(request_of, precision="fp32")).bundle
    assert in_sample.manifest.calibration.min_similarity["touch"] != 0.33
