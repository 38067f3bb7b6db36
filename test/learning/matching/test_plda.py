"""Statistics of matching: fitted to normal data whose covariances are known."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.matching import plda
from omnibind_ros.recognition.match_statistics import Likelihood
from omnibind_ros.recognition.match_table import MatchTable, Prototype


def population(seed, things=400, views=6, size=6, classes=40):
    """Return views x = class + thing + error with the variances 9, 4 and 1 along axes."""
    rng = np.random.default_rng(seed)
    scales = np.linspace(2.0, 0.5, size)
    kinds = rng.normal(size=(classes, size)) * 3 * scales
    of = rng.integers(classes, size=things)
    centres = kinds[of] + rng.normal(size=(things, size)) * 2 * scales
    x = np.repeat(centres, views, 0) + rng.normal(size=(things * views, size)) * scales
    names = np.repeat([f"thing {i}" for i in range(things)], views)
    return x, names, np.repeat([f"class {i}" for i in of], views), centres


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_variances_of_things_and_of_things_of_a_class_are_found(seed):
    x, names, classes, _ = population(seed)
    directions, between = plda.discriminants(x - x.mean(0), names, 0.0)
    within = np.cov((x - x.mean(0)) @ directions, rowvar=False) - np.diag(between)
    np.testing.assert_allclose(np.diag(within), 1.0, atol=0.35)
    assert between.mean() == pytest.approx(13.0, rel=0.2)
    akin = plda.variance_in_classes((x - x.mean(0)) @ directions, names, classes)
    assert akin.mean() == pytest.approx(4.0, rel=0.15)


@pytest.mark.parametrize("views", [1, 2, 5])
def test_scores_are_differences_of_log_densities(views):
    x, names, classes, _ = population(3)
    statistics = plda._fit(x.astype(np.float32), names, classes)
    enrolled, seen = x[:views].astype(np.float32), x[30].astype(np.float32)
    places = statistics.place(enrolled)
    mean, count = places.mean(0), float(views)
    table = MatchTable(statistics, [[Prototype(mean, count, 0.0)]])
    # From the joint normal distribution of the mean and the view.
    place = statistics.place(seen).astype(float)

    def log_density(between, within):
        # (mean of n views, view): variances b + w / n and b + w, covariance b.
        total = 0.0
        for m, y, b, w in zip(mean, place, between, within, strict=True):
            joint = multivariate_normal([0, 0], [[b + w / count, b], [b, b + w]])
            alone = multivariate_normal(0, b + w / count)
            total += joint.logpdf([m, y]) - alone.logpdf(m)
        return total

    ones = np.ones(len(place))
    b = statistics.between.astype(float)
    akin = np.minimum(statistics.akin, b)
    own = log_density(b, ones)
    anything = multivariate_normal(np.zeros(len(b)), np.diag(1 + b)).logpdf(place)
    of_class = log_density(b - akin, ones + akin)
    first, second = table.scores(seen)
    # The number of views is rounded to 12 %.
    assert first[0] == pytest.approx(own - anything, abs=0.4 + 0.02 * abs(own - anything))
    assert second[0] == pytest.approx(own - of_class, abs=0.4 + 0.02 * abs(own - of_class))


@pytest.mark.parametrize("shift", [2.0, 3.0, 4.0])
def test_the_likelihood_of_normal_scores_is_the_ratio_of_their_densities(shift):
    rng = np.random.default_rng(0)
    same, other = rng.normal(shift, 1, 2000), rng.normal(0, 1, 2000)
    found = plda.fit_likelihood(same, other, 0.5)
    scores = np.linspace(0.3, shift - 0.3, 7)
    # At least 2 % of the views of a thing are taken to be unlike the others.
    expected = np.log(0.02 + 0.98 * np.exp(shift * (scores - shift / 2)))
    np.testing.assert_allclose(found.log_ratio(scores), expected, atol=0.6)


def test_a_ratio_is_bounded_and_fades_with_reliability():
    found = Likelihood(2.0, 1.0, 0.1, 0.01)
    assert found.log_ratio(np.array([-1e6]))[0] == pytest.approx(np.log(0.1 / 0.99))
    assert found.log_ratio(np.array([1e6]))[0] == pytest.approx(
        np.log(90.0), abs=0.1 + np.log(1.12)
    )
    assert found.log_ratio(np.array([-9.0, 9.0]), 0.0) == pytest.approx([0, 0])


def test_too_few_things_are_refused_in_a_sentence():
    x, names, classes, _ = population(4, things=10)
    with pytest.raises(TrainingError, match="10 objects have several views, but 20 are needed"):
        plda.fit_statistics(x.astype(np.float32), names, classes)
