"""Processes of nodes: what must be set before NumPy is imported, and how they end."""

import os
import signal
import subprocess
import sys

import pytest
from paths import ROOT

pytest.importorskip("rclpy")

CODE = """
import os, sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))
            sys.stdout.flush()
            os._exit(0)

sys.meta_path.insert(0, Finder)
from omnibind_ros.nodes.{module} import main

main([])
"""

NODES = (
    *("audio_capture_node", "encoder_node", "perception_node", "picture_camera_node"),
    "robot_simulator_node",
)


def at_first_import_of_numpy(module, environment):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module=module)],
        env=environment,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", NODES)
def test_blas_has_one_thread_before_numpy_is_imported(module):
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    assert at_first_import_of_numpy(module, environment) == "1"


def test_the_users_number_of_threads_stays():
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "3"}
    assert at_first_import_of_numpy("perception_node", environment) == "3"


def test_every_node_has_a_process():
    modules = (ROOT / "omnibind_ros" / "nodes").glob("*_node.py")
    assert sorted(file.stem for file in modules) == sorted(NODES)


def test_an_import_sets_no_number_of_threads():
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    code = (
        "import os, omnibind_ros.nodes.perception, omnibind_ros.nodes.perception_node; "
        "print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == "None"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("module", "words"), [("picture_camera_node", "plugged in"), ("encoder_node", "bundle")]
)
def test_a_background_job_ends_at_a_signal(start_node, probe, module, words, number):
    node = start_node(module)  # with SIGINT ignored
    assert probe.spin(lambda: words in node.output(), 40.0), node.output()
    node.process.send_signal(number)
    assert node.process.wait(10) == 0, node.output()
    assert "Traceback" not in node.output()
