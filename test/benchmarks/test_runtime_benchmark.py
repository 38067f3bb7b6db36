"""The benchmark against other designs: its rules, its figures, and a short run over real DDS."""

import json
import os
import subprocess
import sys
import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import ROOT

pytest.importorskip("rclpy")
pytest.importorskip("psutil")

from rclpy.serialization import deserialize_message

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import Chunk, SensorRegistry
from omnibind_ros.sensors.touch import TouchOptions
from runtime_designs.content import feeds, gel
from runtime_designs.figures import Published, Sample, freshness_curve, memory, processor, timing
from runtime_designs.scenario import random_pulls
from runtime_designs.synchroniser import ApproximateTime

MS = 1_000_000


def test_a_set_needs_one_of_each_sensor_close_in_time():
    policy = ApproximateTime("abc", queue=10, slop_ns=100 * MS)
    assert policy.add("a", 0, "a0") is None
    assert policy.add("b", 30 * MS, "b30") is None
    assert policy.add("c", 120 * MS, "c120") is None  # too far from a
    assert policy.add("a", 90 * MS, "a90") == ["a90", "b30", "c120"]
    assert policy.add("b", 95 * MS, "b95") is None  # what was used is gone


def test_without_one_sensor_there_is_never_a_set():
    policy = ApproximateTime("abc")
    assert all(policy.add(name, stamp * MS, name) is None for stamp in range(100) for name in "ab")


def test_a_latecomer_that_the_queue_has_no_place_for_makes_no_set():
    policy = ApproximateTime("ab", queue=1, slop_ns=100)
    policy.add("b", 5, "b")
    policy.add("a", 500, "new")
    assert policy.add("a", 6, "late") is None


def test_the_oldest_leave_the_queue():
    policy = ApproximateTime("ab", queue=2, slop_ns=100 * MS)
    for stamp in (0, 50, 60):
        policy.add("a", stamp * MS, stamp)
    assert policy.add("b", 10 * MS, "b") == [50, "b"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), max_size=40))
def test_the_policy_finds_what_trying_every_combination_finds(arrivals):
    policy = ApproximateTime("abc", queue=4, slop_ns=10)
    queues = {name: {} for name in "abc"}
    for name, stamp in arrivals:
        queues[name][stamp] = (name, stamp)
        while len(queues[name]) > 4:
            del queues[name][min(queues[name])]
        near = [
            sorted((t for t in queue if abs(t - stamp) <= 10), key=lambda t: abs(t - stamp))
            for queue in queues.values()
        ]
        near["abc".index(name)] = [stamp] if stamp in queues[name] else []
        sets = (s for s in product(*near) if max(s) - min(s) < 10)
        expected = next(sets, None)
        if expected is not None:
            expected = [q.pop(t) for q, t in zip(queues.values(), expected, strict=True)]
        assert policy.add(name, stamp, (name, stamp)) == expected


def results(*entries):
    return [Published(at, stamp, {"a": at - stamp, "b": 0.5}) for at, stamp in entries]


def test_timing_of_results_that_are_known():
    figures = timing(results((9.9, 9.8), (10.5, 10.4), (11.0, 10.8)), 10.0, 12.0)
    assert figures["results"] == 2
    assert figures["results_per_s"] == 1
    assert figures["latency_p50_ms"] == 150
    assert figures["longest_gap_ms"] == 1000
    # The age of the newest evidence: 0.2 to 0.7, 0.1 to 0.6, and 0.2 to 1.2 for a second.
    assert figures["freshness_ms"] == pytest.approx((0.45 * 0.5 + 0.35 * 0.5 + 0.7) / 2 * 1e3)
    curve = freshness_curve(results((9.9, 9.8), (10.5, 10.4)), 10.0, 12.0)
    assert curve[-1] == pytest.approx([1.99, 1.59])


