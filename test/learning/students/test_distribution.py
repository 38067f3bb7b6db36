"""Distances from the training, against scikit-learn's estimate and an explicit inverse."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch trains students, and is not installed")

from omnibind_ros.learning.students.distribution import (  # noqa: E402
    FAR,
    FeatureDistribution,
    shrunk_covariance,
)


def draw(count, seed, size=12, shift=0.0):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(size, size))
    return (rng.normal(size=(count, size)) @ mixing + 3 + shift).astype(np.float32)


@pytest.mark.parametrize("count", [20, 200, 5000])
def test_the_covariance_is_that_of_ledoit_and_wolf(count):
    covariance = pytest.importorskip("sklearn.covariance", reason="scikit-learn is not installed")
    values = draw(count, 1)
    centred = values - values.mean(0, dtype=np.float64)
    expected = covariance.ledoit_wolf(centred, assume_centered=True)[0]
    np.testing.assert_allclose(shrunk_covariance(centred), expected, rtol=1e-4, atol=1e-4)


def test_the_distance_is_that_of_mahalanobis():
    training, seen = draw(3000, 2), draw(50, 3)
    fitted = FeatureDistribution.fit(training, draw(500, 4))
    mean = training.mean(0, dtype=np.float64)
    inverse = np.linalg.inv(shrunk_covariance(training - mean))
    apart = seen - mean
    expected = np.sqrt(np.einsum("nf,fg,ng->n", apart, inverse, apart) / 12)
    found = fitted.mahalanobis(torch.from_numpy(seen)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_usual_samples_have_the_distance_0_and_far_ones_1():
    held_out = draw(1000, 5)
    fitted = FeatureDistribution.fit(draw(3000, 6), held_out)
    usual = fitted(torch.from_numpy(held_out)).numpy()
    assert np.mean(usual == 0) == pytest.approx(0.95, abs=0.01)
    assert usual.max() < 0.5
    np.testing.assert_array_equal(fitted(torch.from_numpy(draw(50, 7, shift=200.0))).numpy(), 1)
    limit = float(fitted.limits[0])
    assert float(fitted.limits[1]) == pytest.approx(FAR * limit)


def test_features_that_never_vary_are_no_error():
    training = draw(100, 8)
    training[:, 0] = 0
    fitted = FeatureDistribution.fit(training, training)
    assert np.isfinite(fitted(torch.from_numpy(training)).numpy()).all()
    other = training.copy()
    other[:, 0] = 5
    assert fitted(torch.from_numpy(other)).numpy().min() > 0.2


@pytest.mark.parametrize(("training", "held_out"), [(1, 10), (10, 0)])
def test_too_few_samples_are_said(training, held_out):
    with pytest.raises(ValueError, match="too few"):
        FeatureDistribution.fit(draw(training, 1), draw(held_out, 2))
