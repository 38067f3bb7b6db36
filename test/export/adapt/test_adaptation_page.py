"""The page of an adaptation whose labels are no plain words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="adapting needs torch")

from omnibind_ros.export.adaptation_page import _confusion, _samples

LABELS = [r"a 5$ note, $\foo$", "<b>bold</b> & more"]


def answers(best):
    return SimpleNamespace(best=np.array(best), known=np.array([True, False, True]))


def test_labels_are_drawn_and_written_as_they_are():
    data = SimpleNamespace(labels=np.array([0, 1, 1]), bank=SimpleNamespace(labels=LABELS))
    both = answers([0, 1, 1]), answers([1, 1, 0])
    assert _confusion(data, both).startswith('<img class="chart"')
    picture = np.zeros((2, 8, 8, 3), np.uint8)
    dataset = [{"touch": picture}] * 3
    text = "".join(_samples(dataset, "touch", np.arange(3), data, both, labelled=True))
    assert "<b>" not in text
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in text
    assert text.count("<figure>") == 3
    assert 'class="right"' in text
    assert 'class="wrong"' in text
    assert "unknown (" in text