def test_a_design_that_stops_has_no_latency_but_a_gap_and_an_age():
    figures = timing(results((9.0, 8.9)), 10.0, 14.0)
    assert figures["results"] == 0
    assert figures["latency_p99_ms"] is None
    assert figures["longest_gap_ms"] == 4000
    assert figures["freshness_ms"] == pytest.approx(3100)
    assert timing([], 0.0, 1.0)["freshness_ms"] is None


def test_processor_time_is_split_without_remainder():
    spent = {"workers": 6.0, "encode": 4.0, "decode": 1.0, "publish": 0.4, "receive": 0.2}
    first = Sample(0.0, 10.0, 0, dict.fromkeys(spent, 1.0), {})
    last = Sample(10.0, 18.0, 0, {k: v + 1.0 for k, v in spent.items()}, {"a": {"received": 7}})
    figures = processor([first, last], 100)
    assert figures["cpu_share"] == 0.8
    assert figures["cpu_ms_per_result"] == 80
    assert figures["overhead_share"] == pytest.approx(0.8 / 8)
    assert sum(figures["cpu_split"].values()) == pytest.approx(1)
    assert figures["sensors"] == {"a": {"received": 7}}
    assert processor([first, last], 0)["cpu_ms_per_result"] is None


def test_memory_growth_ignores_single_outliers():
    rss = np.stack([np.arange(50.0), np.linspace(1e8, 1.1e8, 50)], -1)
    rss[3, 1] = 9e9
    assert memory(rss)["rss_growth_mb"] == pytest.approx(8.2, abs=0.3)


def test_pulls_of_one_sensor_do_not_overlap():
    pulls = random_pulls(list(MODALITIES), 120.0)
    assert {sensor for sensor, _, _ in pulls} == set(MODALITIES)
    for sensor in MODALITIES:
        edges = [edge for name, *pull in pulls if name == sensor for edge in pull]
        assert edges == sorted(edges)
        assert edges[-1] <= 120


@pytest.mark.parametrize("modality", MODALITIES)
def test_what_the_load_publishes_becomes_samples(modality):
    (feed,) = feeds([modality])
    kind = SensorRegistry.installed().find(modality, MODALITIES[modality].type)
    options = kind.options()
    chunks = []
    for number in range(3):
        message = deserialize_message(feed.next(number), feed.kind)
        if feed.stamped:
            stamp = message.header.stamp
            assert abs(stamp.sec + stamp.nanosec * 1e-9 - time.time()) < 5
        chunks.append(Chunk(kind.decode(message, options), time.time_ns()))
    if modality == "touch":
        rest = np.clip(gel(0.0), 0, 255)
        assert np.abs(chunks[-1].data - rest).max() > 20  # something presses
        assert TouchOptions().reference == ""
        return
    assert kind.make_combiner(options)(chunks) is not None


def test_a_short_run_gives_every_figure(tmp_path):
    report = tmp_path / "figures.json"
    environment = {name: v for name, v in os.environ.items() if name != "ROS_DOMAIN_ID"}
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks" / "runtime.py",
            "--seconds",
            "2.5",
            "--settle",
            "1.5",
            "--only",
            "timer,ours",
            "--json",
            report,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(report.read_text())
    for design in ("ours", "timer"):
        assert set(figures[design]) >= {
            "results_per_s",
            "latency_p50_ms",
            "latency_p99_ms",
            "freshness_ms",
            "cpu_ms_per_result",
            "overhead_share",
            "longest_gap_ms",
        }
        assert sum(figures[design]["cpu_split"].values()) == pytest.approx(1, abs=0.01)
        assert set(figures[design]["sensors"]) == set(MODALITIES)
        encoded = {name: each["encoded"] for name, each in figures[design]["sensors"].items()}
        del encoded["text"]  # it comes every two seconds
        assert all(encoded.values()), encoded
    assert figures["ours"]["results"] > 0
    assert figures["timer"]["results"] > 0
    assert "rss_growth_mb" in figures
