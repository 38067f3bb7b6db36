"""The figures of a story, from what was said and done."""

import io

import pytest

pytest.importorskip("rich")

from rich.console import Console

from omnibind_ros.demo.room.figures import AFTER, summarise
from omnibind_ros.demo.room.record import Done, Result, RoomRecord
from omnibind_ros.demo.room.script import EVENTS, TAUGHT, Event, object_count
from omnibind_ros.demo.room.table import events_table, figures_table

RIGHT = {"a": frozenset(["armchair", "chair"]), "b": frozenset(["lamp"])}
FINEST = {"a": "armchair", "b": "lamp"}


def told(labels, done=(), known=True, contradicting=None, rate=10.0, seconds=6.0):
    """A story of object a and then b; `labels` says the label at a time."""
    record = RoomRecord()
    record.on_object(-1.0, "")  # the robot's last word of the run before
    record.on_object(0.0, "a")
    for number in range(int(2 * seconds * rate)):
        at = (number + 0.5) / rate
        names = contradicting(at) if contradicting else ()
        if labels(at) is not None:
            record.on_result(Result(at, labels(at), known, (), names))
    record.on_object(seconds, "b")
    record.on_object(seconds + 0.1, "b")  # said again
    record.on_object(2 * seconds, "")
    record.done += done
    return summarise(record, RIGHT, FINEST)


def test_shares_of_the_time_begin_one_second_after_an_arrival():
    # The first second of each object is wrong, half of the rest of b is wrong.
    def labels(at):
        if at < 6:
            return "chair" if at >= 1 else "sofa"
        return "lamp" if at >= 9.5 else "chair"

    summary = told(labels)
    assert summary.objects == 2
    assert summary.duration_s == 12.0
    assert summary.results_per_s == pytest.approx(10.0)
    assert summary.right_share == pytest.approx((5 + 2.5) / 10, abs=0.02)
    assert summary.known_share == summary.right_share
    assert summary.wrong_known_share == pytest.approx(0.25, abs=0.02)
    assert summary.right_share_by_sensors == {"all": summary.right_share}
    assert summary.longest_gap_ms == pytest.approx(100.0)
    assert not summary.verdict()


def test_silence_is_not_right():
    summary = told(lambda at: None if 2.5 < at < 5.5 else ("chair" if at < 6 else "lamp"))
    # A result counts for one second while none follows.
    assert summary.right_share == pytest.approx(1 - 2.0 / 10, abs=0.03)
    assert summary.longest_gap_ms == pytest.approx(3000, abs=150)


def test_an_unplugged_sensor_has_a_share_and_a_gap_of_its_own():
    pull = Event("unplug", "image", 2.0, 4.0)

    def labels(at):
        if 3.0 < at < 3.3:
            return None
        return ("sofa" if 2 <= at < 4 else "chair") if at < 6 else "lamp"

    summary = told(labels, [Done(pull, 0, 2.0, 4.0)])
    assert summary.right_share_by_sensors["without image"] < 0.1
    assert summary.right_share_by_sensors["all"] > 0.95
    assert summary.gap_ms_by_unplug == {"image": pytest.approx(400, abs=1)}
    (event,) = summary.events
    assert (event.before, event.right_before) == ("chair", True)
    assert (event.after, event.right_after) == ("sofa", False)
    assert event.object == "armchair, chair"
    assert event.named_s is None


def test_a_lie_is_named_where_the_liar_is_said_to_contradict():
    lie = Event("lie", "image", 0.0, 5.9)
    done = [Done(lie, 1, 6.0, 11.9)]
    summary = told(
        lambda at: "chair" if at < 6 else "lamp",
        done,
        contradicting=lambda at: ("image",) if at >= 8.5 else ("touch",),
    )
    assert summary.lie_named_s == pytest.approx(2.55)
    assert summary.lie_named_s_by_sensor == {"image": summary.lie_named_s}
    silent = told(lambda at: "lamp", done)
    assert silent.lie_named_s is None
    assert silent.lie_named_s_by_sensor == {"image": None}


def test_after_a_teaching_the_taught_label_is_the_right_one():
    teach = Event("teach", "", 1.5, 2.5)
    done = [Done(teach, 0, 1.5, 2.6, "learned", True)]

    def labels(at):
        return (TAUGHT if at > 3 else "chair") if at < 6 else "lamp"

    summary = told(labels, done)
    assert summary.taught_named_s == pytest.approx(0.45)
    assert summary.right_share_by_sensors["after teaching"] == pytest.approx(3 / 3.4, abs=0.03)
    assert summary.events[0].right_after
    refused = told(labels, [Done(teach, 0, 1.5, 2.6, "nothing is fresh", False)])
    assert refused.taught_named_s is None
    assert set(refused.right_share_by_sensors) == {"all"}


def test_an_empty_story_is_a_sentence():
    summary = summarise(RoomRecord(), RIGHT, FINEST)
    assert summary.verdict() == "the robot came upon no object."
    assert summary.right_share is None
    assert "no result" in told(lambda at: None).verdict()
    assert "no best label was right" in told(lambda at: "nothing").verdict()


def test_json_has_the_keys_that_checks_read():
    figures = told(lambda at: "chair").as_json()
    assert {
        "results_per_s",
        "page_hz",
        "right_share",
        "right_share_by_sensors",
        "longest_gap_ms",
        "gap_ms_by_unplug",
        "lie_named_s",
    } <= set(figures)


@pytest.mark.parametrize(
    ("duration", "count"), [(0, 0), (8.9, 0), (9, 1), (57, 9), (60, 9), (63, 10), (1e9, 10)]
)
def test_a_story_has_as_many_objects_as_fit(duration, count):
    assert object_count(duration) == count


def test_every_sensor_is_unplugged_once_within_a_minute():
    within = EVENTS[: object_count(60)]
    assert sorted(e.sensor for e in within if e.kind == "unplug") == sorted(
        ["image", "text", "touch", "thermal", "event", "points", "audio"]
    )
    assert sum(e.kind == "teach" for e in within) == 1
    assert [e.sensor for e in within if e.kind == "lie"] == ["image"]
    assert all(0 <= e.begin < e.end < 6 for e in EVENTS)
    assert max(e.end for e in within if e.kind == "unplug") + AFTER < 6


def test_tables_say_what_happened():
    lie = Event("lie", "image", 0.0, 5.9)
    summary = told(lambda at: "lamp", [Done(lie, 1, 6.0, 11.9)])
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(events_table(summary))
    console.print(figures_table(summary))
    text = console.export_text()
    assert "image lies" in text
    assert "lamp (right)" in text
    assert "never" in text
    assert "right and known" in text
