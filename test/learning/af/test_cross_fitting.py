"""Cross-fitting: what is said of an object comes from what was fitted to others."""

import json
from dataclasses import replace

import numpy as np
import pytest
from embedding_sets import make_embeddings

pytest.importorskip("torch", reason="learning needs torch")

from omnibind_ros.cli import main
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.cross_fitted_fusion import calibrate_across
from omnibind_ros.learning.af.cross_fitting import Folds, sentence
from omnibind_ros.learning.af.files import calibrate_fusion
from omnibind_ros.learning.af.label_calibration import mean_fused
from omnibind_ros.learning.af.training import train_fusion
from omnibind_ros.modalities import combination_name

HARD = {"image": 3.0, "touch": 3.0}


@pytest.fixture(scope="module")
def few():
    """Forty test objects of two samples, whose embeddings tell little; no validation objects."""
    data = make_embeddings(160, classes=4, modalities=tuple(HARD), noise=HARD)
    return replace(data, splits=np.where(data.splits == "validation", "train", data.splits))


def test_all_samples_of_an_object_are_in_one_fold(few):
    folds = Folds.of(few)
    numbers = folds.folds_of(folds.data)
    assert (folds.count, set(numbers), folds.single) == (4, {0, 1, 2, 3}, False)
    for name in np.unique(few.objects):
        assert len(set(numbers[few.objects == name])) == 1
    for fold in range(4):
        others = folds.others(fold)
        assert not set(others.objects) & set(few.objects[numbers == fold])
        assert set(others.labels) == set(few.labels)


def test_samples_of_a_class_with_one_object_are_divided(few):
    first = few.objects[few.labels == 1][0]
    chosen = few.samples((few.labels != 1) | (few.objects == first))
    folds = Folds.of(chosen)
    assert folds.single
    assert len(set(folds.folds_of(folds.data)[chosen.labels == 1])) == 2
    one = few.samples(few.objects == first)
    assert Folds.of(one) is None


def test_each_sample_is_fused_by_what_has_not_seen_it(few):
    folds = Folds.of(few)
    seen = []

    def fuse_of(fold):
        def fuse(part):
            seen.append((fold, set(part.objects)))
            return np.full((len(part), part.size), fold, np.float32)

        return fuse

    fused = folds.fuse([fuse_of(fold) for fold in range(folds.count)])(few)
    assert (fused[:, 0] == folds.folds_of(few)).all()
    for fold, objects in seen:
        assert not objects & set(folds.others(fold).objects)


def test_figures_are_of_thresholds_of_other_folds(few):
    folds = Folds.of(few)
    figures = folds.figures(mean_fused)
    assert (figures["objects"], figures["samples"]) == (80, 160)
    right = few.is_right(few.bank.similarities(mean_fused(few)).argmax(1))
    assert figures["top1"] == pytest.approx(100 * right.mean(), abs=0.1)
    assert figures["wrong_known"] <= 20
    assert "folds of 80 objects" in sentence(figures)


def test_thresholds_of_a_fusion_without_validation_objects_are_of_objects_it_has_not_seen(few):
    config = FusionConfig(steps=150, batch_size=64, splits=["test"], dropout=0.0, weight_decay=0.0)
    trained = train_fusion(few, config)
    trained.figures["steps"] = 150  # as if this were best: it has learnt the objects by heart
    usual = calibrate_fusion(trained, few, config)
    calibration, figures = calibrate_across(trained, few, config)
    both = combination_name(HARD)
    assert set(calibration.min_similarity) == set(usual.min_similarity)
    assert calibration.min_similarity[both] != usual.min_similarity[both]
    assert calibration.temperature == usual.temperature
    assert figures["samples"] == 80


def test_the_command_says_that_it_cross_fits(few, tmp_path, capsys):
    few.save(tmp_path / "embeddings.npz")
    (tmp_path / "fusion.yaml").write_text("steps: 5\n", encoding="utf-8")
    arguments = ("--embeddings", "embeddings.npz", "--out", "out", "--config", "fusion.yaml")
    given = [a if a.startswith("--") else str(tmp_path / a) for a in arguments]
    assert main(["train", "fusion", *given]) == 0
    printed = capsys.readouterr().out
    assert "too few validation objects, so the test objects are used, by cross-fitting" in printed
    assert "cross-fitted in 4 folds of 40 objects" in printed
    record = json.loads((tmp_path / "out" / "fusion.json").read_text())
    assert record["config"]["splits"] == ["test"]
    assert record["cross_fitted"]["samples"] == 80
