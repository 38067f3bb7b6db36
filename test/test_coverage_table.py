"""What `make coverage` says of the coverage of rooms."""

import json
import subprocess
import sys

import pytest
from paths import ROOT

TOOL = ROOT / "tools" / "coverage_table.py"
ROOMS = ("runtime", "sensors", "encoders", "fusion", "recognition")


def of_file(lines, branches):
    summary = {"covered_lines": lines, "num_statements": 100, "percent_covered": float(lines)}
    summary |= {"covered_branches": branches, "num_branches": 20}
    return {"summary": summary, "missing_lines": [*range(1, 100 - lines), 200][: 100 - lines]}


@pytest.fixture
def table(tmp_path):
    def run(*options, **changed):
        files = {f"omnibind_ros/{room}/a.py": of_file(97, 18) for room in ROOMS}
        files |= {f"omnibind_ros/{room}/a.py": of_file(*counts) for room, counts in changed.items()}
        file = tmp_path / "coverage.json"
        file.write_text(json.dumps({"files": files}))
        command = [sys.executable, TOOL, file, *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_rooms_above_their_goals_pass(table):
    done = table()
    assert done.returncode == 0, done.stderr
    assert "recognition    97.0%     90.0%" in done.stdout


def test_a_room_below_a_goal_is_named_with_the_lines_that_no_test_runs(table):
    done = table(sensors=(94, 18), fusion=(97, 16))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "coverage_table.py: sensors: tests run 94.0% of the lines, 95% are the goal",
        "coverage_table.py: fusion: tests run 80.0% of the branches, 85% are the goal",
    ]
    assert "omnibind_ros/sensors/a.py: 94%, not run: 1-5, 200" in done.stdout


def test_nodes_count_where_they_are_measured(table):
    assert "nodes was not measured" in table("--nodes").stderr
    assert table("--nodes", nodes=(89, 18)).returncode == 0
