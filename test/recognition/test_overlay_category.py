"""The overlay shows the category where it is not the first label."""

import numpy as np
import pytest

from omnibind_ros.recognition.overlay import draw_overlay
from omnibind_ros.recognition.recogniser import Recognition

WEIGHTS = np.ones(1, np.float32)


def drawn(category, labels=("armchair", "chair"), shape=(480, 640)):
    probabilities = np.array([0.4, 0.3], np.float32)[: len(labels)]
    result = Recognition(labels, probabilities, 0.1, 0.1, 1.0, True, 0.0, category, 0.7)
    return draw_overlay(np.full((*shape, 3), 200, np.uint8), result, ["image"], WEIGHTS)


@pytest.mark.parametrize("shape", [(480, 640), (720, 1280), (600, 500)])
def test_a_category_that_is_no_label_shown_first_has_a_line_of_its_own(shape):
    without, with_category = drawn("", shape=shape), drawn("seating", shape=shape)

    assert with_category.shape == without.shape
    changed = np.flatnonzero((with_category != without).any((1, 2)))
    scale = min(shape[0] / 480, shape[1] / 640)
    # Below the rows of the two labels, which stay as they are.
    line, pad = int(24 * scale), max(int(10 * scale), 2)
    assert len(changed)
    assert changed.min() >= pad + 2 * line
    assert changed.max() <= 2 * pad + 3 * line


@pytest.mark.parametrize("labels", [("armchair", "chair"), ("armchair",)])
def test_the_first_label_is_not_shown_twice(labels):
    np.testing.assert_array_equal(drawn("armchair", labels), drawn("", labels))
