"""Steps of a command that cannot be counted are shown, and are done as the next begins."""

from __future__ import annotations

import pytest

pytest.importorskip("rich", reason="the bars need rich")

from omnibind_ros.learning.progress import Steps


def test_a_step_is_done_as_the_next_begins():
    shown = []
    steps = Steps(lambda name, done, total, metrics: shown.append((name, done, total)))
    steps.end()
    assert shown == []
    steps.begin("training")
    steps.begin("export of touch")
    steps.end()
    steps.end()
    assert shown == [
        ("training", 0, 1),
        ("training", 1, 1),
        ("export of touch", 0, 1),
        ("export of touch", 1, 1),
    ]
