"""Gains of objectives in a study, with intervals by test object."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the study imports torch")

from omnibind_ros.evaluation.report.goals import student_goals  # noqa: E402
from omnibind_ros.evaluation.report.students import student_sections  # noqa: E402
from omnibind_ros.evaluation.report.write import _with_study  # noqa: E402
from omnibind_ros.evaluation.study.outcomes import OBJECTS, gains, read_outcomes  # noqa: E402
from omnibind_ros.evaluation.study.results import read_study  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.learning.metrics import by_object  # noqa: E402

COUNT = 120


def outcomes(accuracy, seed=0, **others):
    """Two samples of each object; `accuracy` is that of touch."""
    rng = np.random.default_rng(seed)
    names = "\n".join(f"object {i:03}" for i in range(COUNT))
    return {OBJECTS: names} | {
        modality: " ".join(f"{2 * (luck < value)}/2" for luck in rng.random(COUNT))
        for modality, value in ({"touch": accuracy} | others).items()
    }


def share(run, modality="touch"):
    counts = np.array([each.split("/") for each in run[modality].split()], int)
    return counts[:, 0] / 2


def test_correct_answers_are_counted_by_object():
    found = by_object(np.array([True, False, True, True]), np.array(["b", "a", "b", "c"]))
    assert found == {"a": [0, 1], "b": [2, 2], "c": [1, 1]}


def test_outcomes_of_students_are_joined(tmp_path):
    (tmp_path / "touch.test.json").write_text('{"b": [1, 2], "c": [0, 1]}', encoding="utf-8")
    (tmp_path / "audio.test.json").write_text('{"a": [3, 4]}', encoding="utf-8")
    found = read_outcomes(tmp_path, ["touch", "thermal", "audio"])
    assert found == {OBJECTS: "a\nb\nc", "touch": "0/0 1/2 0/1", "audio": "3/4 0/0 0/0"}
    assert read_outcomes(tmp_path, ["thermal"]) == {}
    (tmp_path / "touch.test.json").write_text("{", encoding="utf-8")
    with pytest.raises(TrainingError, match="remove the run's folder"):
        read_outcomes(tmp_path, ["touch"])


def test_the_gain_is_over_the_best_other_objective_and_has_its_interval():
    runs = [outcomes(0.6, seed, event=0.5) for seed in (1, 2)]
    worse, better = [outcomes(0.3, 3, event=0.4)], [outcomes(0.5, 4), outcomes(0.4, 5)]
    found = gains(runs, [worse, better])
    gained = np.mean([share(r) for r in runs], 0) - np.mean([share(r) for r in better], 0)
    assert found["touch"]["points"] == pytest.approx(100 * gained.mean())
    error = 100 * gained.std() / np.sqrt(COUNT)
    wanted = 100 * gained.mean() + 1.96 * error * np.array([-1, 1])
    np.testing.assert_allclose(found["touch"]["interval"], wanted, atol=0.15 * error)
    # Events are compared with the only other objective that has them.
    events = np.mean([share(r, "event") for r in runs], 0) - share(worse[0], "event")
    assert found["event"]["points"] == pytest.approx(100 * events.mean())
    both = 100 * (gained + events) / 2
    assert found["mean"]["points"] == pytest.approx(both.mean())
    error = both.std() / np.sqrt(COUNT)
    wanted = both.mean() + 1.96 * error * np.array([-1, 1])
    np.testing.assert_allclose(found["mean"]["interval"], wanted, atol=0.15 * error)


def test_objects_with_more_samples_count_more():
    run = {OBJECTS: "a\nb", "touch": "9/9 0/1"}
    other = {OBJECTS: "a\nb", "touch": "0/9 1/1"}
    assert gains([run], [[other]])["touch"]["points"] == pytest.approx(100 * (9 - 1) / 10)


def test_runs_on_other_objects_are_not_compared():
    other = outcomes(0.5) | {OBJECTS: "\n".join(f"thing {i}" for i in range(COUNT))}
    assert gains([outcomes(0.5)], [[other]]) == {}
    assert gains([outcomes(0.5)], []) == {}


def result(objective, seed, accuracy, **more):
    run = outcomes(accuracy, seed, event=accuracy)
    return {
        "kind": "students",
        "data": "household",
        "key": "",
        "objective": objective,
        "share": 10.0,
        "seed": seed,
        "without": "",
        "modalities": {
            m: {"test_samples": float(share(run, m).mean())} for m in ("touch", "event")
        },
        "outcomes": run,
    } | more


def test_a_study_has_the_gains_of_cad_ours_and_the_papers(tmp_path):
    results = [result("cad", seed, 0.7) for seed in (0, 1)]
    results += [result("omnibind", 2, 0.6), result("infonce", 3, 0.3), result("regression", 4, 0.2)]
    results += [result("cross_entropy", 5, 0.5, start="image")]
    old = result("cross_entropy", 6, 0.35)
    del old["outcomes"]  # of an older version
    for number, one in enumerate([*results, old]):
        (tmp_path / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    study = read_study(tmp_path)
    found, students = study["student_gains"], study["students"]
    assert set(found) == {"cad", "omnibind"}
    assert set(found["cad"]) == {"plain", "cross_entropy_from_image"}
    for name in ("touch", "event"):
        assert found["omnibind"]["plain"][name]["points"] == pytest.approx(
            students[name]["omnibind"] - students[name]["infonce"]
        )
        assert found["cad"]["cross_entropy_from_image"][name]["points"] == pytest.approx(
            students[name]["cad"] - students[name]["cross_entropy_from_image"]
        )
    whats = [goal.what for goal in student_goals(students, {}, found)]
    low, high = found["cad"]["cross_entropy_from_image"]["mean"]["interval"]
    ends = f"(95% {low:.1f} to {high:.1f})"
    assert f"five students: CAD over cross-entropy that begins alike {ends}" in whats
    assert any(what.startswith("touch: the paper's CAD over the best plain") for what in whats)
    assert all("95%" not in goal.what for goal in student_goals(students, {}))


def test_the_report_has_a_table_of_gains_with_intervals(tmp_path):
    results = [result("cad", 0, 0.7), result("infonce", 1, 0.3)]
    for number, one in enumerate(results):
        (tmp_path / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    study = read_study(tmp_path)
    text = "\n".join(student_sections(study, tmp_path, tmp_path))
    assert "| student | CAD over the best plain objective |" in text
    gain = study["student_gains"]["cad"]["plain"]["touch"]
    low, high = gain["interval"]
    assert f"| touch | {gain['points']:+.1f} ({low:.1f} to {high:.1f}) |" in text
    assert "| mean | " in text
    assert "over the best" not in "\n".join(
        student_sections(study | {"student_gains": {}}, tmp_path, tmp_path)
    )


def test_each_objective_is_compared_with_those_that_begin_as_it_does(tmp_path):
    results = [result("omnibind", 0, 0.4), result("omnibind", 1, 0.6, start="image")]
    results += [result("infonce", 2, 0.3), result("cross_entropy", 3, 0.5, start="image")]
    for number, one in enumerate(results):
        (tmp_path / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    found = read_study(tmp_path)["student_gains"]
    assert {name: set(of) for name, of in found.items()} == {
        "omnibind": {"plain"},
        "omnibind_from_image": {"cross_entropy_from_image"},
    }


def test_what_an_evaluation_has_of_a_study_is_what_the_study_says_now():
    study = {"unknown": {"run": "b", "auroc": 0.8}}
    copied = {"unknown": {"run": "a", "auroc": 0.9}, "auroc_unknown": 0.9, "ece": 1.0}
    found = _with_study(copied, study)
    assert found == {"unknown": study["unknown"], "auroc_unknown": 0.8, "ece": 1.0}
    nothing = {"unknown": None, "auroc_unknown": None}
    assert _with_study(nothing, study)["auroc_unknown"] == 0.8
    own = {"unknown": {"auroc": 0.7}, "auroc_unknown": 0.7}  # of a bundle with classes left out
    assert _with_study(own, study) == own
    assert _with_study(copied, {"unknown": {}}) == copied
    assert _with_study(None, study) is None
