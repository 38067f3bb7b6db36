"""Runs a study run by run; each result is a JSON file, and a run that has one is not run again."""

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

from omnibind_ros.datasets.dataset import Dataset
from omnibind_ros.datasets.files import write_whole
from omnibind_ros.evaluation.measure.evaluate import Plan, measure
from omnibind_ros.evaluation.measure.recordings import measure_recordings, trained_students
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.files import calibrate_fusion
from omnibind_ros.learning.af.training import train_fusion
from omnibind_ros.learning.cad.training import train_students
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.teachers.interface import load_teacher
from omnibind_ros.learning.tensors.cache import build_cache

from .plan import Run
from .results import read_result

_log = logging.getLogger(__name__)

EMBEDDINGS = "embeddings.npz"

LOCKS = "locks"

PATIENCE = 2.0
"""Seconds until looking again whether other processes are done with what remains."""

Progress = Callable[[str, int, int, Mapping[str, float]], None]
"""(what, steps done, steps, figures of the last one) -> nothing."""


def run_study(
    runs: Sequence[Run],
    datasets: Mapping[str, Path],
    out: Path,
    work: Path,
    workers: int,
    progress: Progress,
) -> int:
    """Run what has no result yet.

    Several processes may run one study, with the same folders: each takes runs that no other is at,
    and all end when all runs are done.

    Args:
        runs: The plan.
        datasets: Folders by the names that the plan uses.
        out: Where results go, one NAME.json a run.
        work: Where tensors, checkpoints and embeddings are kept meanwhile.
        workers: Processes that prepare tensors.
        progress: Told what is under way.

    Returns:
        How many runs this process ran.

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
    done, waiting = 0, list(runs)
    while waiting:
        later: list[Run] = []
        for place, run in enumerate(waiting, len(runs) - len(waiting)):
            progress("runs", place, len(runs), {})
            if run.of in {other.name for other in later}:
                later.append(run)
                continue
            with _claim(work / LOCKS / run.name) as mine:
                if not mine:
                    later.append(run)
                elif not study.finished(run):
                    study.run(run)
                    done += 1
        if len(later) == len(waiting):
            time.sleep(PATIENCE)
        waiting = later
    progress("runs", len(runs), len(runs), {})
    return done


@contextmanager
def _claim(path: Path) -> Iterator[bool]:
    """Hold a lock and tell True, or tell False where another process holds it.

    It ends with the process, however that ends.
    """
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


class _Study:
    """Knows what is done, and runs what is not."""

    def __init__(
        self, runs: Sequence[Run], datasets: Mapping[str, Path], out: Path, work: Path,
        workers: int, progress: Progress,
    ) -> None:  # fmt: skip
        self._runs, self._datasets = runs, datasets
        self._out, self._work = out, work
        self._workers, self._progress = workers, progress
        self._keys = {run.name: run.key(_hash(datasets[run.data])) for run in runs}
        self._needed = {run.of for run in runs if run.kind == "fusion"}

    def finished(self, run: Run) -> bool:
        """Return whether a run's result is there, and all that later runs need of it."""
        if not self._has_result(run):
            return False
        users = [other for other in self._runs if other.of == run.name]
        return (self._work / run.name / EMBEDDINGS).is_file() or all(map(self._has_result, users))

    def run(self, run: Run) -> None:
        """Run it, and write its result."""
        started = time.monotonic()
        do = {"students": self._students, "fusion": self._fusion}[run.kind]
        found = do(run)
        said = {
            "name": run.name, "key": self._keys[run.name], "kind": run.kind, "data": run.data,
            "seed": run.seed, "objective": run.objective, "without": run.without,
            "start": run.start, "share": run.share, "origins": run.origins, "tag": run.tag,
            "of": run.of,
            "seconds": round(time.monotonic() - started, 1),
        }  # fmt: skip
        write_whole(self._out / f"{run.name}.json", json.dumps(said | found, indent=1) + "\n")
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
            data, self._work / "cache", config.teacher, self._workers,
            lambda done, total: self._progress(f"tensors of {run.data}", done, total, {}),
        )  # fmt: skip
        folder = self._work / run.name
        measured = train_students(
            cache, folder, config, resume=True,
            progress=lambda what, *step: self._progress(f"{run.name} {what}", *step),
            embed=run.name in self._needed, shared=self._work / "shared",
        )  # fmt: skip
        teacher, image_student = (
            json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
            for path in (folder / "teacher.json", folder / "image_student.json")
        )
        real = measure_recordings(
            Dataset.open(data), trained_students(folder, config.modalities),
            load_teacher(config.teacher), config.left_out,
        )  # fmt: skip
        return {
            "modalities": measured, "teacher": teacher, "image_student": image_student, "real": real
        }  # fmt: skip

    def _fusion(self, run: Run) -> dict[str, Any]:
        def said(what: str, done: int, total: int) -> None:
            self._progress(f"{run.name} {what}", done, total, {})

        config = run.fusion()
        embeddings = EmbeddingSet.load(self._work / run.of / EMBEDDINGS)
        trained = train_fusion(embeddings, config, lambda *step: said("fusion", *step))
        calibration = calibrate_fusion(trained, embeddings, config)
        plan = Plan(calibration, tuple(config.left_out), config, run.seed)
        return {
            "fusion": trained.figures, **measure(embeddings, trained.fuse, plan, said)
        }  # fmt: skip


def _hash(data: Path) -> str:
    from omnibind_ros.datasets.manifest import MANIFEST  # noqa: PLC0415
    from omnibind_ros.encoders.bundle import file_sha256  # noqa: PLC0415

    return file_sha256(data / MANIFEST)
