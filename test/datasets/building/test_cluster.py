"""Numbered tasks on executors of concurrent.futures, and on a Dask scheduler with real workers."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from folder_hashes import hashes as folder_hashes
from paths import ROOT
from tiny_plan import TinyPlan

from omnibind_ros.cli import main
from omnibind_ros.datasets.building import executors
from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.building.cluster import chosen_workers
from omnibind_ros.datasets.errors import DatasetError

pytest.importorskip("distributed", reason="the extra cluster")

SAMPLES, SHARD = 60, 4


def build(out, workers, **plan):
    return build_dataset(TinyPlan(SAMPLES, **plan), out, workers=workers, shard_size=SHARD)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The hashes of the same dataset, built in this process."""
    out = tmp_path_factory.mktemp("local") / "set"
    build(out, 1)
    return folder_hashes(out)


class Cluster:
    """A Dask scheduler and workers, each a process of its own."""

    def __init__(self, folder, **settings):
        self._folder = folder
        paths = [str(ROOT), str(ROOT / "test" / "support"), os.environ.get("PYTHONPATH", "")]
        # Another folder than the tests', so that relative paths are seen to be right.
        self._env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **settings}
        self._file = folder / "scheduler.json"
        self.workers = []
        self.scheduler = self._start("scheduler", "--port", "0", "--host", "127.0.0.1")
        end = time.monotonic() + 60
        while (address := self._read_address()) is None:
            assert self.scheduler.poll() is None, self.log("scheduler")
            assert time.monotonic() < end
            time.sleep(0.05)
        self.address = address

    def add_worker(self):
        name = f"worker{len(self.workers)}"
        options = ("--nthreads", "1", "--no-nanny", "--name", name, "--memory-limit", "0")
        self.workers.append(self._start("worker", *options, log=name))

    def log(self, name):
        return (self._folder / f"{name}.log").read_text()

    def close(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(10)

    def _start(self, kind, *options, log=None):
        with (self._folder / f"{log or kind}.log").open("wb") as file:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard"),
                    *("--scheduler-file", str(self._file), *options),
                ],
                cwd=self._folder,
                env=self._env,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def _read_address(self):
        """Return the scheduler's address; None while its file is not there or not whole."""
        try:
            return json.loads(self._file.read_text())["address"]
        except (OSError, ValueError):
            return None


@pytest.fixture
def cluster(tmp_path):
    made = []

    def start(workers=2, **settings):
        folder = tmp_path / f"cluster{len(made)}"
        folder.mkdir()
        made.append(Cluster(folder, **settings))
        for _ in range(workers):
            made[-1].add_worker()
        return made[-1]

    yield start
    for one in made:
        one.close()


def processes(number):
    # A fork would inherit the lock of the dataset's folder.
    return ProcessPoolExecutor(number, multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, processes])
def test_any_executor_makes_the_same_bytes_and_goes_on_where_it_stopped(
    tmp_path, local, kind, monkeypatch
):
    monkeypatch.setattr(executors, "WINDOW", 3)
    out, steps = tmp_path / "set", []
    with kind(2) as executor:
        with pytest.raises(RuntimeError, match="enough"):
            build_dataset(
                TinyPlan(SAMPLES),
                out,
                workers=executor,
                shard_size=SHARD,
                progress=lambda done, total: _stop_at(steps, done, 20),
            )
        before = {path.name for path in out.glob("*.tar")}
        assert 5 <= len(before) < SAMPLES / SHARD
        report = build(out, executor)
    assert report.resumed >= SHARD * 5
    assert folder_hashes(out) == local
    assert steps == sorted(steps)


def _stop_at(steps, done, limit):
    steps.append(done)
    if done >= limit:
        raise RuntimeError("enough")


