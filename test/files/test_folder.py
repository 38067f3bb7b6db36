"""Folders of classes in several layouts."""

import cv2
import numpy as np
import pytest

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.folder import list_folder

PICTURE = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes pictures, and texts, at places below a folder."""

    def write(*places):
        for place in places:
            path = tmp_path / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(PICTURE if path.suffix == ".png" else b"a cup")
        return tmp_path

    return write


def seen(listing):
    return [(f.label, f.object, f.modality, f.branch) for f in listing.files]


def test_class_and_file_and_class_object_file(tree):
    listing = list_folder(tree("cup/1.png", "cup/2.png", "plate/blue/1.png", "plate/red/a/1.png"))
    assert seen(listing) == [
        ("cup", "", "image", ""),
        ("cup", "", "image", ""),
        ("plate", "blue", "image", ""),
        ("plate", "red/a", "image", ""),
    ]
    assert len({file.moment for file in listing.files}) == 4
    assert not listing.left_out


def test_files_without_classes(tree):
    listing = list_folder(tree("1.png", "2.png", "README.txt", "reference.png"))
    assert seen(listing) == [("", "", "image", "")] * 2


def test_folders_of_sensors_and_splits_are_passed_through(tree):
    root = tree(
        "thermal/cup/x/1.png", "rgb/cup/x/1.png", "rgb/cup/x/rgb_2.png", "thermal/cup/x/2.png"
    )
    listing = list_folder(root)
    assert sorted(seen(listing)) == [
        ("cup", "x", "image", "rgb"),
        ("cup", "x", "image", "rgb"),
        ("cup", "x", "thermal", "thermal"),
        ("cup", "x", "thermal", "thermal"),
    ]
    moments = [file.moment for file in listing.files]
    assert len(set(moments)) == 2  # each picture has its partner
    assert {moments.count(moment) for moment in moments} == {2}
    assert [f.modality for f in list_folder(root, "thermal").files] == ["thermal"] * 2
    assert list_folder(root, "thermal").other == 2


def test_splits_above_the_classes(tree):
    listing = list_folder(tree("train/cup/1.png", "test/cup/1.png"))
    assert sorted(seen(listing)) == [("cup", "", "image", "test"), ("cup", "", "image", "train")]
    assert len({file.moment for file in listing.files}) == 2


def test_a_class_may_be_called_like_a_sensor(tree):
    listing = list_folder(tree("camera/1.png", "microphone/1.png", "cup/1.png"))
    assert [file.label for file in listing.files] == ["camera", "cup", "microphone"]
    assert {file.modality for file in listing.files} == {"image"}


def test_the_same_name_twice_is_two_moments(tree):
    root = tree("cup/a-1.png", "cup/a_1.png", "cup/A 1.png")
    assert len({file.moment for file in list_folder(root).files}) == 3


def test_what_is_no_sample_is_left_out(tree):
    root = tree("cup/1.png", "cup/notes.json", "_unsorted/1.png", ".hidden/1.png", "stray.png")
    (root / "cup" / "2.png").write_bytes(b"")
    listing = list_folder(root)
    assert [file.path.name for file in listing.files] == ["1.png"]
    assert sorted((e.path.name, e.reason.split(";")[0]) for e in listing.left_out) == [
        ("2.png", "the file is empty"),
        ("notes.json", "its kind is unknown"),
        ("stray.png", "it lies in no folder of a class"),
    ]
    with pytest.raises(FileError, match="no such folder"):
        list_folder(root / "nothing")
