"""The picture camera's frames and schedule."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from omnibind_ros.drivers.picture_camera import PictureSequence, Schedule
from omnibind_ros.drivers.pictures import (
    NAMEABLE,
    PictureError,
    find_pictures,
    fit,
    load_picture,
    moving_frames,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, colour in (("b", (0, 0, 255)), ("a", (255, 0, 0))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((50, 100, 3), colour, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_shipped_photographs_are_found_and_readable():
    pytest.importorskip("skimage")
    paths = find_pictures()
    assert sorted(path.stem for path in paths) == sorted(NAMEABLE)
    for path in paths:
        picture = load_picture(path)
        assert picture is not None
        assert picture.ndim == 3
        assert picture.shape[2] == 3


def test_folder_is_listed_by_name_and_read_as_rgb(folder):
    paths = find_pictures(str(folder))
    assert [path.stem for path in paths] == ["a", "b"]
    assert load_picture(paths[0])[0, 0].tolist() == [0, 0, 255]


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(PictureError, match="is not a folder"):
        find_pictures(str(tmp_path / "nowhere"))
    with pytest.raises(PictureError, match="has no pictures"):
        find_pictures(str(tmp_path))


def test_unreadable_pictures_are_left_out(folder):
    (folder / "broken.png").write_bytes(b"not a picture")
    (folder / "empty.jpg").write_bytes(b"")
    with PictureSequence(find_pictures(str(folder)), 64, 48) as pictures:
        assert len(pictures) == 2
        assert [path.stem for path in pictures.unreadable] == ["broken", "empty"]


def test_only_unreadable_pictures_is_an_error(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    assert load_picture(tmp_path / "broken.png") is None
    with pytest.raises(PictureError, match="can be read"):
        PictureSequence(find_pictures(str(tmp_path)), 64, 48)


def test_unknown_encoding_is_named(folder):
    with pytest.raises(PictureError, match="'16UC1'"):
        PictureSequence(find_pictures(str(folder)), 64, 48, encoding="16UC1")


@pytest.mark.parametrize("shape", [(480, 640), (100, 900), (900, 100), (33, 47), (1, 1)])
def test_fitted_picture_fills_the_frame(shape):
    frame = fit(np.full((*shape, 3), 200, np.uint8), 640, 480)
    assert frame.shape == (480, 640, 3)
    assert frame.flags.c_contiguous
    assert frame.min() == 200


def test_fitting_keeps_the_centre():
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 100:200] = 255
    assert fit(picture, 100, 100).min() == 255


def test_frames_differ_but_little_and_show_no_border():
    rng = np.random.default_rng(0)
    coarse = rng.integers(50, 255, (12, 16, 3), dtype=np.uint8)
    picture = fit(coarse, 320, 240)
    frames = moving_frames(picture, 8)
    assert len({frame.tobytes() for frame in frames}) == 8
    for frame, after in zip(frames, [*frames[1:], frames[0]], strict=True):
        assert frame.shape == picture.shape
        assert np.abs(frame.astype(int) - after).mean() < 20
    assert moving_frames(np.full((48, 64, 3), 9, np.uint8), 1)[0].tolist() == [[[9] * 3] * 64] * 48


@pytest.mark.parametrize(("encoding", "shape"), [("bgr8", (48, 64, 3)), ("mono8", (48, 64))])
def test_encodings(folder, encoding, shape):
    with PictureSequence(
        find_pictures(str(folder)), 64, 48, encoding=encoding, frames=2
    ) as pictures:
        frame = pictures.show(0).frames[0]
    assert frame.shape == shape
    if encoding == "bgr8":
        assert frame[0, 0].tolist() == [255, 0, 0]


def test_a_sequence_shows_subjects_in_any_order_and_holds_two(folder):
    cv2.imwrite(str(folder / "c.png"), np.zeros((9, 9, 3), np.uint8))
    with PictureSequence(find_pictures(str(folder)), 64, 48, frames=3) as pictures:
        assert [pictures.show(index).name for index in (0, 1, 2, 0, 2)] == ["a", "b", "c", "a", "c"]
        assert len(pictures.show(1).frames) == 3
        assert len(pictures._ready) == 2


def test_a_sequence_survives_a_file_that_vanishes(folder):
    with PictureSequence(find_pictures(str(folder)), 64, 48, frames=1) as pictures:
        (folder / "b.png").unlink()
        assert pictures.show(1).frames[0].max() == 0


def test_a_schedule_changes_subjects_and_starts_over():
    schedule = Schedule(subjects=3, dwell=4.0)
    assert [schedule.subject(t) for t in (0.0, 3.99, 4.0, 8.5, 12.0)] == [0, 0, 1, 2, 0]
    assert schedule.plugged(1e6)


def test_a_schedule_unplugs_once():
    schedule = Schedule(subjects=1, dwell=4.0, unplug_after=5.0, unplug_for=2.0)
    seen = [schedule.plugged(t) for t in (0.0, 4.99, 5.0, 6.99, 7.0, 100.0)]
    assert seen == [True, True, False, False, True, True]
