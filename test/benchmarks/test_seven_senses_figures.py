"""The figures of the live story, from encounters that are made by hand, and its runs."""

import json

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("psutil")

from live_figure.leg import Outcome, pooled
from live_figure.story import Parts, fingerprint, legs, needed, run_names
from live_figure.summary import cost, figure, in_time, interval, median, share, summarise

from omnibind_ros.demo.room.truth import right_of
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.robot.rendered import Thing


def row(object_id="a", right=5.0, measured=5.0, **more):
    values = {
        "object_id": object_id,
        "liar": "",
        "right": ["cup"],
        "said": "cup",
        "present_s": measured + 1,
        "measured_s": measured,
        "right_s": right,
        "known_s": right,
        "wrong_known_s": 0.0,
        "changes": 0,
        "settles": True,
        "settle_s": 0.5,
        "lie_named_s": None,
        "alarms": 0,
        "results": 60,
    }
    return {**values, **more}


def test_shares_and_medians_of_objects():
    rows = [row("a", 5.0), row("b", 2.5, settle_s=None), row("c", 0.0, settle_s=1.0)]
    assert figure(rows, share) == 0.5
    assert figure(rows, median, "settle_s") == 1.0
    assert figure(rows[:2], median, "settle_s") is None  # half of them never settle
    assert figure([*rows, row("d", settle_s=0.2)], median, "settle_s") == 0.75
    assert figure([], share) is None


def test_a_lie_that_is_named_too_late_is_not_named_in_time():
    rows = [row(lie_named_s=seconds) for seconds in (0.0, 4.0, 4.1, None)]
    assert figure(rows, in_time) == 0.5


def test_the_interval_is_that_of_a_bootstrap_by_object():
    rng = np.random.default_rng(1)
    values = rng.uniform(0, 5, 30)
    rows = [row(f"o{n:02d}", value) for n, value in enumerate(values)]
    low, high = interval(rows, share)
    draws = values[rng.integers(0, 30, (20_000, 30))].mean(axis=1) / 5
    assert [low, high] == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.01)
    # Twice as many encounters of the same objects tell no more.
    assert interval(rows * 2, share) == pytest.approx([low, high], abs=0.005)
    assert interval([row("a", 5.0)] * 3, share) == [1.0, 1.0]
    assert interval([], share) is None


def test_a_cost_compares_the_same_objects():
    whole = [row("a", 5.0), row("b", 5.0), row("c", 0.0)]
    assert cost([row("a", 4.0), row("b", 5.0)], whole) == pytest.approx(10.0)
    assert cost([], whole) is None


KEYS = [
    "objects",
    "right_share",
    "right_share_missing",
    "right_share_lying",
    "lie_named_share",
    "lie_named_s",
    "false_alarms_per_10_min",
    "changes_per_minute",
    "settle_s_p50",
    "own_overhead_share",
    "latency_p99_ms",
]


