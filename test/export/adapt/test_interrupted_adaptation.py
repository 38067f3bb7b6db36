"""An adaptation whose process is killed while it trains goes on with the same command."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time

import cv2
import pytest
from adapting import HOUSEHOLD
from own_recordings import touch_folder

pytest.importorskip("torch", reason="adapting needs torch")

pytestmark = pytest.mark.timeout(900)  # a busy machine adapts slowly

SECONDS = 240


@pytest.fixture
def small(tmp_path):
    return touch_folder(tmp_path / "gel", labels=("ball", "brush"), objects=3, files=6)


def start(source, out):
    options = ("--depth", "last", "--precision", "fp32", "--workers", "1")
    command = [sys.executable, "-m", "omnibind_ros.cli", "adapt", str(source), *options]
    return subprocess.Popen(
        [*command, "--bundle", str(HOUSEHOLD), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, printed


def network(out):
    return hashlib.sha256((out / "touch.onnx").read_bytes()).hexdigest()


def kill_in_training(source, out):
    """Start an adaptation, kill it when it has written the state of a training, and return these.

    What an earlier call has left is not counted.
    """
    folder = out.with_name(f"{out.name}_work") / "training"
    before = set(folder.glob("*.pt"))
    process = start(source, out)
    deadline = time.monotonic() + SECONDS
    while set(folder.glob("*.pt")) == before:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    assert not out.exists()
    assert not out.with_name(f"{out.name}_checkpoints").exists()
    return set(folder.glob("*.pt"))


def test_it_ends_with_the_network_of_one_that_was_not_interrupted(small, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(small, whole))
    kill_in_training(small, broken)
    finish(start(small, broken))
    assert network(broken) == network(whole)
    assert not (tmp_path / "broken_work").exists()


def test_what_was_recorded_anew_meanwhile_is_used(small, tmp_path):
    out = tmp_path / "mine"
    before = kill_in_training(small, out)
    path = small / "ball" / "ball0" / "0.png"
    cv2.imwrite(str(path), 255 - cv2.imread(str(path)))
    assert kill_in_training(small, out) > before
    assert len(list((tmp_path / "mine_work").glob("data-*"))) == 2
