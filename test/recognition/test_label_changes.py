"""Labels that are enrolled, deleted and renamed, and what of it the next start has."""

import os

import numpy as np
import pytest

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.recognition.embedding_space import EmbeddingSpace
from omnibind_ros.recognition.enrolled_bank import EnrolledView
from omnibind_ros.recognition.enrolled_file import EnrolledError
from omnibind_ros.recognition.enrolled_labels import EnrolledLabels
from omnibind_ros.recognition.enrolment import Learned
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.label_changes import LabelChanges, LabelInfo
from omnibind_ros.recognition.labels import LabelError
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

AXES = np.eye(8, dtype=np.float32)
PARTS = {"image": "1", "touch": "2", "fusion": "3"}


def space(size=8, model="bundle@1", **parts):
    return EmbeddingSpace(model, size, {**PARTS, **parts})


class Robot:
    """What a node holds of labels; each one is a start of the node."""

    def __init__(self, folder, of=None):
        bank = LabelBank(("cup", "pen"), AXES[[0, 0, 1]], np.array([0, 0, 1]))
        self.recogniser = Recogniser(bank, Calibration(0.05, 0.2, {}))
        self.enrolled = EnrolledLabels()
        self.vocabulary = Vocabulary(bank, ("{}",), None, 0.8)
        self.changes = LabelChanges(self.vocabulary, self.enrolled, self.recogniser)
        self.problems = self.enrolled.open(folder, of or space())
        self.changes.update()

    def enroll(self, label, axis, modalities=("image",)):
        return self.changes.enroll(label, Learned(AXES[axis], modalities, 7))

    def names(self, axis):
        bank = self.recogniser.bank
        return bank.labels[int(np.argmax(bank.similarities(AXES[axis])))]


def test_an_enrolled_label_is_recognised_after_the_next_start(tmp_path):
    robot = Robot(tmp_path)
    said = robot.enroll(" my\tmug ", 5)
    assert said == f"label 'my mug' was enrolled from 7 results and is kept in {tmp_path}"
    robot.enroll("My mug", 6)
    robot.enroll("CUP", 7)
    for again in (robot, Robot(tmp_path)):
        assert again.problems == []
        assert [again.names(axis) for axis in (5, 6, 7)] == ["my mug", "my mug", "cup"]
        assert again.changes.list() == [
            LabelInfo("cup", 2, 1, 0),
            LabelInfo("my mug", 0, 2, 0),
            LabelInfo("pen", 1, 0, 0),
        ]


@pytest.mark.parametrize("label", ["", " \n", "\u200d\x00", "x" * 300])
def test_no_file_is_written_for_what_cannot_be_a_label(tmp_path, label):
    with pytest.raises(LabelError):
        Robot(tmp_path / "new").enroll(label, 5)
    assert not list((tmp_path / "new").glob("*.npz"))


def test_without_a_folder_labels_stay_until_the_node_ends():
    robot = Robot(None)
    assert robot.enroll("my mug", 5).endswith(
        "is lost when the node ends, as the parameter enrolled is empty"
    )
    assert robot.enrolled.open(None, space()) == []  # configured again
    robot.changes.update()
    assert robot.names(5) == "my mug"


def test_what_is_in_memory_is_written_when_a_folder_is_set(tmp_path):
    robot = Robot(None)
    robot.enroll("my mug", 5)
    assert robot.enrolled.open(tmp_path, space()) == []
    assert Robot(tmp_path).names(5) == "my mug"


@pytest.mark.parametrize(
    ("other", "usable"),
    [
        (space(touch="9"), {"pen holder", "mug"}),  # another encoder of touch
        (space(image="9"), {"pad"}),
        (space(fusion="9"), set()),
        (space(16, image="9", touch="9"), set()),
        (space(model="bundle@2"), {"pen holder", "mug", "pad"}),  # the same encoders
    ],
)
def test_views_of_other_encoders_are_kept_and_not_used_and_told(tmp_path, other, usable):
    robot = Robot(tmp_path)
    robot.enroll("mug", 5, ["image"])
    robot.enroll("pen holder", 6, ["image"])
    robot.enroll("pad", 7, ["touch"])
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.npz")}
    later = Robot(tmp_path, other)
    assert set(later.recogniser.bank.labels) - {"cup", "pen"} == usable
    unused = {"mug", "pen holder", "pad"} - usable
    assert len(later.problems) == bool(unused)
    assert all(f"'{name}'" in later.problems[0] for name in unused)
    assert not later.problems or "bundle@1) is kept but not used" in later.problems[0]
    listed = {info.name: info for info in later.changes.list()}
    assert all(listed[name] == LabelInfo(name, 0, 0, 1) for name in unused)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.npz")} == before
    assert Robot(tmp_path).problems == []


def test_a_label_holds_views_of_two_bundles_of_different_sizes(tmp_path):
    Robot(tmp_path).enroll("mug", 5)
    large = EnrolledLabels()
    large.open(tmp_path, space(16, "bundle@2", image="9"))
    values = np.eye(16, dtype=np.float32)[0]
    large.add("mug", EnrolledView("mug", values), ["image"])
    (mine,) = large.views()
    np.testing.assert_array_equal(mine.values, values)
    assert large.counts() == [("mug", 1, 1)]
    assert Robot(tmp_path).names(5) == "mug"


