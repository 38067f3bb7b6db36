"""Accuracy and calibration error where several answers are right, counted by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from omnibind_ros.evaluation.measure.metrics import calibration_error, top_k

RIGHT = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], bool)
"""Label 0 contains label 1."""

SCORES = np.array(
    [[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]
)


@pytest.mark.parametrize(
    ("labels", "right", "expected"),
    [
        ([0, 1, 1, 2, 2], None, 60.0),
        ([0, 1, 1, 2, 2], RIGHT, 80.0),
        ([1, 0, 0, 1, 1], RIGHT, 60.0),
        ([2, 2, 2, 2, 1], RIGHT, 0.0),
    ],
)
def test_top_1_accepts_what_is_right(labels, right, expected):
    assert top_k(SCORES, np.array(labels), right=right) == pytest.approx(expected)


def test_top_2_accepts_a_right_answer_in_either_place():
    labels = np.array([1, 1, 0, 2, 0])
    by_hand = [
        any(RIGHT[label, answer] for answer in sorted(range(3), key=lambda j: -row[j])[:2])
        for label, row in zip(labels, SCORES, strict=True)
    ]
    assert top_k(SCORES, labels, 2, RIGHT) == pytest.approx(100 * np.mean(by_hand))
    assert 0 < sum(by_hand) < 5


@pytest.mark.parametrize("labels", [[0, 1, 1, 2, 2], [1, 0, 0, 1, 1], [2, 2, 2, 2, 1]])
def test_the_calibration_error_counts_what_is_right(labels):
    bins: dict[int, list[tuple[float, bool]]] = {}
    for label, row in zip(labels, SCORES, strict=True):
        answer = int(np.argmax(row))
        place = int(np.ceil(row[answer] * 10)) - 1
        bins.setdefault(place, []).append((row[answer], bool(RIGHT[label, answer])))
    gaps = [abs(sum(r for _, r in of) - sum(c for c, _ in of)) for of in bins.values()]

    found = calibration_error(SCORES, np.array(labels), 10, RIGHT)

    assert found == pytest.approx(100 * sum(gaps) / len(labels))
