"""Installing beside a sourced ROS 2: which versions pip takes, and where imports come from."""

import importlib.util
import json
import subprocess
import sys

import pytest
from paths import ROOT

spec = importlib.util.spec_from_file_location(
    "check_installation", ROOT / "tools" / "check_installation.py"
)
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)
Found = check.Found

USER = "/home/robot/.local/lib/python3.12/site-packages"
GOOD = {
    "numpy": Found("/usr/lib/python3/dist-packages/numpy/__init__.py", "1.26.4"),
    "cv2": Found("/usr/lib/python3/dist-packages/cv2.so", "4.6.0"),
    "onnxruntime": Found("/ws/.venv/lib/python3.12/site-packages/onnxruntime/__init__.py", "1.20"),
    "rclpy": Found("/opt/ros/jazzy/lib/python3.12/site-packages/rclpy/__init__.py"),
    "cv_bridge": Found("/opt/ros/jazzy/lib/python3.12/site-packages/cv_bridge/__init__.py"),
    "omnibind_msgs": Found("/ws/install/omnibind_msgs/__init__.py"),
    "omnibind_ros": Found("/ws/src/omnibind_ros/omnibind_ros/__init__.py", "0.2.0"),
}


def problems(**changed):
    return check.problems({**GOOD, **changed}, "jazzy", USER, "/ws/src/omnibind_ros")


def test_nothing_is_said_of_a_good_installation():
    assert problems() == []
    assert problems(cv_bridge=Found("", error="ModuleNotFoundError: No module named 'c'")) == []


@pytest.mark.parametrize(
    ("name", "found", "words"),
    [
        ("numpy", Found("/ws/.venv/numpy/__init__.py", "2.5.0"), "need version 1"),
        ("cv2", Found("/ws/.venv/cv2/__init__.py", "5.0.0"), "need version 4"),
        ("numpy", Found(f"{USER}/numpy/__init__.py", "1.26.4"), "hides the system's"),
        ("cv_bridge", Found("", error="AttributeError: _ARRAY_API not found"), "_ARRAY_API"),
        ("onnxruntime", Found("", error="ModuleNotFoundError: No module"), "cannot be imported"),
        (
            "omnibind_ros",
            Found("/other/omnibind_ros/__init__.py", "0.2.0"),
            "not from this checkout",
        ),
    ],
)
def test_each_wrong_place_is_a_sentence(name, found, words):
    (said,) = problems(**{name: found})
    assert words in said
    assert name in said


def test_it_runs_here():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "check_installation.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "numpy" in done.stdout


@pytest.mark.parametrize("distribution", ["humble", "jazzy", "kilted"])
def test_pip_keeps_the_major_versions_of_the_distribution(distribution, tmp_path):
    report = tmp_path / "report.json"
    files = [ROOT / "requirements" / f"{name}.txt" for name in ("run", "cpu")]
    constraint = ROOT / "constraints" / f"{distribution}.txt"
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    options = ["--no-deps", "--report", report, *(part for file in files for part in ("-r", file))]
    done = subprocess.run(
        [*command, *options, "-c", constraint], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    installed = {
        entry["metadata"]["name"].lower(): entry["metadata"]["version"]
        for entry in json.loads(report.read_text())["install"]
    }
    assert installed["numpy"].startswith("1.")
    assert installed["opencv-python-headless"].startswith("4.")
