"""The soak for half a minute: nothing crashes, and all comes back. How fast is not asked here."""

import json
import os
import random
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("psutil")

from paths import ROOT
from soak_run.verdict import GROWTH_MB, LONG, failures, memory
from soak_run.world import damage

KEYS = {
    "crashes",
    "rss_slope_mb_per_h",
    "p99_first_ms",
    "p99_last_ms",
    "operations",
    "floods",
    "faults",
    "unrecovered",
    "verdict",
}


def test_half_a_minute_of_random_operations_and_faults(tmp_path):
    pytest.importorskip("skimage.data")
    out, log = tmp_path / "soak.json", tmp_path / "node.log"
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "benchmarks" / "soak.py"), "--minutes", "0.5"),
            *("--seed", "7", "--quiet", "2", "--rate", "0.3", "--json", str(out)),
            *("--log", str(log)),
        ],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(out.read_text())
    assert figures.keys() >= KEYS
    assert figures["crashes"] == figures["unrecovered"] == figures["exceptions"] == 0
    assert figures["operations"] >= 5
    assert figures["verdict"] == "passed"
    for row in figures["history"]:
        assert row.keys() >= {"t", "rss_mb", "threads", "files", "entities", "results_per_s"}
    assert "Traceback" not in log.read_text()


def test_damage_changes_a_message_and_keeps_its_encoding():
    rng = random.Random(0)
    message = bytes(range(200)) * 3
    damaged = [damage(message, rng) for _ in range(200)]
    assert all(other[:4] == message[:4] for other in damaged)
    assert sum(other != message for other in damaged) > 190
    assert {len(other) > len(message) for other in damaged} == {True, False}


def rows(slope, seconds=3600, step=2.0):
    return [
        {"t": t * step, "rss_mb": 400 + slope * t * step / 3600} for t in range(int(seconds / step))
    ]


@pytest.mark.parametrize("slope", [0.0, 3.0, 50.0])
def test_the_slope_of_memory_is_found(slope):
    found = memory(rows(slope), 3600)
    assert found["rss_slope_mb_per_h"] == pytest.approx(slope, abs=0.01)
    assert memory(rows(slope)[:3], 3600)["rss_slope_mb_per_h"] is None


GOOD = {
    "crashes": 0,
    "exceptions": 0,
    "problems": [],
    "seconds": LONG,
    "rss_growth_mb": 1.0,
    "p99_first_ms": 50.0,
    "p99_last_ms": 55.0,
    "p99_quiet_ms": 40.0,
    "p99_ms": 60.0,
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crashes": 1}, "ended 1 times"),
        ({"exceptions": 2}, "2 exceptions"),
        ({"problems": ["after stop: no result"]}, "no result"),
        ({"rss_growth_mb": GROWTH_MB + 1}, "memory grew by 11 MB"),
        ({"p99_last_ms": 61.0}, "p99 rose from 50 ms"),
        ({"p99_ms": 121.0}, "more than 3 times"),
    ],
)
def test_a_run_that_has_not_passed_says_why(changes, words):
    assert failures(GOOD) == []
    (found,) = failures({**GOOD, **changes})
    assert words in found


def test_a_short_run_says_nothing_about_growth_and_latency():
    assert failures({**GOOD, "seconds": 60.0, "rss_growth_mb": 100.0, "p99_ms": 900.0}) == []
