"""Runs a study run by run; each result is a JSON file, and a run that has one is not run again."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omnibind_ros.datasets.dataset import Dataset
from omnibind_ros.datasets.files import write_whole
from omnibind_ros.learning.cache import build_cache
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.embeddings import EmbeddingSet
from omnibind_ros.learning.fusion_files import calibrate_fusion
from omnibind_ros.learning.teachers import load_teacher
from omnibind_ros.learning.train_fusion import train_fusion
from omnibind_ros.learning.train_students import train_students

from .evaluate import Plan, measure
from .recordings import measure_recordings, trained_students
from .study_plan import Run
from .study_results import read_result

_log = logging.getLogger(__name__)

EMBEDDINGS = "embeddings.npz"

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

    Args:
        runs: The plan.
        datasets: Folders by the names that the plan uses.
        out: Where results go, one NAME.json a run.
        work: Where tensors, checkpoints and embeddings are kept meanwhile.
        workers: Processes that prepare tensors.
        progress: Told what is under way.

    Returns:
        How many runs were run.

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
    needed = {run.of for run in runs if run.kind == "fusion"}
    keys = {run.name: run.key(_hash(datasets[run.data])) for run in runs}
    done = 0
    for number, run in enumerate(runs):
        progress("runs", number, len(runs), {})
        path = out / f"{run.name}.json"
        kept = work / run.name / EMBEDDINGS
        if _finished(path, keys[run.name]) and (run.name not in needed or kept.is_file()
                                                or _fused(run, runs, out, keys)):  # fmt: skip
            continue
        started = time.monotonic()
        do = {"students": _students, "fusion": _fusion}[run.kind]
        found = do(run, datasets[run.data], work, workers, progress)
        said = {
            "name": run.name, "key": keys[run.name], "kind": run.kind, "data": run.data,
            "seed": run.seed, "objective": run.objective, "without": run.without,
            "start": run.start, "share": run.share, "origins": run.origins, "tag": run.tag,
            "of": run.of,
            "seconds": round(time.monotonic() - started, 1),
        }  # fmt: skip
        write_whole(path, json.dumps(said | found, indent=1) + "\n")
        if run.kind == "students" and run.name not in needed:
            shutil.rmtree(work / run.name)
        done += 1
    progress("runs", len(runs), len(runs), {})
    return done


def _hash(data: Path) -> str:
    from omnibind_ros.datasets.manifest import MANIFEST  # noqa: PLC0415
    from omnibind_ros.encoders.bundle import file_sha256  # noqa: PLC0415

    return file_sha256(data / MANIFEST)


def _finished(path: Path, key: str) -> bool:
    """Return whether a result is there that is of this run."""
    if not path.is_file():
        return False
    if read_result(path)["key"] == key:
        return True
    _log.warning("%s is of another plan or dataset; the run is done again", path.name)
    return False


def _fused(run: Run, runs: Sequence[Run], out: Path, keys: Mapping[str, str]) -> bool:
    """Return whether all that a run's embeddings are needed for is done."""
    users = [other for other in runs if other.of == run.name]
    return all(_finished(out / f"{other.name}.json", keys[other.name]) for other in users)


def _students(run: Run, data: Path, work: Path, workers: int, progress: Progress) -> dict[str, Any]:
    config = run.students()
    cache = build_cache(
        data, work / "cache", config.teacher, workers,
        lambda done, total: progress(f"tensors of {run.data}", done, total, {}),
    )  # fmt: skip
    folder = work / run.name
    measured = train_students(
        cache, folder, config, resume=True,
        progress=lambda what, *step: progress(f"{run.name} {what}", *step),
    )  # fmt: skip
    teacher = json.loads((folder / "teacher.json").read_text(encoding="utf-8"))
    real = measure_recordings(
        Dataset.open(data), trained_students(folder, config.modalities),
        load_teacher(config.teacher), config.left_out,
    )  # fmt: skip
    return {"modalities": measured, "teacher": teacher, "real": real}


def _fusion(
    run: Run, data: Path, work: Path, workers: int, progress: Progress  # noqa: ARG001
) -> dict[str, Any]:  # fmt: skip
    config = run.fusion()
    embeddings = EmbeddingSet.load(work / run.of / EMBEDDINGS)
    trained = train_fusion(
        embeddings, config, lambda done, total: progress(f"{run.name} fusion", done, total, {})
    )
    calibration = calibrate_fusion(trained, embeddings, config)
    plan = Plan(calibration, tuple(config.left_out), config, run.seed)
    found = measure(
        embeddings, trained.fuse, plan,
        lambda what, done, total: progress(f"{run.name} {what}", done, total, {}),
    )  # fmt: skip
    return {"fusion": trained.figures, **found}
