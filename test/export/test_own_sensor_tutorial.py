"""The tutorial of one's own sensor, its commands word by word, on the recordings it writes."""

import json
import os
import re
import subprocess
import sys

import pytest

pytest.importorskip("torch")

from paths import ROOT

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.recognition.labels import read_labels

TUTORIAL = ROOT / "docs" / "tutorials" / "own_sensor.md"
ADAPTED = {"recordings/touch": "my_pad", "recordings/labelled": "my_robot"}


def commands(beginning):
    """Return the tutorial's commands that begin with some words."""
    lines = re.findall(r"^ {4,}(\S.*)$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE)
    return [line for line in lines if line.startswith(beginning)]


def run(folder, command):
    words = command.split()
    program = [sys.executable] if words[0] == "python3" else [sys.executable, "-m"]
    words = words[1:] if words[0] == "python3" else ["omnibind_ros.cli", *words[1:]]
    return subprocess.run(
        [*program, *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A new folder, in which the tutorial's recordings were written."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "docs").symlink_to(ROOT / "docs")
    (command,) = commands("python3 docs/examples/example_recordings.py")
    done = run(folder, f"{command} --turns 3")
    assert done.returncode == 0, done.stderr
    return folder


def test_the_tutorial_names_each_way():
    assert len(commands("omnibind adapt")) == 3
    assert all("--bundle household" in line for line in commands("omnibind adapt"))


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("source", ADAPTED)
def test_recordings_with_labels_make_a_better_bundle(recordings, source):
    (command,) = commands(f"omnibind adapt {source}")
    done = run(recordings, f"{command} --json {ADAPTED[source]}.json")
    assert done.returncode == 0, done.stderr
    bundle = Bundle.load(recordings / ADAPTED[source])
    assert not bundle.problems
    figures = json.loads((recordings / f"{ADAPTED[source]}.json").read_text())
    for sensor in figures["sensors"].values():
        assert sensor["after"]["balanced"] > sensor["before"]["balanced"] + 20
        assert sensor["after"]["known"] > 50
        assert sensor["after"]["wrong_known"] < 20
    names = {label.name for label in read_labels(bundle.root / "labels.yaml").labels}
    assert len(names) in (5, 6)
    assert "held back" in done.stdout
    assert (bundle.root / "adaptation.html").stat().st_size > 10_000


@pytest.mark.timeout(1500)
def test_a_bag_without_labels_keeps_the_labels_or_is_refused(recordings):
    (command,) = commands("omnibind adapt recordings/unlabelled")
    done = run(recordings, f"{command} --json my_thermal.json")
    assert done.returncode == 0, done.stderr
    figures = json.loads((recordings / "my_thermal.json").read_text())
    thermal = figures["sensors"]["thermal"]
    assert thermal["after"]["agrees"] > thermal["before"]["agrees"]
    shipped = read_labels(ROOT / "models" / "household" / "labels.yaml")
    assert read_labels(recordings / "my_thermal" / "labels.yaml").labels == shipped.labels