def test_the_summary_has_its_keys_whatever_was_run():
    assert list(summarise({}))[: len(KEYS)] == KEYS
    runs = {
        "all": {
            "encounters": [row("a", alarms=1, changes=1), row("b", 0.0), row("b", 5.0)],
            "own_overhead_share": 0.04,
            "latency_p99_ms": 30.0,
        },
        "missing:image": {"encounters": [row("a", 4.0)]},
        "lying:image": {
            "encounters": [row("a", 0.0), row("b", 5.0, liar="image", lie_named_s=2.0)]
        },
        "lying:touch": {"encounters": [row("b", 2.5, liar="touch")]},
    }
    found = summarise(runs)
    assert list(found)[: len(KEYS)] == KEYS
    assert found["objects"] == 2
    assert found["right_share"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["right_share_missing"] == {"image": 0.8}
    assert found["right_share_lying"] == 0.75
    assert found["lie_named_share"] == 1.0  # touch is no sensor whose lie must be named
    assert found["lie_named_s"] == 2.0
    assert found["false_alarms_per_10_min"] == pytest.approx(1 / 18 * 600, abs=0.01)
    assert found["changes_per_minute"] == pytest.approx(1 / 15 * 60)
    assert found["own_overhead_share"] == 0.04
    assert found["lying"]["touch"]["named_share"] == 0.0
    assert [each["object"] for each in found["wrong"]] == ["b"]
    json.dumps(found, allow_nan=False)


def test_legs_are_pooled_by_what_they_used():
    def outcome(latencies, cpu, own):
        return Outcome([], latencies, cpu, own, 0.1, 0.0, 1.0, 2.0, 1)

    found = pooled([outcome([0.01] * 50, 1.0, 0.1), outcome([0.03] * 50, 0.5, 0.04)])
    assert found["own_overhead_share"] == pytest.approx((0.1 + 0.02) / 1.5, abs=1e-4)
    assert found["latency_p99_ms"] == 30
    assert found["robot_left_out"] == 2
    empty = pooled([outcome([], float("nan"), float("nan"))])
    assert empty["latency_p99_ms"] is None
    assert empty["own_overhead_share"] is None


def test_runs_by_name():
    assert run_names("all") == ["all"]
    assert run_names("missing")[:2] == ["missing:image", "missing:text"]
    assert len(run_names("all,missing,lying")) == 1 + 2 * len(MODALITIES)
    assert run_names("lying:audio, lying:audio") == ["lying:audio"]
    for wrong in ("everything", "missing:smell", "all:image"):
        with pytest.raises(ValueError, match="there is no run"):
            run_names(wrong)


def pool(count):
    return [Thing(f"o{n:03d}", f"class {n % 7}", (), None) for n in range(count)]


def test_all_objects_are_divided_among_the_robots():
    whole = legs("all", pool(50), 0, 12, 4, 6.0)
    assert [leg.plan.seed for leg in whole] == [0, 1, 2, 3]
    assert sorted(t.object_id for leg in whole for t in leg.things) == [
        t.object_id for t in pool(50)
    ]
    fewer = legs("missing:touch", pool(50), 0, 12, 4, 6.0)
    assert sum(len(leg.things) for leg in fewer) == 12
    assert {leg.missing for leg in fewer} == {"touch"}
    for few, many in zip(fewer, whole, strict=True):  # the same robots before the same objects
        assert list(few.things) == list(many.things)[: len(few.things)]
    assert [len(leg.things) for leg in legs("all", pool(50), 3, 12, 4, 6.0)] == [1, 1, 1]


def test_what_a_liar_shows_is_rendered_too():
    (leg,) = legs("lying:image", pool(5), 2, 12, 1, 6.0)
    ids = {thing.object_id for thing in needed(leg, pool(5))}
    assert {thing.object_id for thing in leg.things} <= ids
    (honest,) = legs("all", pool(5), 2, 12, 1, 6.0)
    assert needed(honest, pool(5)) == list(honest.things)


def test_a_finished_run_is_not_run_again_unless_something_changed(tmp_path):
    calls = []

    def measured():
        calls.append(1)
        return {"encounters": [], "number": len(calls)}

    parts = Parts(tmp_path / "live.json.parts")
    assert parts.run("missing:image", "k", measured)["number"] == 1
    assert parts.run("missing:image", "k", measured)["number"] == 1
    assert parts.run("missing:image", "other code", measured)["number"] == 2
    assert parts.run("all", "k", measured)["number"] == 3


def test_a_run_depends_on_bundle_and_values(tmp_path):
    (tmp_path / "labels.yaml").write_text("labels: []", encoding="utf-8")
    first = fingerprint(tmp_path, "all", [1])
    assert first == fingerprint(tmp_path, "all", [1])
    assert first != fingerprint(tmp_path, "all", [2])
    (tmp_path / "labels.yaml").write_text("labels: [a]", encoding="utf-8")
    assert first != fingerprint(tmp_path, "all", [1])


def test_labels_that_are_right_for_an_object(tmp_path):
    (tmp_path / "labels.yaml").write_text(
        "templates: ['a {}']\n"
        "labels: [{name: chair}, {name: office chair}, {name: cup}, {name: cat}]\n"
        "groups: [{name: chair, contains: [office chair]}]\n",
        encoding="utf-8",
    )
    things = [
        Thing("1", "cup", (), None),
        Thing("2", "chair", (), None, "office chair"),
        Thing("3", "chair", (), None, "chair"),
        Thing("4", "animal", (), None, "cat"),
    ]
    assert right_of(things, tmp_path) == {
        "1": frozenset({"cup"}),
        "2": frozenset({"office chair", "chair"}),
        "3": frozenset({"chair"}),
        "4": frozenset({"cat"}),
    }
    with pytest.raises(ValueError, match="no label for rocket"):
        right_of([Thing("5", "vessel", (), None, "Rocket")], tmp_path)
