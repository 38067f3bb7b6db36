"""The demo's record, figures, story and table."""

from __future__ import annotations

import io
import json

import pytest

pytest.importorskip("rich")

from rich.console import Console

from omnibind_ros.demo.figures import DemoSummary, percentile
from omnibind_ros.demo.record import DemoRecord, LabelRow, SensorRow
from omnibind_ros.demo.story import LABELS, SENTENCE_DELAY, SENTENCES, SETTLE, Story
from omnibind_ros.demo.table import Display, line, render, summary_table
from omnibind_ros.runtime.presence import Presence


def labels(best="cup", known=True, sensors=("camera",)):
    share = 1.0 / len(sensors)
    return LabelRow((best, "dog"), (0.8, 0.1), known, sensors, (share,) * len(sensors))


def row(state=Presence.FRESH, received=0, name="camera", modality="image", reason=""):
    return SensorRow(name, modality, state, 30.0, 0.02, 0.015, received, received, 0, 0, reason)


def run(times, record=None, latency=0.02, **what):
    record = record or DemoRecord()
    for time in times:
        record.on_result(time, latency, labels(**what))
    return record


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 2.5), (100, 4.0), (75, 3.25), (120, 4.0), (-1, 1.0)]
)
def test_percentile_interpolates(percent, expected):
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == pytest.approx(expected)


def test_percentile_of_nothing_and_of_one():
    assert percentile([], 50) is None
    assert percentile([7.0], 99) == 7.0


def test_every_expected_subject_has_a_sentence():
    assert LABELS.keys() == SENTENCES.keys()


def test_a_sentence_is_due_once_a_subject_and_some_time_after_it():
    story = Story()
    early, due = 4.0 + SENTENCE_DELAY / 2, 4.1 + SENTENCE_DELAY
    told = [story.sentence("coffee", 4.0, now) for now in (early, due, due + 1)]
    assert told == ["", SENTENCES["coffee"], ""]
    assert story.sentence("sofa", 8.0, 8.1 + SENTENCE_DELAY) == "this is a sofa"


def test_empty_run_has_no_figures_and_fails():
    record = DemoRecord()
    record.finish(30.0)
    summary = record.summary()
    assert summary.results == 0
    assert summary.results_per_s == 0.0
    assert summary.latency_p99_ms is None
    assert summary.longest_gap_ms is None
    assert summary.start_s is None
    assert "no result" in summary.verdict()


def test_start_rate_latency_and_gap():
    record = DemoRecord()
    record.on_start(10.0)
    run([12.0, 12.5, 13.5], record, latency=0.03)
    record.finish(14.0)
    summary = record.summary(rss_mb=300.0, torch=False)
    assert summary.start_s == pytest.approx(2.0)
    assert summary.results_per_s == pytest.approx(1.5)
    assert summary.latency_p50_ms == pytest.approx(30.0)
    assert summary.longest_gap_ms == pytest.approx(1000.0)
    assert summary.rss_mb == 300.0
    assert summary.torch_imported is False
    assert summary.plug_to_result_ms is None


def test_silence_before_the_end_is_a_gap():
    record = run([1.0, 1.1])
    record.finish(5.0)
    assert record.summary().longest_gap_ms == pytest.approx(3900.0)


def test_the_unplugged_time_is_no_gap_but_silence_before_it_is():
    record = run([1.0, 1.1])
    record.on_plugged(1.4, False)
    record.on_plugged(3.4, True)
    run([3.5, 3.6], record)
    record.finish(3.7)
    summary = record.summary()
    assert summary.longest_gap_ms == pytest.approx(300.0)
    assert summary.plug_to_result_ms == pytest.approx(100.0)


def test_words_alone_are_results_but_not_the_cameras():
    record = run([1.0])
    record.on_sensors(1.0, [row(), row(name="speech", modality="text")])
    record.on_plugged(1.1, False)
    run([2.0], record, latency=2.0, sensors=("speech",))
    record.on_plugged(3.0, True)
    run([3.1], record, latency=2.0, sensors=("speech",))
    run([3.2], record, sensors=("speech", "camera"))
    record.finish(3.3)
    summary = record.summary()
    assert summary.results == 4
    assert summary.plug_to_result_ms == pytest.approx(200.0)
    assert record.latency(100) == pytest.approx(20.0)


