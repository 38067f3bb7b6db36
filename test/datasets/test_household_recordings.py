"""Recordings beside the household set's simulated samples."""

from __future__ import annotations

import numpy as np
import published_datasets as published
import pytest

from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.household import loudest, prepare, scene
from omnibind_ros.datasets.sample import SkipLog


def test_the_loudest_part_of_a_sound_is_kept():
    sound = np.zeros(80_000, np.int16)
    sound[50_000:52_000] = 9_000
    part = loudest(lambda: sound)
    assert part.shape == (32_000,)
    assert np.count_nonzero(part) == 2_000
    assert loudest(lambda: sound[:100]).shape == (32_000,)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("IMG_0031", "IMG_0039", True), ("IMG_0031 2", "IMG_0035 2", True),
        ("IMG_0031 2", "IMG_0031", False), ("IMG_0031", "IMG_0041", False), ("a", "b", False),
    ],
)  # fmt: skip
def test_neighbouring_pictures_are_one_scene(one, other, same):
    assert (scene(one) == scene(other)) is same


def test_items_are_prepared_by_what_they_have(tmp_path):
    sound = prepare(next(READERS["esc10"].read(published.esc10(tmp_path / "a"), SkipLog())))
    assert sound.modalities["audio"]().shape == (32_000,)
    assert sound.split == "train"
    thermal = prepare(next(READERS["yolo-thermal"].read(published.yolo(tmp_path / "b"), SkipLog())))
    assert thermal.split is None
    assert thermal.object_id == "yolo-thermal/IMG_-0"
