"""`omnibind labels` on the folder of a node."""

import numpy as np
import pytest

from omnibind_ros.cli import main
from omnibind_ros.recognition.enrolled_file import View
from omnibind_ros.recognition.enrolled_folder import EnrolledFolder

AXES = np.eye(8, dtype=np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    folder = EnrolledFolder(tmp_path / "omnibind_ros" / "enrolled" / "perception")
    folder.add("my mug", [View(AXES[0], ("image", "touch"), "a", "household@1")])
    folder.add("my mug", [View(AXES[1], ("image",), "b", "household@2")])
    folder.add("my mug", [View(AXES[3], ("image",), "b", "household@2")])
    folder.add("Bolt", [View(AXES[2], ("touch",), "c", "household@2")])
    return folder


def test_labels_are_listed_renamed_and_deleted(folder, capsys):
    assert main(["labels", "list"]) == 0
    assert capsys.readouterr().out == (
        "Bolt: 1 enrolment with touch (household@2)\n"
        "my mug: 1 enrolment with image+touch (household@1), "
        "2 enrolments with image (household@2)\n"
        f"2 enrolled labels in {folder.path}\n"
    )
    assert main(["labels", "rename", "MY mug", "Anna's mug"]) == 0
    assert main(["labels", "delete", "bolt", "--folder", str(folder.path)]) == 0
    assert capsys.readouterr().out == (
        "label 'my mug' was renamed to 'Anna's mug'\nlabel 'Bolt' was deleted with 1 views\n"
    )
    (label,) = folder.labels()[0].values()
    assert (label.name, len(label.views)) == ("Anna's mug", 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rename", "nut", "screw"], "there is no enrolled label 'nut'"),
        (["rename", "Bolt", "My Mug"], "label 'my mug' is there already"),
        (["rename", "Bolt", "\x07"], "a label text is empty"),
        (["delete", "nut"], "there is no enrolled label 'nut'"),
        (["list", "--node", "other"], "nothing was enrolled yet"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(folder, capsys, arguments, words):
    assert main(["labels", *arguments]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert len(folder.labels()[0]) == 2


def test_a_damaged_file_is_told_and_the_others_are_listed(folder, capsys):
    (folder.path / "notes.npz").write_bytes(b"text")
    assert main(["labels", "list"]) == 1
    said = capsys.readouterr()
    assert "2 enrolled labels" in said.out
    assert "notes.npz is not used: it is damaged" in said.err
