"""`omnibind adapt` of a bundle that has no students: an imported CLIP-like model."""

from __future__ import annotations

import pytest
from adapting import QUICK, adapt, run
from own_recordings import GEL, touch_folder
from tiny_teachers import import_tiny

pytest.importorskip("torch", reason="adapting needs torch")

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.released import find_checkpoint
from omnibind_ros.recognition.labels import read_labels

pytestmark = pytest.mark.timeout(900)  # a busy machine adapts slowly


def test_an_imported_teacher_gets_an_encoder_of_the_sensor(tmp_path):
    teacher = import_tiny("clip", tmp_path / "teacher").bundle
    gel = touch_folder(tmp_path / "gel", labels=GEL[:2], objects=3, files=6)
    out = tmp_path / "mine"
    done = adapt(gel, "--bundle", teacher, "--out", out, *QUICK)
    assert done.status == 0, done.err
    assert run("bundle", "check", out).status == 0
    bundle, before = Bundle.load(out), Bundle.load(teacher)
    assert list(bundle.manifest.encoders) == ["image", "text", "touch"]
    assert bundle.manifest.embedding_size == 16
    assert {label.name for label in read_labels(out / "labels.yaml").labels} == set(GEL[:2])
    touch = bundle.manifest.encoders["touch"]
    assert touch.trained_on == "recordings"
    assert "ImageNet" in touch.origin
    figures = bundle.manifest.figures["adaptation"]["sensors"]["touch"]
    assert figures["start"] == "layers"
    assert figures["before"] == {"n": 0}
    assert figures["after"]["balanced"] >= 80
    calibration = bundle.manifest.calibration
    assert calibration.temperature != before.manifest.calibration.temperature
    assert "touch" in calibration.min_similarity
    assert "after" in (out / "adaptation.html").read_text()
    assert find_checkpoint(bundle, "touch").is_file()  # so that it can be adapted further
