"""What `omnibind adapt` refuses: a sentence each, and nothing half-written."""

from __future__ import annotations

import fcntl
import resource
import shutil
import subprocess
import sys

import pytest
from adapting import HOUSEHOLD, QUICK, adapt, sentence
from fixture_bundle import TEACHER
from folder_hashes import hashes
from own_recordings import Recording, stream_kinds, touch_folder

pytest.importorskip("torch", reason="adapting needs torch")

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest_writing import write_manifest

pytestmark = pytest.mark.timeout(900)  # a busy machine adapts slowly


@pytest.fixture
def small(tmp_path):
    """A folder of touch pictures, as few as can be adapted to."""
    return touch_folder(tmp_path / "gel", labels=("ball", "brush"), objects=3, files=6)


@pytest.fixture
def refused(tmp_path):
    """Return a call that must be refused; it gives the sentence, and nothing is written."""

    def call(*arguments, out=tmp_path / "mine"):
        before = hashes(out) if out.is_dir() else None
        done = adapt(*arguments, "--out", out, *QUICK)
        assert done.status == 1, done.out
        assert done.out == ""
        said = sentence(done)
        assert said.startswith("omnibind adapt: ")
        assert "Traceback" not in done.err
        assert (hashes(out) if out.is_dir() else None) == before
        return said

    return call


def test_a_source_that_does_not_exist(refused, tmp_path):
    said = refused(tmp_path / "nowhere", "--bundle", HOUSEHOLD)
    assert "there is no folder" in said
    assert "nowhere" in said