def test_many_unused_labels_are_one_sentence(tmp_path):
    robot = Robot(tmp_path)
    for i in range(9):
        robot.enroll(f"thing {i}", 5)
    (problem,) = Robot(tmp_path, space(image="9")).problems
    assert "'thing 4' and 4 more with other encoders" in problem


def test_on_a_full_disk_the_label_works_and_is_written_later(tmp_path, monkeypatch):
    robot = Robot(tmp_path)

    def full(_file):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        said = robot.enroll("my mug", 5)
        assert "is lost when the node ends: " in said
        assert "No space left on device" in said
        assert robot.names(5) == "my mug"
    assert Robot(tmp_path).changes.list() == [LabelInfo("cup", 2), LabelInfo("pen", 1)]
    assert robot.enroll("my pen", 6).endswith(f"is kept in {tmp_path}")
    again = Robot(tmp_path)
    assert [again.names(5), again.names(6)] == ["my mug", "my pen"]


def test_a_folder_that_cannot_be_made_is_one_sentence_and_labels_work(tmp_path):
    (tmp_path / "file").write_text("")
    robot = Robot(tmp_path / "file" / "below")
    (problem,) = robot.problems
    assert "cannot be written (Not a directory)" in problem
    assert "is lost when the node ends: the folder" in robot.enroll("my mug", 5)
    assert robot.names(5) == "my mug"


def test_a_damaged_file_costs_its_own_label_alone(tmp_path):
    robot = Robot(tmp_path)
    robot.enroll("mug", 5)
    robot.enroll("pad", 6)
    next(tmp_path.glob("mug*")).write_bytes(b"damaged")
    later = Robot(tmp_path)
    (problem,) = later.problems
    assert "mug" in problem
    assert later.names(6) == "pad"


def test_labels_are_deleted(tmp_path):
    robot = Robot(tmp_path)
    robot.enroll("my mug", 5)
    robot.enroll("my mug", 6)
    robot.enroll("cup", 7)
    assert robot.changes.delete("MY mug") == "label 'my mug' was deleted with 2 enrolled views"
    assert robot.changes.delete("cup") == (
        "label 'cup' was deleted with 1 enrolled views until the labels are set or the node is "
        "configured anew"
    )
    assert robot.recogniser.bank.labels == ("pen",)
    with pytest.raises(LabelError, match="only label"):
        robot.changes.delete("pen")
    with pytest.raises(LabelError, match="there is no label 'cup'"):
        robot.changes.delete("cup")
    assert Robot(tmp_path).recogniser.bank.labels == ("cup", "pen")


def test_labels_are_renamed(tmp_path):
    robot = Robot(tmp_path)
    robot.enroll("my mug", 5)
    robot.enroll("cup", 6)
    assert robot.changes.rename("my mug", " Anna's\nmug") == (
        "label 'my mug' was renamed to 'Anna's mug' with 1 enrolled views"
    )
    robot.changes.rename("Anna's mug", "ANNA'S mug")
    assert robot.names(5) == "ANNA'S mug"
    robot.changes.rename("cup", "beaker")
    assert robot.names(6) == robot.names(0) == "beaker"
    for old, new, words in (
        ("beaker", "PEN", "label 'pen' is there already"),
        ("beaker", "anna's MUG", "is there already"),
        ("nothing", "thing", "there is no label"),
        ("beaker", " ", "empty"),
    ):
        with pytest.raises(LabelError, match=words):
            robot.changes.rename(old, new)
    later = Robot(tmp_path)
    assert set(later.recogniser.bank.labels) == {"cup", "pen", "ANNA'S mug", "beaker"}


def test_what_cannot_be_written_is_not_renamed_or_deleted(tmp_path, monkeypatch):
    robot = Robot(tmp_path)
    robot.enroll("my mug", 5)

    def fail(*_, **__):
        raise OSError(30, os.strerror(30))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", fail)
        patch.setattr(os, "fsync", fail)
        with pytest.raises(EnrolledError, match="Read-only"):
            robot.changes.delete("my mug")
        with pytest.raises(EnrolledError, match="Read-only"):
            robot.changes.rename("my mug", "your mug")
    assert robot.names(5) == "my mug"
    assert robot.changes.list()[1] == LabelInfo("my mug", 0, 1, 0)


def test_what_another_node_enrolls_in_the_folder_is_known_at_the_next_call(tmp_path):
    one, other = Robot(tmp_path), Robot(tmp_path)
    one.enroll("my mug", 5)
    other.enroll("pad", 6)
    assert [other.names(5), other.names(6)] == ["my mug", "pad"]
    assert len(one.changes.list()) == 4
    assert one.names(6) == "pad"


def test_the_space_is_that_of_encoders_and_fusion_not_of_labels_and_calibration(bundle_copy):
    def of(fusion="mean"):
        return EmbeddingSpace.of(Bundle.load(bundle_copy), fusion)

    before = of()
    assert before.size == 384
    manifest = bundle_copy / "bundle.yaml"
    text = manifest.read_text()
    manifest.write_text(text.replace("temperature: ", "temperature: 1"))
    assert of() == before
    sha = Bundle.load(bundle_copy).manifest.encoders["text"].sha256
    manifest.write_text(text.replace(sha, "0" * 64))
    assert of().key(["image"]) == before.key(["image"])
    assert of().key(["image", "text"]) != before.key(["image", "text"])
    assert of("other").key(["image"]) != before.key(["image"])
    assert before.key(["touch"]) == ""  # the bundle has no encoder of touch
