"""The benchmarks of single properties in the report."""

import json

import pytest

from omnibind_ros.evaluation.report.checks import CHECKS, checks_section
from omnibind_ros.learning.config import TrainingError

SHARES = {"n": 80, "top1": 90.0, "balanced": 60.0, "known": 80.0, "wrong_known": 5.0}

FIGURES = {
    "photographs": {
        "photographs": 157,
        "bundles": {
            "household": {"encoder": 89.8, "right": 89.2, "known": 58.6, "wrong_known": 2.5},
            "teacher": {"encoder": 90.4, "right": 88.5, "known": 60.0, "wrong_known": 5.1},
        },
    },
    "cloud_frames": {
        "clouds": 71,
        "variants": {
            "as recorded": SHARES,
            "level": {**SHARES, "balanced": 59.0},
            "on a table of 2 radii": {**SHARES, "balanced": 59.5},
            "on a table of 4 radii": {**SHARES, "balanced": 54.0},
            "a robot's base": {**SHARES, "balanced": 20.0},
        },
    },
    "thermal_background": {"n": 67, "known": 1.5},
    "sounds": {
        "clips": 80,
        "changes": {
            "as recorded": SHARES,
            "-30 dB": {**SHARES, "top1": 87.5},
            "clipped by 3 dB": SHARES,
            "48 kHz": {**SHARES, "top1": 85.0},
            "8 kHz": {**SHARES, "top1": 80.0},
        },
    },
    "touch_layers": {
        "sets": {
            "pad a": {"shipped": 95.9, "first_layers": 95.9},
            "pad b": {"shipped": 90.0, "first_layers": 92.5},
        }
    },
    "encoders": {"processor": {"name": "Xeon"}, "all_once_ms": 30.1, "bundle_mb": 58.1},
}


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "checks"
    folder.mkdir()
    for name, figures in FIGURES.items():
        (folder / f"{name}.json").write_text(json.dumps(figures))
    return tmp_path


def rows(results):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in "\n".join(checks_section(results)).splitlines()
        if line.startswith("|")
    ][2:]


def test_each_benchmark_has_figures_in_this_test():
    assert {check.file for check in CHECKS} == set(FIGURES)


def test_each_figure_has_its_goal_its_verdict_and_its_command(results):
    found = {(row[0].split(":")[0], row[1], row[2], row[3]) for row in rows(results)}
    assert (
        "71 Kinect clouds on a table",
        "at most 5 points",
        "6.00 points",
        "missed by 1.0 points",
    ) in found
    assert (
        "71 Kinect clouds in another frame",
        "at most 5 points",
        "1.00 points",
        "reached",
    ) in found
    assert ("67 thermal pictures without a thing", "at most 15 %", "1.50 %", "reached") in found
    assert (
        "80 sounds, at other sampling rates",
        "at most 2 points",
        "5.00 points",
        "missed by 3.0 points",
    ) in found
    assert ("80 sounds, at 8 kHz", "at most 10 points", "10.00 points", "reached") in found
    probe = "real gel pads"
    assert (probe, "at least 0 points", "-2.50 points", "missed by 2.5 points") in found
    assert ("the bundle's files", "at most 60 MB", "58.10 MB", "reached") in found
    assert all(row[4].startswith("`python3 benchmarks/") for row in rows(results))


def test_photographs_are_counted_in_pictures_below_the_teacher(results):
    row = rows(results)[0]
    assert row[2:4] == ["2.00 pictures", "reached"]  # 1.2 % of 157


def test_without_files_there_is_no_section(tmp_path):
    assert checks_section(tmp_path) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"processor": 3}'])
def test_a_damaged_file_is_one_sentence_with_the_command(results, text):
    (results / "checks" / "encoders.json").write_text(text)
    with pytest.raises(TrainingError, match=r"encoders\.py.*write it again") as caught:
        checks_section(results)
    assert "\n" not in str(caught.value)
