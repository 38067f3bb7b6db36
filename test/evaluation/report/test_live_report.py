"""The live figures in the report and the README."""

import copy
import json

import pytest

from omnibind_ros.evaluation.report.live import (
    BEGIN,
    END,
    live_sections,
    live_table,
    read_live,
    update_readme,
)
from omnibind_ros.learning.config import TrainingError

LIVE = {
    "objects": 120,
    "right_share": 0.9312,
    "right_share_missing": {"image": 0.81, "touch": 0.93},
    "right_share_lying": 0.88,
    "right_and_known_share": 0.651,
    "wrong_and_known_share": 0.0401,
    "lie_named_share": 0.95,
    "lie_named_s": 2.3,
    "false_alarms_per_10_min": 0.5,
    "changes_per_minute": 1.25,
    "settle_s_p50": 0.61,
    "own_overhead_share": 0.041,
    "latency_p99_ms": 41.6,
    "intervals": {"right_share": [0.9, 0.957]},
    "lying": {
        "image": {"right_share": 0.8, "named_share": 0.95, "cost_points": 12.0},
        "touch": {"right_share": 0.92, "named_share": 0.1, "cost_points": 1.1},
        "audio": {"right_share": 0.9, "named_share": 0.2, "cost_points": 3.4},
    },
    "runs": {"all": {"perception_cores": 0.8, "robot_cores": 0.11, "other_cores": 0.02}},
    "machine": {"processor": "Xeon", "cores": 2},
}
EVALUATION = {
    "combinations": {
        "image+text+touch+thermal+event+points+audio": {"af": 89.07},
        "text+touch+thermal+event+points+audio": {"af": 83.5},
    }
}


def cells(text, first):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_each_figure_with_its_goal():
    text = live_table(LIVE)
    rows = {
        "the best label": ["at least 92 % of the time", "93.1 % (95 %: 90.0 to 95.7)"],
        "the same with one sensor missing, the worst (image)": ["at least 85 %", "81.0 %"],
        "right and known": ["-", "65.1 %; 4.0 %"],
        "a lying image": ["at least 90 %", "95.0 %"],
        "cost of another sensor that lies, at most (audio)": ["at most 3 points", "3.4 points"],
        "sensors named wrongly": ["at most 6 an hour", "3.0 an hour"],
        "changes": ["at most 2 a minute", "1.2 a minute"],
        "from a change": ["at most 0.7 s", "0.61 s"],
        "own overhead": ["at most 5 % of its processor time", "4.1 %"],
        "from header.stamp": ["-", "42 ms"],
    }
    for first, expected in rows.items():
        assert cells(text, first)[1:] == expected, first
    assert "120 objects; a machine of 2 cores (Xeon)" in text
    assert "other programs 0.02" in text
    assert "measured again" not in text
    busy = {**LIVE, "machine": {**LIVE["machine"], "busy": True}}
    assert "are to be measured again" in live_table(busy)


def test_what_was_not_measured_is_a_dash():
    live = copy.deepcopy(LIVE)
    live |= {
        "lie_named_share": None,
        "right_share_lying": None,
        "lying": {},
        "latency_p99_ms": None,
    }
    live["right_share_missing"] = {}
    text = live_table(live)
    for first in ("a lying image", "the same with one sensor missing", "from header.stamp", "cost"):
        assert cells(text, first)[-1] == "-", first


def test_the_offline_figure_stands_beside():
    text = "\n".join(live_sections(LIVE, EVALUATION))
    assert cells(text, "none") == ["none", "93.1 %", "89.1 %", "-", "-"]
    assert cells(text, "image") == ["image", "81.0 %", "83.5 %", "80.0 %", "95.0 %"]
    assert cells(text, "points") == ["points", "-", "-", "-", "-"]
    without = "\n".join(live_sections(LIVE, None))
    assert cells(without, "none")[2] == "-"


def test_the_arguments_of_the_measurement_are_in_its_command():
    assert "--json docs/results/live.json`." in live_table(LIVE)
    text = live_table(LIVE | {"arguments": "--objects 24 --sample 12 --runs all,missing"})
    assert "live.json --objects 24 --sample 12 --runs all,missing`." in text


def test_no_measurement_says_how_to_measure():
    for text in (live_table(None), "\n".join(live_sections(None, EVALUATION))):
        assert "Not measured with this version yet" in text
        assert "python3 benchmarks/seven_senses.py" in text


def test_the_readme_has_the_table_between_its_marks(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"# a\n\n{BEGIN}\nold\n{END}\n\n## b \\1\n", encoding="utf-8")
    update_readme(readme, LIVE)
    text = readme.read_text(encoding="utf-8")
    assert text == f"# a\n\n{BEGIN}\n\n{live_table(LIVE)}\n\n{END}\n\n## b \\1\n"
    update_readme(readme, LIVE)
    assert readme.read_text(encoding="utf-8") == text


def test_a_readme_without_marks_stays(tmp_path):
    readme = tmp_path / "README.md"
    update_readme(readme, LIVE)
    assert not readme.exists()
    readme.write_text("# mine\n", encoding="utf-8")
    update_readme(readme, LIVE)
    assert readme.read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({**LIVE, "intervals": {}})])
def test_damaged_figures_are_one_sentence(tmp_path, content):
    path = tmp_path / "live.json"
    assert read_live(path) is None
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TrainingError, match=r"live\.json has no live figures .*write it again"):
        read_live(path)


def test_good_figures_are_read(tmp_path):
    path = tmp_path / "live.json"
    path.write_text(json.dumps(LIVE), encoding="utf-8")
    assert read_live(path) == LIVE