def test_a_worker_that_is_killed_on_the_way_costs_nothing_but_time(tmp_path, local, cluster):
    running = cluster()
    out, seen = tmp_path / "set", threading.Event()

    def kill_one():
        assert seen.wait(60)
        running.workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with chosen_workers(0, running.address, tmp_path) as workers:
        report = build_dataset(
            TinyPlan(SAMPLES, pause=0.02),
            out,
            workers=workers,
            shard_size=SHARD,
            progress=lambda done, total: seen.set() if done >= 8 else None,
        )
    killer.join()
    assert running.workers[0].wait(10) == -signal.SIGKILL
    assert running.workers[1].poll() is None
    assert report.samples == SAMPLES
    assert folder_hashes(out) == local


def test_the_command_reads_relative_paths_as_here(tmp_path, cluster, monkeypatch, capsys):
    running = cluster(1)
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "part", 1)
    arguments = ["dataset", "combine", "part", "--min-modalities", "1"]
    assert main([*arguments, "--out", "here", "--workers", "1"]) == 0
    assert main([*arguments, "--out", "there", "--dask", running.address]) == 0
    assert folder_hashes(tmp_path / "there") == folder_hashes(tmp_path / "here")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [
        "cluster0",
        "here",
        "part",
        "there",
    ]


def test_what_is_wrong_with_a_cluster_is_said_in_one_sentence(tmp_path, cluster, monkeypatch):
    from omnibind_ros.datasets.building import cluster as module  # noqa: PLC0415

    monkeypatch.setattr(module, "PATIENCE", 2.0)
    with (
        pytest.raises(DatasetError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1 within"),
        chosen_workers(0, "tcp://127.0.0.1:1", tmp_path),
    ):
        pytest.fail("there is none")
    running = cluster(0)
    with (
        pytest.raises(DatasetError, match="has no worker: start some with `dask worker tcp://"),
        chosen_workers(0, running.address, tmp_path),
    ):
        pytest.fail("there is none")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    running.add_worker()
    own = Path("/proc/self/cwd")  # each process sees its own folder there
    with (
        pytest.raises(DatasetError, match=r"does not see .* a file system that all machines share"),
        chosen_workers(0, running.address, own),
    ):
        pytest.fail("it is not shared")


@pytest.mark.parametrize("what", ["worker", "scheduler"])
def test_lost_workers_and_schedulers_end_the_command_and_the_next_one_goes_on(
    tmp_path, local, cluster, monkeypatch, what
):
    from omnibind_ros.datasets.building import cluster as module  # noqa: PLC0415

    running, out = cluster(1), tmp_path / "set"
    victim = running.workers[0] if what == "worker" else running.scheduler

    def kill(done, total):
        if done >= 8:
            monkeypatch.setattr(module, "PATIENCE", 2.0)
            victim.kill()

    with (
        pytest.raises(DatasetError, match="run the same command again"),
        chosen_workers(0, running.address, tmp_path) as workers,
    ):
        build_dataset(
            TinyPlan(SAMPLES, pause=0.02),
            out,
            workers=workers,
            shard_size=SHARD,
            progress=kill,
        )
    report = build(out, 1, pause=0.02)
    assert report.resumed >= 8
    assert folder_hashes(out) == local


def test_a_task_that_kills_its_workers_is_given_up(tmp_path, cluster):
    running = cluster(2, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    (tmp_path / "armed").touch()
    with (
        pytest.raises(DatasetError, match="workers ended while they did the same task"),
        chosen_workers(0, running.address, tmp_path) as workers,
    ):
        build(tmp_path / "set", workers, dies=21, armed=tmp_path / "armed")


def test_other_versions_on_a_worker_are_refused(monkeypatch):
    wanted = {**executors.versions(), "NumPy": "0.1"}
    with pytest.raises(DatasetError, match=r"has NumPy .*, this process 0\.1, so that the results"):
        executors.run_here(b"", 0, str(Path.cwd()), wanted)
    with pytest.raises(DatasetError, match="has no folder /no/such: all machines must see"):
        executors.run_here(b"", 0, "/no/such", executors.versions())
