"""The folder of a training run: its configuration, and where its prepared tensors are."""

from __future__ import annotations

import os
from pathlib import Path

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.learning.config import TrainingConfig, TrainingError
from omnibind_ros.learning.config_file import read_config, write_config

CACHE, RECORD = "cache", "cache.txt"


def record_cache(out: Path, cache: Path | None) -> Path:
    """Write into a run's folder where its prepared tensors are, and return that.

    Args:
        out: The run's folder; made if missing.
        cache: The folder that the user chose; None: OUT/cache, which needs no record.

    Raises:
        OSError: It cannot be written.
    """
    if cache is None:
        return cache_of(out)
    out.mkdir(parents=True, exist_ok=True)
    # Relative to the run, so that both can be moved together.
    relative = os.path.relpath(cache.absolute(), out.absolute())
    write_atomic(out / RECORD, f"{relative}\n{cache.absolute()}\n")
    return cache


def cache_of(run: Path) -> Path:
    """Return where a run's prepared tensors are: as `record_cache` wrote it, else RUN/cache.

    Raises:
        TrainingError: The record cannot be read, or the folder is gone.
    """
    record = run / RECORD
    if not record.is_file():
        return run / CACHE
    try:
        places = [run / line for line in record.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{record} cannot be read ({error}); give --cache") from error
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        raise TrainingError(
            f"the tensors of the run in {run} were in {places[-1] if places else 'no folder'}, "
            "which is gone; give --cache, or prepare them again by `omnibind train students`"
        )
    return found


def open_run(out: Path, config: TrainingConfig, resume: bool) -> None:
    """Begin a run in a folder, or continue the run that is in it.

    Args:
        out: The folder; its configuration is out/config.yaml.
        config: That of the run.
        resume: Whether a run in the folder is continued.

    Raises:
        TrainingError: The folder holds a run that is not to be continued, or another one.
        OSError: It cannot be written.
    """
    path = out / "config.yaml"
    if path.is_file():
        if not resume:
            raise TrainingError(
                f"{out} holds a training run; add --resume to go on with it, or give another "
                "folder for --out"
            )
        if (before := read_config(path)) != config:
            changed = [name for name in vars(config) if vars(config)[name] != vars(before)[name]]
            raise TrainingError(
                f"the run in {out} has another configuration ({', '.join(changed)} differ); go on "
                f"with {path}, or give another folder for --out"
            )
    for folder in (out / "students", out / "checkpoints"):
        folder.mkdir(parents=True, exist_ok=True)
    write_config(config, path)
