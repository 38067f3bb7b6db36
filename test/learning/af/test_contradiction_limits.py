"""Limits of agreement: found where a liar can be told from a sensor that is honestly wrong."""

import numpy as np
import pytest
from embedding_sets import make_embeddings

from omnibind_ros.encoders.bundle import resolve_bundle
from omnibind_ros.encoders.manifest import read_manifest
from omnibind_ros.learning.af.contradiction_limits import LEAST_OBJECTS, fit_contradiction

MODALITIES = ("image", "text", "touch", "thermal")
TEMPERATURE = 0.1


def shown(members):
    """Return the mean cosine similarity of each member and the others of its set."""
    values = members.values * members.present[..., None]
    others = values.sum(1, keepdims=True) - values
    count = np.maximum(members.present.sum(1, keepdims=True) - 1, 1)
    return (others * values).sum(-1) / count * members.present


@pytest.fixture(scope="module")
def data():
    noise = {"image": 0.3, "text": 0.3, "touch": 6.0, "thermal": 0.6}
    return make_embeddings(samples=400, modalities=MODALITIES, noise=noise)


def test_a_modality_that_is_mostly_wrong_has_no_limit(data):
    limits = fit_contradiction(data, TEMPERATURE, shown)
    assert set(limits) == {"image", "text", "thermal"}
    assert all(-1 < limit < 1 for limit in limits.values())


def test_a_sensor_that_is_wrong_more_often_must_disagree_more(data):
    """The agreement of text is that of another object as often as one in eight."""
    rng = np.random.default_rng(3)

    def sometimes(members):
        agreement = shown(members)
        wrong = rng.random() < 1 / 8  # of all samples of an object, as a course is
        agreement[:, 1] = -0.6 if wrong else agreement[:, 1]
        return agreement

    before, after = (fit_contradiction(data, TEMPERATURE, f) for f in (shown, sometimes))
    assert after.get("text", -1.0) < before["text"] - 0.05
    assert after["image"] > before["image"] - 0.05


def test_the_limits_are_the_same_each_time(data):
    assert fit_contradiction(data, TEMPERATURE, shown) == fit_contradiction(
        data, TEMPERATURE, shown
    )


def test_few_objects_or_two_modalities_give_no_limits(data):
    few = np.isin(data.objects, np.unique(data.objects)[: LEAST_OBJECTS - 1])
    assert fit_contradiction(data.samples(few), TEMPERATURE, shown) is None
    assert fit_contradiction(data.only(("image", "text")), TEMPERATURE, shown) is None


def test_the_shipped_bundle_has_limits_of_the_modalities_that_can_be_told():
    limits = read_manifest(resolve_bundle("household")).calibration.contradiction
    assert set(limits) == {"image", "text", "thermal"}
