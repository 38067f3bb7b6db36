"""Bundles that `omnibind adapt` makes of bags, with labels and without."""

from __future__ import annotations

import re
import shutil

import pytest
from adapting import HOUSEHOLD, QUICK, adapt, run, sentence
from own_recordings import SEEN, Recording, stream_kinds, taught_bag

pytest.importorskip("torch", reason="adapting needs torch")

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.adapt.sources import Sources
from omnibind_ros.recognition.labels import read_labels

pytestmark = pytest.mark.timeout(900)  # a busy machine adapts slowly


def names(bundle):
    return [label.name for label in read_labels(bundle / "labels.yaml").labels]


def figures(bundle):
    return Bundle.load(bundle).manifest.figures["adaptation"]


def test_a_bag_with_labels_adapts_each_sensor_and_their_fusion(labelled):
    assert run("bundle", "check", labelled.out).status == 0
    of = figures(labelled.out)
    assert set(of["sensors"]) == {"thermal", "event"}
    for sensor in of["sensors"].values():
        assert sensor["after"]["balanced"] >= 90
        assert sensor["after"]["balanced"] > sensor["before"]["balanced"]
    assert of["fused"]["modalities"] == ["image", "thermal", "event"]
    assert of["fused"]["after"]["balanced"] >= 90


def test_the_labels_of_the_bundle_can_stay(labelled):
    shipped = names(HOUSEHOLD)
    assert set(names(labelled.out)) == set(shipped)
    assert set(SEEN) <= set(shipped)


def test_what_was_taught_in_a_recording_of_enrolments_is_learnt(tmp_path):
    bag = taught_bag(tmp_path / "taught")
    assert not (bag / "labels.yaml").exists()
    out = tmp_path / "mine"
    done = adapt(bag, "--bundle", HOUSEHOLD, "--out", out, *QUICK)
    assert done.status == 0, done.err
    assert set(names(out)) == set(SEEN)
    sensor = figures(out)["sensors"]["thermal"]
    assert sensor["objects"] == 12
    assert sensor["samples"]["train"] >= 24
    assert sensor["after"]["balanced"] >= 90
    assert sensor["after"]["balanced"] > sensor["before"]["balanced"]


def test_a_bag_without_labels_learns_from_the_camera(stream):
    assert run("bundle", "check", stream.out).status == 0
    sensor = stream.figures["sensors"]["thermal"]
    assert sensor["after"]["agrees"] >= sensor["before"]["agrees"] + 50
    assert "probe" not in sensor
    assert sensor["after"]["known"] >= 70
    assert stream.figures["fused"]["after"]["known"] >= 70
    assert names(stream.out) == names(HOUSEHOLD)


def test_labels_are_not_used_where_they_are_not_wanted(labelled):
    assert Sources.parse([str(labelled.bag)]).labelled
    without = Sources.parse([str(labelled.bag)], unlabelled=True)
    assert not without.labelled
    plan = without.plan()
    assert {plan.item(index).label for index in range(len(plan))} == {"unlabelled"}
    assert {plan.item(index).split for index in range(len(plan))} == {"train", "validation", "test"}


def test_a_clock_that_differs_by_seconds_is_told(tmp_path):
    bag = Recording(tmp_path / "bag", stream_kinds(60)).write(
        labels="period: 1.0\n", when={"thermal": lambda second: second + 4}
    )
    done = adapt(bag, "--bundle", HOUSEHOLD, "--out", tmp_path / "mine", *QUICK)
    told = re.search(r"times of thermal seem to be about (\S+) s later", done.err + done.out)
    assert float(told[1]) == pytest.approx(4, abs=0.6)


def test_a_bag_without_camera_and_labels(tmp_path):
    bag = Recording(tmp_path / "bag", stream_kinds(60)).write(("thermal",), "period: 1.0\n")
    done = adapt(bag, "--bundle", HOUSEHOLD, "--out", tmp_path / "mine", *QUICK)
    assert done.status == 1
    assert "neither labels nor a camera" in sentence(done)
    assert not (tmp_path / "mine").exists()


def test_a_camera_that_records_at_another_time(tmp_path):
    bag = Recording(tmp_path / "bag", stream_kinds(60)).write(
        labels="period: 1.0\n",
        when={
            "image": lambda second: second if second < 30 else None,
            "thermal": lambda second: second if second >= 33 else None,
        },
    )
    done = adapt(bag, "--bundle", HOUSEHOLD, "--out", tmp_path / "mine", *QUICK)
    assert done.status == 1
    assert "there are no labels" in sentence(done)
    assert "of the same time" in sentence(done)
    assert not (tmp_path / "mine").exists()


def test_bags_of_which_one_has_no_labels(labelled, tmp_path):
    shutil.copytree(labelled.bag, tmp_path / "bags" / "first")
    shutil.copytree(labelled.bag, tmp_path / "bags" / "second")
    (tmp_path / "bags" / "second" / "labels.yaml").unlink()
    done = adapt(tmp_path / "bags", "--bundle", HOUSEHOLD, "--out", tmp_path / "mine", *QUICK)
    assert done.status == 1
    assert "second has no labels" in sentence(done)
    assert not (tmp_path / "mine_work").exists()
