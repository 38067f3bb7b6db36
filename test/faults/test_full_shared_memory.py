"""A full /dev/shm, through which messages go between the processes of a machine."""

import json
import os
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

from paths import MAY_BE_MISSING, ROOT

PROGRAM = ROOT / "test" / "support" / "full_shared_memory.py"
SEGMENT = 34 * 10**6
"""Bytes: about what a process takes, see segment_size in config/fastdds.xml."""

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


def run(script, *arguments):
    """Run a program where /dev/shm is a tmpfs of 200 MB, and return what it has printed."""
    mount = 'mount -t tmpfs -o size=200m none /dev/shm && exec "$@"'
    command = [*NAMESPACE, "sh", "-c", mount, "sh", sys.executable, str(script), *arguments]
    folders = [ROOT, ROOT / "test", ROOT / "test" / "support"]
    path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )


@pytest.fixture(scope="module", autouse=True)
def namespaces():
    """Skip where no tmpfs can be mounted, as in a container without user namespaces."""
    mounting = [*NAMESPACE, "mount", "-t", "tmpfs", "none", "/dev/shm"]
    if shutil.which(NAMESPACE[0]) is None or subprocess.run(mounting, check=False).returncode:
        pytest.skip(MAY_BE_MISSING[2])


@pytest.mark.parametrize(
    ("when", "free"),
    [
        ("before", 0),
        pytest.param("before", SEGMENT, marks=pytest.mark.faults),
        pytest.param("before", 2 * SEGMENT, marks=pytest.mark.faults),
        pytest.param("between", 0, marks=pytest.mark.faults),
        pytest.param("between", SEGMENT, marks=pytest.mark.faults),
        pytest.param("later", 0, marks=pytest.mark.faults),
    ],
)
def test_the_node_recognises_while_dev_shm_is_full_and_afterwards(ros_domain, tmp_path, when, free):
    done = run(PROGRAM, when, str(free), str(tmp_path))
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["free"] <= free + 2**13
    assert seen["begun"], seen["log"]
    assert seen.get("full", True), seen["log"]
    assert seen["again"], seen["log"]
    assert seen["alive"]
    assert "Traceback" not in seen["log"]
