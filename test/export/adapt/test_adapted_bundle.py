"""Bundles that `omnibind adapt` makes of a folder of touch pictures."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import yaml
from adapting import HOUSEHOLD, QUICK, adapt, run, sentence
from folder_hashes import hashes
from own_recordings import GEL, touch_folder

pytest.importorskip("torch", reason="adapting needs torch")

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.released import FUSION, checkpoints_folder, find_checkpoint
from omnibind_ros.recognition.labels import read_labels

pytestmark = pytest.mark.timeout(900)  # a busy machine adapts slowly


def names(bundle):
    return {label.name for label in read_labels(bundle / "labels.yaml").labels}


@pytest.fixture(scope="module")
def unseen(gel, tmp_path_factory):
    """The test objects alone, by class."""
    folder = tmp_path_factory.mktemp("unseen") / "gel"
    for label in GEL:
        shutil.copytree(gel / label / f"{label}3", folder / label)
    shutil.copyfile(gel / "reference.png", folder / "reference.png")
    (folder / "folder.yaml").write_text("modality: touch\n")
    return folder


def recognised(bundle, folder, out):
    """Return the percent of files in folders of classes that `omnibind recognise` gets right."""
    done = run("recognise", folder, "--bundle", bundle, "--labels", ",".join(GEL), "--json", out)
    assert done.status == 0, done.err
    return json.loads(out.read_text())["top1"]


def test_it_recognises_objects_of_its_classes_that_it_has_not_touched(adapted, unseen, tmp_path):
    before = recognised(HOUSEHOLD, unseen, tmp_path / "before.json")
    after = recognised(adapted.out, unseen, tmp_path / "after.json")
    assert after >= 90
    assert after >= before + 30
    figures = adapted.figures["sensors"]["touch"]
    assert figures["after"]["balanced"] == pytest.approx(after, abs=5)
    assert figures["before"]["balanced"] < figures["after"]["balanced"]


def test_it_is_a_whole_bundle_with_labels_of_its_own(adapted):
    bundle = Bundle.load(adapted.out)
    assert not bundle.problems
    assert run("bundle", "check", adapted.out).status == 0
    assert names(adapted.out) == set(GEL)
    manifest = bundle.manifest
    assert manifest.name == "mine"
    assert set(manifest.encoders) == set(Bundle.load(HOUSEHOLD).manifest.encoders)
    assert manifest.figures["adaptation"] == adapted.figures
    assert "recordings" in manifest.encoders["touch"].trained_on
    assert "adapt" in manifest.encoders["touch"].origin
    same = Bundle.load(HOUSEHOLD).manifest.encoders
    changed = {m for m, spec in manifest.encoders.items() if spec.sha256 != same[m].sha256}
    assert changed == {"touch"}


def test_json_on_standard_output_is_alone_there(adapted):
    assert json.loads(adapted.printed.out) == adapted.figures


def test_nothing_is_left_but_the_bundle_and_its_weights(adapted):
    assert {path.name for path in adapted.out.parent.iterdir()} == {"mine", "mine_checkpoints"}


def test_the_page_is_one_file_without_scripts(adapted):
    page = (adapted.out / "adaptation.html").read_text()
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert page.count("data:image/png;base64,") >= 5
    assert "touch" in page
    assert all(label in page for label in GEL)


def test_its_weights_are_bound_to_it(adapted):
    bundle = Bundle.load(adapted.out)
    for name in (FUSION, "touch", "thermal", "event", "points", "audio"):
        assert find_checkpoint(bundle, name).is_file()
    record = yaml.safe_load((checkpoints_folder(bundle) / "checkpoints.yaml").read_text())
    assert record["bundle"] == bundle.manifest.model


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """More pictures, which are in the folders of wrong classes but for those of test objects."""
    other = dict(zip(GEL, (*GEL[1:], GEL[0]), strict=True))
    return touch_folder(
        tmp_path_factory.mktemp("wrong") / "gel",
        objects=3,
        seed=5,
        said=lambda label, split: label if split == "test" else other[label],
    )


def test_a_bundle_that_got_worse_is_not_written_unless_forced(adapted, wrong, tmp_path):
    before = hashes(adapted.out)
    out = tmp_path / "again"
    done = adapt(wrong, "--bundle", adapted.out, "--out", out, *QUICK)
    assert done.status == 1
    assert "got worse and was not written" in sentence(done)
    assert "--force" in sentence(done)
    assert "touch 100" in sentence(done)
    assert [path.name for path in tmp_path.iterdir()] == ["again_work"]
    assert hashes(adapted.out) == before

    done = adapt(wrong, "--bundle", adapted.out, "--out", out, "--force", *QUICK)
    assert done.status == 0, done.err
    assert "note: The bundle got worse and was written as --force wants it" in done.out
    figures = Bundle.load(out).manifest.figures["adaptation"]["sensors"]["touch"]
    assert figures["after"]["balanced"] < figures["before"]["balanced"]


def test_an_adapted_bundle_is_adapted_again_in_its_place(adapted, tmp_path):
    first = tmp_path / "first"
    shutil.copytree(adapted.out, first)
    shutil.copytree(checkpoints_folder(Bundle.load(adapted.out)), tmp_path / "first_checkpoints")
    (first / "README").write_text("my notes")
    more = touch_folder(tmp_path / "more", seed=9, change=-60)
    out = tmp_path / "second"
    shutil.copytree(first, out)
    done = adapt(more, "--bundle", first, "--out", out, *QUICK)
    assert done.status == 0, done.err
    assert Bundle.load(out).manifest.model != Bundle.load(first).manifest.model
    assert (out / "README").read_text() == "my notes"
    assert find_checkpoint(Bundle.load(out), "touch").is_file()
    assert "adapted" in done.out
