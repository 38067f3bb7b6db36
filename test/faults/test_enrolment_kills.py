"""What was enrolled and acknowledged is there after a kill at any moment."""

import os
import random
import signal
import time

import numpy as np
import pytest

from omnibind_ros.recognition.enrolled_file import View
from omnibind_ros.recognition.enrolled_folder import EnrolledFolder


def view(seed):
    values = np.random.default_rng(seed).normal(size=200).astype(np.float32)
    return View(values / np.linalg.norm(values), ("image",), "space", "bundle@1")


def kill_a_writer(folder, attempt, seconds):
    """Let a process enroll labels, kill it, and return the labels that it has acknowledged."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            writer = EnrolledFolder(folder)
            for number in range(100):
                name = f"thing {(attempt * 7 + number) % 40}"
                writer.add(name, [view(attempt * 100 + number)])
                os.write(write, f"{name}\n".encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        first = pipe.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [line.rstrip() for line in (first, *pipe) if line.endswith("\n")]


@pytest.mark.parametrize(
    "kills",
    [30, pytest.param(1000, marks=[pytest.mark.faults, pytest.mark.timeout(7200)])],
    ids=["short", "campaign"],
)
def test_what_was_acknowledged_survives_kills_at_random_moments(tmp_path, kills):
    rng = random.Random(kills)
    acknowledged = {}
    for attempt in range(kills):
        for name in kill_a_writer(tmp_path, attempt, rng.uniform(0.0, 0.04)):
            acknowledged[name] = acknowledged.get(name, 0) + 1
        folder = EnrolledFolder(tmp_path)
        labels, problems = folder.labels()
        assert problems == []
        found = {label.name: len(label.views) for label in labels.values()}
        missing = {n: (found.get(n, 0), c) for n, c in acknowledged.items() if found.get(n, 0) < c}
        assert not missing
        folder.check()
    assert sum(acknowledged.values()) >= kills  # each process has acknowledged one at least
    assert len(acknowledged) >= min(kills, 36)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
