"""`omnibind recognise --enrolled` on folders that have the names of the enrolled labels."""

import json

import cv2
import numpy as np
import pytest

from omnibind_ros.cli import main
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.perceiver import FilePerceiver
from omnibind_ros.recognition.embedding_space import EmbeddingSpace
from omnibind_ros.recognition.enrolled_bank import EnrolledView
from omnibind_ros.recognition.enrolled_labels import EnrolledLabels
from omnibind_ros.recognition.enrolment import SensorViews

PARTS = {"M5 screw": 1, "washer": 2, "cup": 3}
"""A name that is no label of the bundle, another one, and one that is."""


def picture(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(0, 255, (5, 5, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(small, (160, 120), interpolation=cv2.INTER_LINEAR))
    return path


@pytest.fixture
def taught(seven_bundle, tmp_path):
    """Return the folder of the pictures and that of the labels that were learned from them."""
    bundle = Bundle.load(seven_bundle)
    perceiver, labels = FilePerceiver(bundle), EnrolledLabels()
    labels.open(tmp_path / "kept", EmbeddingSpace.of(bundle, "adaptive"))
    for name, seed in PARTS.items():
        path = picture(tmp_path / "views" / name / "0.png", seed)
        found = perceiver.encode(find_source(path)).embedding
        shown = SensorViews("image", found.values[None], np.zeros((1, 0), np.float32))
        labels.add(name, EnrolledView(name, found.values), ["image"], [shown])
    return tmp_path / "views", tmp_path / "kept"


@pytest.mark.parametrize("labels", [[], ["--labels", "red mug,blue mug"], ["--labels", "folders"]])
def test_the_enrolled_label_of_a_folder_is_right(taught, seven_bundle, tmp_path, labels):
    views, kept = taught
    out = tmp_path / "figures.json"
    arguments = ["--enrolled", kept, "--bundle", seven_bundle, "--json", out, *labels]
    assert main(["recognise", str(views), *map(str, arguments)]) == 0
    figures = json.loads(out.read_text())
    assert figures["labelled"] == 3
    for name in PARTS:
        assert figures["by_class"][name]["labels"] == [name]
    # Counted by hand from the single results.
    hits = [result["labels"][0] == result["class"] for result in figures["results"]]
    assert sum(hits) >= 2  # an untrained encoder tells pictures apart that it was shown
    assert figures["top1"] == pytest.approx(100 * np.mean(hits), abs=0.01)
