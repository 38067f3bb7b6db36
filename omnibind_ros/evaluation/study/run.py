"""Carries out the runs of a study; a run that has a result file is not run again."""

from __future__ import annotations

import fcntl
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.building.parallel import Workers
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.manifest import MANIFEST
from omnibind_ros.encoders.bundle import file_sha256
from omnibind_ros.evaluation.measure.fusion import MeasurementConfig, measure_fusion
from omnibind_ros.evaluation.measure.recordings import measure_recordings, trained_students
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.files import calibrate_fusion
from omnibind_ros.learning.af.training import train_fusion
from omnibind_ros.learning.cad.training import train_students
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.teachers.loading import load_teacher
from omnibind_ros.learning.tensors.cache import build_cache

from .outcomes import read_outcomes
from .plan import Run
from .results import read_result

_log = logging.getLogger(__name__)

EMBEDDINGS = "embeddings.npz"

LOCKS = "locks"

POLL_INTERVAL = 2.0
"""Seconds between checks of whether other processes have finished the remaining runs."""

Progress = Callable[[str, int, int, Mapping[str, float]], None]
"""(name of the step, steps done, steps, metrics of the last one) -> None."""


def run_study(
    runs: Sequence[Run],
    datasets: Mapping[str, Path],
    out: Path,
    work: Path,
    workers: Workers,
    progress: Progress,
) -> int:
    """Carry out the runs that have no result yet.

    Several processes may work on one study with the same folders: each takes runs that no other
    process works on, and all end when all runs are done.

    Args:
        runs: The plan.
        datasets: Folders by the names that the plan uses.
        out: Where results go, one NAME.json a run.
        work: Where tensors, checkpoints and embeddings are kept until the end.
        workers: Processes, or an executor, that prepare tensors.
        progress: Called after each step.

    Returns:
        The number of runs that this process carried out.

    Raises:
        TrainingError: A dataset is not given, or a run cannot be done.
        DatasetError: A dataset cannot be read.
        OSError: A result cannot be written.
    """
    missing = sorted({run.data for run in runs} - set(datasets))
    if missing:
        raise TrainingError(
            f"the plan uses a dataset {missing[0]}; give its folder with --data {missing[0]}=DIR"
        )
    out.mkdir(parents=True, exist_ok=True)
    (work / LOCKS).mkdir(parents=True, exist_ok=True)
    study = _Study(runs, datasets, out, work, workers, progress)
    done, pending = 0, list(runs)
    while pending:
        deferred: list[Run] = []
        for place, run in enumerate(pending, len(runs) - len(pending)):
            progress("runs", place, len(runs), {})
            if run.of in {other.name for other in deferred}:
                deferred.append(run)
                continue
            with _claim(work / LOCKS / run.name) as acquired:
                if not acquired:
                    deferred.append(run)
                elif not study.finished(run):
                    study.run(run)
                    done += 1
        if len(deferred) == len(pending):
            time.sleep(POLL_INTERVAL)
        pending = deferred
    progress("runs", len(runs), len(runs), {})
    return done


@contextmanager
def _claim(path: Path) -> Iterator[bool]:
    """Hold a lock and yield True, or yield False where another process holds it.

    The operating system releases the lock when the process ends.
    """
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


class _Study:
    """The state of a study and the execution of its runs."""

    def __init__(
        self,
        runs: Sequence[Run],
        datasets: Mapping[str, Path],
        out: Path,
        work: Path,
        workers: Workers,
        progress: Progress,
    ) -> None:
        self._runs, self._datasets = runs, datasets
        self._out, self._work = out, work
        self._workers, self._progress = workers, progress
        self._keys = {run.name: run.key(_hash(datasets[run.data])) for run in runs}
        self._needed = {run.of for run in runs if run.kind == "fusion"}

    def finished(self, run: Run) -> bool:
        """Return whether a run has its result, and the embeddings that later runs need."""
        if not self._has_result(run):
            return False
        dependents = [other for other in self._runs if other.of == run.name]
        return (self._work / run.name / EMBEDDINGS).is_file() or all(
            map(self._has_result, dependents)
        )

    def run(self, run: Run) -> None:
        """Carry out a run and write its result."""
        started = time.monotonic()
        figures = self._fusion(run) if run.kind == "fusion" else self._students(run)
        head = {
            "name": run.name,
            "key": self._keys[run.name],
            "kind": run.kind,
            "data": run.data,
            "seed": run.seed,
            "objective": run.objective,
            "without": run.without,
            "start": run.start,
            "share": run.share,
            "origins": run.origins,
            "tag": run.tag,
            "of": run.of,
            "seconds": round(time.monotonic() - started, 1),
        }
        write_atomic(self._out / f"{run.name}.json", json.dumps(head | figures, indent=1) + "\n")
        if run.kind == "students" and run.name not in self._needed:
            shutil.rmtree(self._work / run.name)

    def _has_result(self, run: Run) -> bool:
        path = self._out / f"{run.name}.json"
        if not path.is_file():
            return False
        if read_result(path)["key"] == self._keys[run.name]:
            return True
        _log.warning("%s is of another plan or dataset; the run is done again", path.name)
        return False

    def _students(self, run: Run) -> dict[str, Any]:
        config, data = run.students(), self._datasets[run.data]
        cache = build_cache(
            data,
            self._work / "cache",
            config.teacher,
            self._workers,
            lambda done, total: self._progress(f"tensors of {run.data}", done, total, {}),
            config.labels,
        )
        folder = self._work / run.name
        measured = train_students(
            cache,
            folder,
            config,
            resume=True,
            progress=lambda what, *step: self._progress(f"{run.name} {what}", *step),
            with_embeddings=run.name in self._needed,
            shared=self._work / "shared",
        )
        teacher, image_student = (
            json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
            for path in (folder / "teacher.json", folder / "image_student.json")
        )
        real = measure_recordings(
            Dataset.open(data),
            trained_students(folder, config.modalities),
            load_teacher(config.teacher),
            config.left_out,
        )
        return {
            "modalities": measured,
            "teacher": teacher,
            "image_student": image_student,
            "real": real,
            "outcomes": read_outcomes(folder / "students", config.modalities),
        }

    def _fusion(self, run: Run) -> dict[str, Any]:
        def report(what: str, done: int, total: int) -> None:
            self._progress(f"{run.name} {what}", done, total, {})

        config = run.fusion()
        embeddings = EmbeddingSet.load(self._work / run.of / EMBEDDINGS)
        trained = train_fusion(embeddings, config, lambda *step: report("fusion", *step))
        calibration = calibrate_fusion(trained, embeddings, config)
        measurement = MeasurementConfig(calibration, tuple(config.left_out), config, run.seed)
        figures = measure_fusion(embeddings, trained.fuse, measurement, report)
        return {"fusion": trained.figures, **figures}


def _hash(data: Path) -> str:
    return file_sha256(data / MANIFEST)
