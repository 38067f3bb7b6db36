"""Members that may be wrong, against the same formulas written for one set with numpy."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch trains the fusion, and is not installed")

from omnibind_ros.learning.af.members import Contamination  # noqa: E402

ROWS, CLASSES = 7, 4


def pool(similarity, wrong, present=None, temperature=0.1):
    """Return pooled [C], rightness [N] and agreement [N] of one set."""
    part = Contamination(ROWS)
    part.temperature.fill_(temperature)
    with torch.no_grad():
        part.wrong.fill_(float(np.log(wrong / (1 - wrong))))
        there = np.ones(len(similarity)) if present is None else present
        found = part(
            torch.tensor(similarity, dtype=torch.float32)[None],
            torch.arange(len(similarity))[None],
            torch.tensor(there, dtype=torch.float32)[None],
        )
    return [each[0].numpy() for each in found]


def shows(*classes, strength=1.0):
    """Return similarities of members that show a class each; None: nothing."""
    rows = np.zeros((len(classes), CLASSES))
    for row, shown in zip(rows, classes, strict=True):
        if shown is not None:
            row[shown] = strength
    return rows


@pytest.mark.parametrize("wrong", [0.01, 0.2, 0.6])
def test_it_is_the_contamination_model(wrong):
    rng = np.random.default_rng(3)
    similarity = rng.normal(0, 0.2, (5, CLASSES))
    pooled, rightness, agreement = pool(similarity, wrong)
    p = np.exp(similarity / 0.1)
    p /= p.sum(1, keepdims=True)
    likelihood = (1 - wrong) * p + wrong / CLASSES
    posterior = likelihood.prod(0) / likelihood.prod(0).sum()
    np.testing.assert_allclose(pooled, 0.1 * np.log(likelihood).sum(0), atol=1e-5)
    expected = [(posterior * (1 - wrong) * p[i] / likelihood[i]).sum() for i in range(5)]
    np.testing.assert_allclose(rightness, expected, atol=1e-5)
    for i in range(5):
        others = np.delete(likelihood, i, axis=0).prod(0)
        ratio = (others / others.sum() * p[i]).sum() * CLASSES
        assert agreement[i] == pytest.approx((ratio - 1) / (ratio + 1), abs=1e-5)


def test_one_sure_liar_cannot_outvote_two_that_agree():
    surest = shows(0, 1, 1)
    surest[0] *= 20
    pooled, rightness, agreement = pool(surest, 0.2)
    assert pooled.argmax() == 1
    assert rightness[0] < 0.1
    assert rightness[1:].min() > 0.85
    assert agreement[0] < -0.9
    assert agreement[1:].min() > 0
    # Without contamination it does.
    assert pool(surest, 1e-9)[0].argmax() == 0


def test_two_that_disagree_are_both_doubted():
    _, rightness, agreement = pool(shows(0, 1), 0.2)
    np.testing.assert_allclose(rightness[0], rightness[1], atol=1e-6)
    assert rightness[0] < 0.6
    assert agreement.max() < -0.6


def test_one_that_says_nothing_neither_agrees_nor_contradicts():
    _, _, agreement = pool(shows(2, None), 0.2)
    np.testing.assert_allclose(agreement, 0, atol=1e-5)


def test_an_empty_place_changes_nothing():
    similarity = shows(0, 1, 1)
    with_place = np.vstack([similarity, np.zeros(CLASSES)])
    for one, other in zip(
        pool(similarity, 0.2), pool(with_place, 0.2, np.array([1, 1, 1, 0])), strict=True
    ):
        np.testing.assert_allclose(other[: len(one)], one, atol=1e-6)
