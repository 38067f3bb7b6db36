"""Counts, contact sheet, card and probes tell what is in a dataset."""

import csv
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_plan import LABELS, TinyPlan

from omnibind_ros.cli import main
from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.inspection.probe import nearest_centroid, probe, probed_modalities
from omnibind_ros.datasets.inspection.sheet import CELL, GAP, HEAD, contact_sheet
from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.samples.log_mel import BANDS, band_filters, log_mel
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.skip_log import SkipLog

PLAN = TinyPlan(90, audio_only=(5, 17, 44))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("tiny")
    build_dataset(PLAN, out, workers=1, shard_size=40)
    return out


def test_inspect_writes_the_counts(folder, tmp_path, capsys):
    target = tmp_path / "figures.json"
    assert main(["dataset", "inspect", str(folder), "--json", str(target)]) == 0
    figures = json.loads(target.read_text())
    assert figures["classes"] == 3
    assert figures["objects"] == 30
    assert figures["samples"] == 90
    assert figures["paired"] == 87
    assert sum(figures["objects_by_split"].values()) == 30
    assert figures["samples_by_modality"]["audio"] == 90
    assert figures["samples_by_modality"]["image"] == 87
    assert figures["recorded_by_modality"]["audio"] == 3
    files = [*folder.glob("shard-*.tar"), folder / "index.parquet"]
    assert figures["bytes"] == sum(path.stat().st_size for path in files)
    assert (
        "90 samples (87 with all modalities) of 30 objects in 3 classes" in capsys.readouterr().out
    )


def test_inspect_of_no_dataset_is_one_sentence(tmp_path, capsys):
    assert main(["dataset", "inspect", str(tmp_path)]) == 1
    assert "holds no complete dataset" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["touch", "touch=200", "image=3", "touch=x", "=1"])
def test_a_wrong_share_is_one_sentence(tmp_path, capsys, share):
    arguments = ["dataset", "build", "household", "--out", str(tmp_path), "--share", share]
    assert main(arguments) == 1
    assert f"'{share}' is no share of paired data" in capsys.readouterr().err


def test_the_sheet_has_a_row_a_class(folder, tmp_path):
    target = tmp_path / "sheet.png"
    assert main(["dataset", "inspect", str(folder), "--sheet", str(target)]) == 0
    sheet = cv2.imread(str(target))
    assert sheet.shape[0] == HEAD + len(LABELS) * (CELL + GAP)
    assert main(["dataset", "inspect", str(folder), "--sheet", str(target), "--rows", "2"]) == 0
    assert cv2.imread(str(target)).shape[0] == HEAD + 2 * len(LABELS) * (CELL + GAP)


def test_the_sheet_of_some_classes(folder):
    chairs = contact_sheet(Dataset.open(folder).select(labels=["chair"]))
    assert chairs.shape[0] == HEAD + CELL + GAP
    with pytest.raises(DatasetError, match="no class 'unicorn'"):
        Dataset.open(folder).select(labels=["unicorn"])


def test_a_sheet_that_is_no_picture_is_one_sentence(folder, tmp_path, capsys):
    assert main(["dataset", "inspect", str(folder), "--sheet", str(tmp_path / "sheet.doc")]) == 1
    assert "end it in .png or .jpg" in capsys.readouterr().err


@pytest.mark.parametrize("modality", stored_modalities())
def test_every_modality_has_a_picture_that_depends_on_the_data(modality):
    draw = sample_module(modality).picture
    pictures = [draw(PLAN.data(index)[modality], 96) for index in (0, 1)]
    assert all(picture.shape == (96, 96, 3) for picture in pictures)
    assert all(picture.dtype == np.uint8 for picture in pictures)
    assert not np.array_equal(*pictures)


def test_the_objects_file_lists_every_object(folder):
    with (folder / "objects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert {row["licence"] for row in rows} == {"CC0-1.0"}
    assert sum(int(row["samples"]) for row in rows) == 90


def test_a_tone_is_loudest_in_its_own_band():
    seconds = np.arange(16_000) / 16_000
    for hertz in (200, 1000, 5000):
        mel = log_mel(np.sin(2 * np.pi * hertz * seconds).astype(np.float32))
        assert mel.shape[1] == BANDS
        band = int(mel.mean(0).argmax())
        peak = band_filters()[:, band].argmax() * 16_000 / 512
        assert abs(peak - hertz) < 0.12 * hertz + 32


@pytest.mark.parametrize("modality", probed_modalities())
def test_features_are_numbers_of_one_length(modality):
    features = sample_module(modality).features
    found = [features(PLAN.data(index)[modality]) for index in range(3)]
    assert all(len(feature) == len(found[0]) for feature in found)
    assert np.isfinite(found).all()


def test_the_probe_finds_what_is_there_and_nothing_else(folder):
    # The plan's warm stripe tells the class, its points are noise.
    figures = probe(Dataset.open(folder))
    assert figures["thermal"]["accuracy"] > 0.9
    assert figures["points"]["accuracy"] < 0.7
    assert figures["thermal"]["chance"] == pytest.approx(1 / 3)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_the_nearest_centroid_of_far_clusters_is_right(seed):
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(3), 8)
    points = (classes[:, None] * 50 + rng.normal(size=(24, 4))).astype(np.float32)
    assert np.array_equal(nearest_centroid(points, classes, points), classes)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y"])), max_size=30))
def test_skip_logs_merge_to_the_same_counts(entries):
    whole, first, second = SkipLog(), SkipLog(), SkipLog()
    for index, (what, reason) in enumerate(entries):
        whole.add(what, reason)
        (first if index % 2 else second).add(what, reason)
    first.merge(second)
    assert first.counts == whole.counts
    assert SkipLog.from_dict(json.loads(json.dumps(first.to_dict()))).counts == whole.counts


@pytest.mark.parametrize(
    "command", [("dataset", "build", "digits"), ("dataset", "combine"), ("dataset", "build")]
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "usage: omnibind dataset" in capsys.readouterr().out


def test_combining_what_is_no_dataset_is_one_sentence(tmp_path, capsys):
    assert main(["dataset", "combine", "nowhere", "--out", str(tmp_path / "out")]) == 1
    assert "'nowhere' is no dataset" in capsys.readouterr().err
