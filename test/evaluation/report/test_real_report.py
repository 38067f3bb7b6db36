"""The report's section and goals of recordings of real sensors."""

import pytest

from omnibind_ros.evaluation.report.real import real_goals, real_sections


def figures(modality, n, wrong_known, balanced=50.0):
    return {
        "modality": modality,
        "n": n,
        "classes": 3,
        "top1": 40.0,
        "top1_candidates": 45.0,
        "balanced_candidates": balanced,
        "known": 30.0,
        "wrong_known": wrong_known,
        "probe": None,
    }


REAL = {
    "points_kinect_tabletop_rgbd:points": figures("points", 71, 4.0, balanced=61.0),
    "few": figures("thermal", 6, 33.3),
    "gels": figures("touch", 40, 12.5),
    "empty": {"modality": "", "n": 0, "left_out": {}},
}


def test_each_set_has_a_row_and_one_of_which_nothing_can_be_used_has_none():
    text = "\n".join(real_sections({"real": REAL}))
    assert "| few (thermal) | 6 | 3 | 45.0 | 50.0 | 40.0 | 30.0 | 33.3 |  |" in text
    assert "| points_kinect_tabletop_rgbd:points | 71 |" in text
    assert "empty" not in text


@pytest.mark.parametrize("evaluation", [None, {}, {"real": {}}, {"real": {"a": REAL["empty"]}}])
def test_without_recordings_there_is_no_section(evaluation):
    assert real_sections(evaluation) == []
    assert list(real_goals((evaluation or {}).get("real", {}))) == []


def test_goals_are_those_of_known_sets_and_of_the_worst_large_one():
    goals = {goal.what: goal for goal in real_goals(REAL)}
    assert len(goals) == 2
    assert goals["Kinect clouds of household things, eight names, balanced"].verdict == "reached"
    (worst,) = (goal for what, goal in goals.items() if "gels" in what)
    assert worst.verdict == "missed by 2.5 points"
