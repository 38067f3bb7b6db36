"""Adaptations to so few recordings that hardly any is left to calibrate by."""

from __future__ import annotations

import json

import pytest
from adapting import HOUSEHOLD, QUICK, adapt
from own_recordings import GEL, touch_folder

pytest.importorskip("torch", reason="adapting needs torch")

from omnibind_ros.encoders.bundle import Bundle

pytestmark = pytest.mark.timeout(900)  # a busy machine adapts slowly


def test_it_is_cross_fitted_and_says_so(tmp_path):
    gel = touch_folder(tmp_path / "gel", labels=GEL[:2], objects=5, files=4)
    out, file = tmp_path / "mine", tmp_path / "figures.json"
    done = adapt(gel, "--bundle", HOUSEHOLD, "--out", out, "--json", file, *QUICK)
    assert done.status == 0, done.err
    # Eight pictures are held back to calibrate by; with those of training they are 32.
    figures = json.loads(file.read_text())["calibration"]
    assert (figures["how"], figures["samples"]) == ("cross-fitted", 32)
    assert (figures["folds"], figures["objects"]) == (4, 8)
    assert figures["known"] >= 70
    assert "note: fewer than 12 samples that are held back for it have labels" in done.out
    assert "cross-fitted in 4 folds of 8 objects" in done.out
    assert "have seen in training" not in done.out
    touch = json.loads(file.read_text())["sensors"]["touch"]
    wrong = f"{touch['before']['wrong_known']:.1f}% > {touch['after']['wrong_known']:.1f}%"
    head, row = done.out.splitlines()[:2]
    assert head.endswith("wrong and known")
    assert row.endswith(wrong)
    assert Bundle.load(out).manifest.figures["adaptation"]["calibration"] == figures


def test_students_whose_layers_have_seen_the_samples_are_not_surer_than_before(tmp_path):
    gel = touch_folder(tmp_path / "gel", labels=GEL[:2], objects=4, files=5)
    options = ("--bundle", HOUSEHOLD, "--out", tmp_path / "mine", "--precision", "fp32")
    done = adapt(gel, *options, "--depth", "all", "--workers", "1")
    assert done.status == 0, done.err
    manifest = Bundle.load(tmp_path / "mine").manifest
    figures = manifest.figures["adaptation"]
    assert figures["sensors"]["touch"]["depth"] == "all"
    assert figures["calibration"] == {"how": "training samples", "samples": 30}
    assert "the students of touch have seen in training" in done.out
    before = Bundle.load(HOUSEHOLD).manifest.calibration.min_similarity
    assert manifest.calibration.min_similarity["touch"] >= before["touch"]
