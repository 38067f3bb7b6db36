"""Workers of a pool end with the process that started them, also when it is killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from omnibind_ros.worker_processes import end_with_parent

SCRIPT = """
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from omnibind_ros.simulation.robot.rendered import _begin

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


def ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return stat.rpartition(")")[2].split()[0] == "Z"  # it waits to be reaped


def test_a_worker_ends_when_its_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        worker = int(parent.stdout.readline())
        assert not ended(worker)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 10
    while not ended(worker):
        assert time.monotonic() < deadline, "the worker goes on without its parent"
        time.sleep(0.05)


def test_it_does_nothing_in_a_process_of_its_own():
    assert multiprocessing.parent_process() is None
    before = threading.active_count()
    end_with_parent()
    assert threading.active_count() == before