def test_right_share_leaves_out_the_time_after_a_change():
    record = DemoRecord()
    record.on_subject(0.0, "chelsea")
    run([0.1, SETTLE - 0.01], record, best="cup")
    run([SETTLE + 0.1, 1.0, 1.1], record, best="cat")
    record.on_subject(4.0, "coffee")
    run([4.1], record, best="cat")
    run([5.0], record, best="plate", known=False)
    record.on_subject(8.0, "my holiday")
    run([9.0], record, best="whatever")
    record.finish(10.0)
    summary = record.summary()
    assert summary.right_share == pytest.approx(0.75)
    assert summary.known_share == pytest.approx(0.75)
    assert summary.subjects == {"chelsea": 1.0, "coffee": 0.0}
    assert summary.verdict() == ""


def test_nothing_right_fails():
    record = DemoRecord()
    record.on_subject(0.0, "rocket")
    run([1.0], record, best="cat")
    record.finish(2.0)
    assert "none had the correct label" in record.summary().verdict()


def test_presence_counts_only_once_unplugged():
    record = DemoRecord()
    record.on_sensors(0.0, [row(Presence.ABSENT)])
    record.on_sensors(1.0, [row(Presence.FRESH)])
    assert not record.summary().absent_seen
    record.on_plugged(2.0, False)
    record.on_sensors(
        2.5, [row(Presence.STALE), row(Presence.ABSENT, name="speech", modality="text")]
    )
    assert record.summary().stale_seen
    assert not record.summary().absent_seen
    record.on_sensors(2.6, [row(Presence.ABSENT)])
    assert record.summary().absent_seen


def test_oldest_frame_is_an_images_and_not_an_unplugged_cameras():
    record = DemoRecord()
    record.on_embedding(["text", "image"], [2.0, 0.05])
    record.on_embedding(["image"], [0.03])
    record.on_plugged(1.0, False)
    record.on_embedding(["image"], [0.4])
    assert record.summary().oldest_frame_ms == pytest.approx(50.0)


def test_frame_counts_are_taken_after_the_end():
    record = run([1.0])
    record.on_published(10)
    record.finish(2.0)
    run([2.1], record)
    record.on_plugged(2.1, False)
    record.on_published(100)
    record.on_sensors(2.2, [row(received=96), row(received=5, name="speech", modality="text")])
    summary = record.summary()
    assert summary.arrived_share == pytest.approx(0.96)
    assert summary.results == 1


def test_rate_is_that_of_the_last_seconds():
    record = run([0.0, 1.0, 9.0, 9.5, 10.0])
    assert record.rate(10.0) == pytest.approx(1.5)
    assert record.rate(20.0) == 0.0


def test_json_has_the_keys_and_is_rounded():
    data = DemoSummary(results=3, right_share=1 / 3, subjects={"coffee": 2 / 3}).as_json()
    assert json.loads(json.dumps(data)) == data
    assert data["right_share"] == 0.3333
    assert data["subjects"] == {"coffee": 0.6667}
    assert {
        *("results", "results_per_s", "right_share", "latency_p50_ms", "latency_p99_ms"),
        *("arrived_share", "longest_gap_ms", "start_s", "rss_mb"),
    } <= data.keys()


def written(*things):
    console = Console(file=io.StringIO(), width=110, force_terminal=False)
    for thing in things:
        console.print(thing)
    return console.file.getvalue()


def test_table_shows_sensors_labels_and_faults():
    record = DemoRecord()
    record.on_subject(0.0, "coffee")
    record.on_sensors(
        1.0, [row(received=7), row(Presence.STALE, name="speech", reason="no [tag] text")]
    )
    run([1.0], record)
    text = written(render(record, 1.0, 29.0))
    for part in ("camera", "FRESH", "STALE", "cup", "80.0%", "no [tag] text", "plugged in"):
        assert part in text


def test_table_before_anything_has_come():
    text = written(render(DemoRecord(), 0.0, 30.0), summary_table(DemoSummary()))
    assert "30 s left" in text
    assert "Summary" in text


def test_lines_take_the_tables_place_off_a_terminal():
    record = DemoRecord()
    record.on_subject(0.0, "coffee")
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    with Display(record, console, table=True, every=5.0) as display:
        display.update(0.0, 10.0)
        run([1.0], record, known=False)
        display.update(1.0, 9.0)
        display.update(5.0, 5.0)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert "perception is starting" in lines[0]
    assert "cup 80% (unknown)" in lines[1]
    assert line(record, 5.0) == lines[1]
