"""Thresholds of similarity: known samples that they refuse, and wrong ones that they take."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="calibration needs scipy")

from omnibind_ros.learning.af.calibration import (
    FALSE_KNOWN,
    FALSE_UNKNOWN,
    fit_threshold,
)
from omnibind_ros.learning.config import TrainingError

NONE = np.zeros(0, np.float32)


def draw(count, share_right, seed):
    """Return similarities and which are right; right ones are higher on average."""
    rng = np.random.default_rng(seed)
    right = rng.random(count) < share_right
    return (rng.normal(0.3, 0.1, count) + 0.1 * right).astype(np.float32), right


@pytest.mark.parametrize("share_right", [0.98, 0.7, 0.3, 0.0])
@pytest.mark.parametrize("unknown", [NONE, draw(200, 0.0, 9)[0]])
def test_few_samples_are_wrong_and_known(share_right, unknown):
    similarity, right = draw(1000, share_right, 1)
    threshold = round(fit_threshold(similarity, unknown, right), 4)
    known = similarity >= threshold
    assert np.mean(known & ~right) <= FALSE_KNOWN
    if share_right > 0.9:  # no more than usual are refused where hardly any are wrong
        assert np.mean(~known) <= FALSE_UNKNOWN + 1e-3


def test_no_more_is_refused_than_the_bound_asks():
    similarity, right = draw(1000, 0.5, 2)
    threshold = fit_threshold(similarity, NONE, right)
    wrong = np.mean((similarity >= threshold) & ~right)
    assert wrong == pytest.approx(FALSE_KNOWN, abs=2e-3)


def test_without_a_known_sample_there_is_no_threshold():
    with pytest.raises(TrainingError, match="no sample of a known class"):
        fit_threshold(NONE, NONE, np.zeros(0, np.bool_))
