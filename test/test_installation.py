"""Installing: which versions pip takes beside a ROS 2, where imports come from, other wheels."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest
from paths import ROOT


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


check, _, workspaces = map(tool, ("check_installation", "setup_steps", "workspaces"))
Workspace = workspaces.Workspace
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


def test_wheels_of_a_distribution_go_with_newer_packages():
    newer = Found("/ws/.venv/numpy/__init__.py", "2.5.0")
    wheels = Found(f"{sys.prefix}/lib/python3.12/site-packages/rclpy/__init__.py")
    assert problems(numpy=newer, rclpy=wheels) == []


@pytest.mark.parametrize(
    ("distribution", "numpy"),
    [("humble", "1."), ("jazzy", "1."), ("kilted", "1."), ("lyrical", "2.")],
)
def test_pip_keeps_the_major_versions_of_the_distribution(distribution, numpy, tmp_path):
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
    assert installed["numpy"].startswith(numpy)
    assert installed["opencv-python-headless"].startswith("4.")


# Wheels of another distribution than the default


def names(file):
    """Return the packages that a file of requirements or pins names."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [re.split(r"[^\w.-]", line)[0] for line in lines if line[:1].isalnum()]


def test_each_distribution_has_folders_of_its_own():
    default, other = Workspace(), Workspace("kilted")
    assert (default.venv, default.build, default.install) == (
        *(ROOT / ".venv", ROOT / "build", ROOT / "install"),
    )
    places = [(each.venv, each.build, each.install) for each in (default, other)]
    assert not set(places[0]) & set(places[1])
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    removed = (ROOT / "Makefile").read_text(encoding="utf-8").partition("rm -rf ")[2].split()
    for place in places[1]:
        assert f"/{place.name}/" in ignored
        assert place.name in removed


def test_each_has_its_wheels_and_their_pins():
    for wheels in workspaces.WHEELS:
        workspace = Workspace(wheels)
        own = [name for name in names(workspace.requirements("ros")) if name.startswith("ros-")]
        assert f"ros-{wheels}-rclpy" in own
        assert set(own) <= set(names(workspace.pins[-1]))
        assert workspace.requirements("run") == ROOT / "requirements" / "run.txt"


def test_pins_of_one_distribution_do_not_bind_another(tmp_path, monkeypatch):
    pins = (
        "rosbags==0.11.9\nros-rclpy==7.1.6 \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\n"
        "# ros-\nros-rcl==9.2.8\nsoxr==1.0 \\\n    --hash=sha256:ef\n"
    )
    assert workspaces.without_ros(pins) == (
        "rosbags==0.11.9\n# ros-\nsoxr==1.0 \\\n    --hash=sha256:ef\n"
    )
    monkeypatch.setattr(workspaces, "ROOT", tmp_path)
    (tmp_path / "constraints.txt").write_text(pins, encoding="utf-8")
    (tmp_path / ".venv-kilted").mkdir()
    first, last = Workspace("kilted").constraints()[1::2]
    assert "ros-" not in first.read_text(encoding="utf-8").replace("# ros-", "")
    assert last == tmp_path / "constraints-kilted.txt"
    assert Workspace().constraints() == ["-c", tmp_path / "constraints.txt"]


def test_env_sh_enters_the_folders_of_the_distribution(tmp_path):
    (tmp_path / "env.sh").write_text((ROOT / "env.sh").read_text(encoding="utf-8"))
    for suffix in ("", "-kilted"):
        (tmp_path / f".venv{suffix}" / "share" / "rclpy").mkdir(parents=True)
        install = tmp_path / f"install{suffix}"
        install.mkdir()
        (install / ".omnibind_ros.stamp").touch()
        (install / "local_setup.bash").write_text(f"export WHERE=install{suffix}\n")

    def enter(**variables):
        command = f". {tmp_path}/env.sh && env"
        bare = {"PATH": os.environ["PATH"], **variables}
        done = subprocess.run(
            ["bash", "-c", command], env=bare, capture_output=True, text=True, check=False
        )
        told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
        return told, done.stderr

    default, _ = enter()
    assert default["WHERE"] == "install"
    assert default["AMENT_PREFIX_PATH"] == f"{tmp_path}/.venv"
    assert "ROS_DISTRO" not in default
    assert enter(OMNIBIND_ROS="jazzy")[0]["AMENT_PREFIX_PATH"] == f"{tmp_path}/.venv"
    kilted, _ = enter(OMNIBIND_ROS="kilted")
    assert (kilted["WHERE"], kilted["ROS_DISTRO"]) == ("install-kilted", "kilted")
    assert kilted["AMENT_PREFIX_PATH"] == f"{tmp_path}/.venv-kilted"
    assert kilted["PATH"].startswith(f"{tmp_path}/.venv-kilted/bin:")
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" not in kilted
    told, error = enter(OMNIBIND_ROS="lyrical")
    assert not told
    assert "run 'make setup ROS=lyrical'" in error


def test_wheels_that_are_not_those_of_the_sourced_ros_are_refused():
    command = [sys.executable, ROOT / "tools" / "setup_workspace.py", "--ros", "lyrical"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "invalid choice: 'lyrical'" in done.stderr
