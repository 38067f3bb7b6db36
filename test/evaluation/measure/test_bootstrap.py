"""The bootstrap over objects, and Holm's correction; OMNIBIND_EXAMPLES sets how much is tried."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from omnibind_ros.evaluation.measure.bootstrap import ObjectBootstrap, holm

many = settings(deadline=None, max_examples=int(os.environ.get("OMNIBIND_EXAMPLES", "150")))


def objects_of(counts):
    return np.array([f"object {i}" for i, count in enumerate(counts) for _ in range(count)])


@pytest.mark.parametrize(("count", "samples"), [(200, 1), (150, 4), (400, 2)])
def test_an_interval_is_that_of_independent_objects(count, samples):
    rng = np.random.default_rng(count)
    each = 50 + 30 * rng.standard_normal(count)
    values = np.repeat(each, samples)  # all samples of an object are alike
    low, high = ObjectBootstrap(objects_of([samples] * count)).interval(values)
    # By the theory of the mean of independent objects, with the variance of the plain bootstrap.
    error = each.std() / np.sqrt(count)
    wanted = each.mean() + np.array(stats.norm.interval(0.95)) * error
    np.testing.assert_allclose([low, high], wanted, atol=0.15 * error)


def test_samples_of_one_object_count_together():
    """Ten times the samples of the same objects tell nothing new."""
    rng = np.random.default_rng(0)
    each = 100.0 * rng.integers(0, 2, 80)
    one = ObjectBootstrap(objects_of([1] * 80)).interval(each)
    ten = ObjectBootstrap(objects_of([10] * 80)).interval(np.repeat(each, 10))
    assert one == pytest.approx(ten, abs=1e-3)
    as_if_independent = ObjectBootstrap(objects_of([1] * 800)).interval(np.repeat(each, 10))
    assert np.ptp(ten) > 2.5 * np.ptp(as_if_independent)


def test_a_resample_is_a_mean_over_the_samples_of_its_objects():
    counts, seed = [1, 3, 2], 4
    values = np.array([10.0, 0, 30, 60, 5, 7])
    found = ObjectBootstrap(objects_of(counts), resamples=50, seed=seed).means(values)
    drawn = np.random.default_rng(seed).multinomial(3, np.full(3, 1 / 3), size=50)
    parts = np.split(values, np.cumsum(counts)[:-1])
    for weights, mean in zip(drawn, found, strict=True):
        chosen = [part for part, weight in zip(parts, weights, strict=True) for _ in range(weight)]
        assert mean == pytest.approx(np.concatenate(chosen).mean(), rel=1e-5)


@pytest.mark.parametrize(("mean", "bound"), [(-0.5, -0.5), (-3.0, -0.5), (1.0, -1.0), (-1.5, -1)])
def test_p_is_that_of_a_one_sided_test_of_the_mean(mean, bound):
    rng = np.random.default_rng(1)
    values = rng.standard_normal(300) * 20
    values += mean - values.mean()
    found = ObjectBootstrap(objects_of([1] * 300)).p_below(values, bound)
    wanted = stats.norm.cdf((mean - bound) / (values.std() / np.sqrt(300)))
    assert found == pytest.approx(wanted, abs=0.015)


def test_what_has_no_spread_is_below_the_bound_or_not():
    bootstrap = ObjectBootstrap(objects_of([2] * 30), resamples=999)
    assert bootstrap.p_below(np.zeros(60), -0.5) == 1
    assert bootstrap.p_below(np.full(60, -0.5), -0.5) == 1  # at the bound is not below it
    assert bootstrap.p_below(np.full(60, -2.0), -0.5) == pytest.approx(1 / 1000)


def test_true_differences_are_rarely_called_below_the_bound():
    """The share of false discoveries at a level of 5% is 5%, up to sampling error."""
    rng = np.random.default_rng(2)
    names = objects_of([3] * 100)
    bootstrap = ObjectBootstrap(names, resamples=1000)
    ps = [
        bootstrap.p_below(np.repeat(rng.standard_normal(100) * 10 - 0.5, 3), -0.5)
        for _ in range(400)
    ]
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_holm_is_as_in_a_worked_example():
    # Four tests, sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1, never falling.
    found = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.4, 0.9])).tolist() == [0.8, 0.9]
    assert holm(np.array([0.2])).tolist() == [0.2]


@many
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.001, 0.3))
def test_holm_rejects_as_the_step_down_procedure_does(p, level):
    """An independent form: the smallest p is compared with level / K, the next with / (K - 1)..."""
    rejected = set()
    for rank, place in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[place] * (len(p) - rank) >= level:
            break
        rejected.add(place)
    found = holm(np.array(p))
    assert {place for place in range(len(p)) if found[place] < level} == rejected
    assert (found >= np.array(p)).all()