def test_an_empty_folder(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    said = refused(tmp_path / "empty", "--bundle", HOUSEHOLD)
    assert "empty" in said
    assert "CLASS/FILE" in said


def test_a_folder_of_other_files(refused, tmp_path):
    (tmp_path / "letters" / "cup").mkdir(parents=True)
    (tmp_path / "letters" / "cup" / "a.odt").write_bytes(b"PK")
    said = refused(tmp_path / "letters", "--bundle", HOUSEHOLD)
    assert "letters" in said


def test_a_source_that_is_named_twice(refused, small):
    assert "name each once" in refused(small, small, "--bundle", HOUSEHOLD)
    assert "name each once" in refused(small, f"folder:{small / 'ball'}", "--bundle", HOUSEHOLD)


def test_one_class_only(refused, tmp_path):
    gel = touch_folder(tmp_path / "gel", labels=("ball",))
    said = refused(gel, "--bundle", HOUSEHOLD)
    assert "'ball' only" in said
    assert "at least two kinds of things" in said


def test_too_few_samples(refused, tmp_path):
    gel = touch_folder(tmp_path / "gel", labels=("ball", "brush"), objects=3, files=2)
    said = refused(gel, "--bundle", HOUSEHOLD)
    assert "4 training samples are too few, 10 are needed" in said


def test_pictures_that_are_damaged(refused, small):
    for path in small.glob("*/*/*.png"):
        path.write_bytes(b"no picture")
    said = refused(small, "--bundle", HOUSEHOLD)
    assert "all 36 samples were left out" in said


def test_a_sensor_that_is_not_in_the_recordings(refused, small):
    said = refused(small, "--bundle", HOUSEHOLD, "--modalities", "touch,thermal")
    assert "thermal cannot be adapted" in said
    assert "they have touch" in said


def test_a_bundle_without_an_encoder_of_the_sensor_needs_labels(refused, tmp_path):
    bag = Recording(tmp_path / "bag", stream_kinds(30)).write()
    for more in ((), ("--modalities", "thermal")):
        said = refused(bag, "--bundle", TEACHER, *more)
        assert "has no encoder of it, and without labels none can be begun" in said
        assert "bundle merge" in said


def test_a_bundle_without_its_weights(refused, small, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(HOUSEHOLD, alone)
    said = refused(small, "--bundle", alone)
    assert "alone_checkpoints has no checkpoints.yaml" in said
    assert "--checkpoints" in said
    assert not (tmp_path / "mine_work").exists()


def test_weights_of_another_bundle(refused, small, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(HOUSEHOLD, other)
    manifest = Bundle.load(other).manifest
    thermal, event = manifest.encoders["thermal"], manifest.encoders["event"]
    encoders = {**manifest.encoders, "thermal": thermal, "touch": event}
    write_manifest(other, type(manifest)(**(vars(manifest) | {"encoders": encoders})), "a test")
    weights = HOUSEHOLD.with_name("household_checkpoints")
    said = refused(small, "--bundle", other, "--checkpoints", weights, "--modalities", "touch")
    assert "are those of another bundle" in said


def test_the_bundle_itself_is_not_replaced(refused, small, tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(HOUSEHOLD, mine)
    assert "is a bundle that is read" in refused(small, "--bundle", mine, out=mine)
    assert hashes(mine) == hashes(HOUSEHOLD)


def test_what_is_no_bundle_is_not_replaced(refused, small, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "holiday.jpg").write_bytes(b"jpg")
    said = refused(small, "--bundle", HOUSEHOLD, out=photos)
    assert "holds something that is no bundle" in said
    (tmp_path / "file").write_text("text")
    assert "is a file" in refused(small, "--bundle", HOUSEHOLD, out=tmp_path / "file")


def test_folders_of_the_same_names_as_the_works_are_not_touched(refused, small, tmp_path):
    for name, said in (("mine_work", "no adaptation"), ("mine_checkpoints", "no weights")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "thesis.tex").write_text("years")
        assert said in refused(small, "--bundle", HOUSEHOLD)
        assert (folder / "thesis.tex").read_text() == "years"
        shutil.rmtree(folder)


def test_a_bundle_with_a_folder_in_it(refused, small, tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(HOUSEHOLD, mine)
    (mine / "pictures").mkdir()
    assert "pictures is a folder" in refused(small, "--bundle", HOUSEHOLD, out=mine)


def test_the_recordings_are_not_written_into(refused, small):
    said = refused(small, "--bundle", HOUSEHOLD, out=small / "ball" / "mine")
    assert "lie in each other" in said
    said = refused(small, "--bundle", HOUSEHOLD, out=small.parent)
    assert "holds something that is no bundle" in said


def test_figures_into_a_folder_that_is_missing(refused, small, tmp_path):
    said = refused(small, "--bundle", HOUSEHOLD, "--json", tmp_path / "no" / "figures.json")
    assert "its folder is missing" in said


def test_two_adaptations_into_one_folder(refused, small, tmp_path):
    work = tmp_path / "mine_work"
    work.mkdir()
    with (work / ".omnibind_adapt").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        said = refused(small, "--bundle", HOUSEHOLD)
    assert "another adaptation works in" in said


@pytest.mark.parametrize(
    "option", [("--workers", "-1"), ("--seed", "-1"), ("--modalities", "nose")]
)
def test_options_that_make_no_sense(small, tmp_path, option):
    with pytest.raises(SystemExit) as ended:
        adapt(small, "--bundle", HOUSEHOLD, "--out", tmp_path / "mine", *option)
    assert ended.value.code == 2


@pytest.mark.parametrize("limit", [20_000, 1_000_000, 3_000_000])
def test_a_disk_that_is_full(small, tmp_path, limit):
    """A limit of the size of files takes the place of a full disk: the same error at a write."""
    command = [sys.executable, "-m", "omnibind_ros.cli", "adapt", str(small), *QUICK]
    done = subprocess.run(
        [*command, "--bundle", str(HOUSEHOLD), "--out", str(tmp_path / "mine")],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1, done.stderr
    last = done.stderr.rstrip().splitlines()[-1]
    assert "cannot be written" in last
    assert "make room" in last
    assert not (tmp_path / "mine").exists()
    assert not (tmp_path / "mine_checkpoints").exists()
