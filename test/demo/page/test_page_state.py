"""What the page shows of what ROS says: results, sensors, the last minute."""

import json

import pytest

from omnibind_ros.demo.page.history import BIN, BINS, MOST_CHANGES, Bins, StateChanges
from omnibind_ros.demo.page.state import (
    OFF,
    SHOWN_FOR,
    SILENT,
    ResultView,
    SensorView,
    SimulatorView,
    ViewState,
)
from omnibind_ros.runtime.presence import Presence


def sensor(name="image", state=Presence.FRESH, rate=10.0, **values):
    return SensorView(name, name, f"/{name}", int(state), rate, received=5, **values)


def result(label="cup", p=0.9, known=True, contradicting=()):
    return ResultView((label, "dog"), (p, 0.05), 0.05, known, 2.0, "tableware", 0.95, contradicting)


@pytest.fixture
def state():
    made = ViewState("/perception")
    made.on_sensors(10.0, [sensor(), sensor("thermal", Presence.STALE)])
    return made


def shown(state, now, name):
    return {each["name"]: each for each in state.snapshot(now)["sensors"]}[name]


def test_a_result_is_shown_with_its_weights_until_it_is_old(state):
    state.on_result(10.0, 0.03, result())
    state.on_weights({"image": 0.7, "thermal": 0.3})
    now = state.snapshot(10.1)
    assert now["result"]["label"] == "cup"
    assert now["result"]["top"] == [["cup", 0.9], ["dog", 0.05]]
    assert now["figures"]["p50"] == pytest.approx(30.0)
    assert shown(state, 10.1, "image")["weight"] == 0.7
    late = state.snapshot(10.0 + SHOWN_FOR + 0.1)
    assert late["result"] is None
    assert shown(state, 10.0 + SHOWN_FOR + 0.1, "image")["weight"] == 0.0


def test_a_snapshot_is_json_without_nan(state):
    state.on_result(10.0, 0.03, result(p=float("nan")))
    assert "NaN" not in json.dumps(state.snapshot(10.1), allow_nan=False)


def test_the_node_that_is_not_there_or_silent_is_named():
    state = ViewState("/perception")
    assert state.problem(0.0) == "Looking for the perception node /perception."
    assert "No perception node answers as /perception since 9 s" in state.problem(9.0)
    state.on_sensors(10.0, [])
    assert "has no sensors" in state.problem(10.1)
    state.on_sensors(11.0, [sensor()])
    assert state.problem(11.0 + SILENT) == ""
    assert "has been silent for 4 s" in state.problem(15.0)
    assert shown(state, 15.0, "image")["state"] == Presence.ABSENT
    state.on_sensors(16.0, [sensor()])
    assert state.problem(16.1) == ""


def test_a_sensor_that_is_switched_off_is_unplugged_until_it_is_on_again(state):
    state.on_sensors(11.1, [sensor("thermal"), sensor(state=OFF)])
    assert shown(state, 11.2, "image")["state"] == OFF
    assert not shown(state, 11.2, "image")["plugged"]
    assert shown(state, 11.2, "thermal")["plugged"]
    state.on_sensors(12.0, [sensor("thermal"), sensor()])
    assert shown(state, 12.1, "image")["state"] == Presence.FRESH


def test_the_simulated_robot_says_which_plugs_are_pulled(state):
    state.on_simulator(SimulatorView(True, ("thermal",), "image"))
    state.on_truth("chair")
    assert shown(state, 10.1, "image")["lying"]
    assert shown(state, 10.1, "image")["plugged"]
    assert not shown(state, 10.1, "thermal")["plugged"]
    assert state.snapshot(10.1)["simulator"]["label"] == "chair"


def test_ages_count_from_the_arrival_here(state):
    state.on_message(10.5, "image", 1e9)
    assert shown(state, 10.75, "image")["age"] == pytest.approx(0.25)


def test_a_browser_gets_only_the_bins_and_changes_that_it_does_not_have(state):
    for n in range(20):
        state.on_result(10.0 + n / 10, 0.02, result())
    first = state.snapshot(12.0)
    assert [row[0] for row in first["rows"]] == [10.0, 10.0, 10.0, 10.0]
    assert first["changes"]["thermal"] == [[10.0, 1.0]]
    second = state.snapshot(12.6, first["bin"], first["revision"])
    assert second["rows"] == [[0.0, None, None, None, None]]
    assert second["changes"] is None
    state.on_sensors(12.7, [sensor(), sensor("thermal")])
    third = state.snapshot(12.8, second["bin"], second["revision"])
    assert third["rows"] == []
    assert third["changes"]["thermal"] == [[10.0, 1.0], [12.7, 2.0]]


def test_bins_and_changes_are_bounded():
    bins = Bins()
    for n in range(5 * BINS):
        bins.at(n * BIN).results += 1
    newest, rows = bins.after(-1, 5 * BINS * BIN)
    assert len(rows) == BINS - 1
    assert newest == 5 * BINS - 1
    assert bins.after(newest, 5 * BINS * BIN + 1000)[1][-1] == [0.0, None, None, None, None]
    changes = StateChanges()
    for n in range(10 * MOST_CHANGES):
        changes.note(n * 0.01, "image", n % 2)
    assert len(changes.rows(0.0)["image"]) == MOST_CHANGES


def test_a_change_before_the_minute_is_the_state_at_its_beginning():
    changes = StateChanges()
    for at, value in ((0.0, 0), (10.0, 2), (100.0, 1)):
        changes.note(at, "image", value)
    assert changes.rows(120.0)["image"] == [[10.0, 2.0], [100.0, 1.0]]


def test_the_synchroniser_counts_in_the_bins(state):
    assert "needs two sensors" in state.start_comparison(10.0)
    state.on_sensors(10.0, [sensor(), sensor("thermal")])
    assert state.start_comparison(10.0) == "The synchroniser waits for image, thermal."
    for n in range(10):
        state.on_message(10.0 + n / 10, "image", n / 10)
        state.on_message(10.01 + n / 10, "thermal", n / 10)
    snapshot = state.snapshot(11.0)
    assert [row[1] for row in snapshot["rows"]] == [10.0, 10.0]
    assert snapshot["comparison"]["results"] == 5.0  # over 2 s
    state.stop_comparison()
    assert not state.snapshot(11.1)["comparison"]["on"]
