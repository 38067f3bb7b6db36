"""What a bundle says of the samples that are held back is what the node would say of them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="adapting needs torch")

from embedding_sets import make_embeddings

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.export.adaptation_figures import Answerer, shares


def answerer(min_quality):
    calibration = Calibration(0.05, min_quality, {"touch": -1.0, "image": -1.0, "image+touch": -1})
    return Answerer(SimpleNamespace(manifest=SimpleNamespace(calibration=calibration, fusion=None)))


def touches(qualities):
    data = make_embeddings(samples=2 * len(qualities), modalities=("touch",))
    data = data.samples(np.arange(len(data)) % 2 == 0)
    return replace(data, quality=np.array(qualities, np.float32)[:, None])


def test_a_sample_of_too_low_a_quality_is_not_known():
    data = touches([0.1, 0.44, 0.46, 1.0])
    assert answerer(0.45)(data).known.tolist() == [False, False, True, True]
    assert shares(answerer(0.45)(data), data)["known"] == 50.0
    assert answerer(0.0)(data).known.all()


def test_the_quality_of_several_members_is_their_mean_by_weight():
    data = make_embeddings(samples=2, modalities=("image", "touch"))
    data = replace(data, quality=np.array([[1.0, 0.1], [0.2, 0.1]], np.float32))
    assert answerer(0.45)(data).known.tolist() == [True, False]
