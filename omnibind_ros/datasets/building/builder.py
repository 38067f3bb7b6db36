"""Builds a dataset from a plan: in parallel, resumable, and the same bytes on every run.

Each shard is written under a temporary name and then renamed; its part of the index is written
after it and marks it as complete. dataset.json is written last and marks the dataset as complete.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import TEMPORARY, write_atomic
from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.inspection.card import write_card
from omnibind_ros.datasets.storage.encoding import EncodedSample, encode
from omnibind_ros.datasets.storage.index import join_parts, read_part, shard_name, write_part
from omnibind_ros.datasets.storage.manifest import FORMAT, INDEX, MANIFEST, Manifest
from omnibind_ros.datasets.storage.shards import write_shard
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.progress import Progress, no_progress

from .parallel import Workers, run_tasks
from .plan import Plan

SHARD_SIZE = 128
LOCK = ".lock"
STATE = ".build.json"
PARTS = ".parts"


@dataclass(frozen=True)
class BuildReport:
    """What a build has made.

    Attributes:
        out: The folder of the dataset.
        samples: Number of samples in it.
        skipped: The samples that were left out.
        resumed: Number of samples that an interrupted build had handled before.
    """

    out: Path
    samples: int
    skipped: SkipLog
    resumed: int


@dataclass(frozen=True)
class _ShardTask:
    """Makes one shard of a plan."""

    plan: Plan
    out: Path
    shard_size: int

    def __call__(self, number: int, tick: Callable[[], None]) -> None:
        skipped = SkipLog()
        samples = self._samples(number, skipped, tick)
        shard, table = write_shard(self.out / shard_name(number), number, samples)
        write_part(_part_path(self.out, number), shard, table, skipped)

    def _samples(
        self, number: int, skipped: SkipLog, tick: Callable[[], None]
    ) -> Iterator[EncodedSample]:
        first = number * self.shard_size
        for index in range(first, min(first + self.shard_size, len(self.plan))):
            try:
                yield encode(self.plan.item(index))
            except SkipError as error:
                skipped.add(error.what, error.reason)
            tick()


def _part_path(out: Path, number: int) -> Path:
    """Return the path of a shard's part of the index, before the parts are joined."""
    return out / PARTS / f"{number:06d}.parquet"


def build_dataset(
    plan: Plan,
    out: Path,
    *,
    workers: Workers = 0,
    shard_size: int = SHARD_SIZE,
    progress: Progress = no_progress,
) -> BuildReport:
    """Build a dataset; an interrupted build goes on at the first shard that is missing.

    Args:
        plan: The plan.
        out: The folder; made if missing.
        workers: Processes, or an executor; 0: one a core. The bytes do not depend on it.
        shard_size: Samples a shard: shard k holds those of [k * shard_size, (k + 1) * shard_size).
        progress: Called every few samples.

    Raises:
        DatasetError: The folder cannot be used or holds something else, the disk is full, or every
            sample was left out.
    """
    total = len(plan)
    if not total:
        raise DatasetError("there is nothing to build: the plan has no samples")
    count = -(-total // shard_size)
    try:
        with _claim(out, _state(plan, shard_size)):
            missing = [] if (out / MANIFEST).is_file() else _missing(out, count)
            resumed = total - sum(min(shard_size, total - k * shard_size) for k in missing)
            progress(resumed, total)
            task = _ShardTask(plan, out, shard_size)
            run_tasks(
                task,
                missing,
                workers or os.cpu_count() or 1,
                lambda steps: progress(resumed + steps, total),
            )
            return _finish(plan, out, count, resumed)
    except OSError as error:
        raise DatasetError(
            f"{out} cannot be written ({error.strerror or error}): make room or choose another "
            "folder; the same command then goes on with what is missing"
        ) from error


def _state(plan: Plan, shard_size: int) -> dict[str, Any]:
    """Return what two builds must have in common to make the same dataset."""
    state = {"plan": plan.describe(), "samples": len(plan), "shard_size": shard_size}
    # As JSON reads it back, so that it can be compared.
    return dict(json.loads(json.dumps(state | {"format": FORMAT})))


@contextmanager
def _claim(out: Path, state: dict[str, Any]) -> Iterator[None]:
    """Prepare the folder, and keep other builds out of it in the meantime."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / STATE).is_file() and any(path.name != LOCK for path in out.iterdir()):
        raise DatasetError(f"{out} holds something that is no dataset: choose another folder")
    with (out / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DatasetError(f"{out} is being built by another process: let it finish") from error
        if not (out / STATE).is_file():
            write_atomic(out / STATE, json.dumps(state))
        elif json.loads((out / STATE).read_text(encoding="utf-8")) != state:
            raise DatasetError(
                f"{out} holds a dataset of other samples, seed or sources: choose another folder, "
                "or remove it"
            )
        (out / PARTS).mkdir(exist_ok=True)
        _remove_unfinished(out)
        yield


def _remove_unfinished(out: Path) -> None:
    """Remove what workers that were lost have not finished."""
    for unfinished in (*out.glob(f"*{TEMPORARY}"), *(out / PARTS).glob(f"*{TEMPORARY}")):
        unfinished.unlink(missing_ok=True)


def _missing(out: Path, count: int) -> list[int]:
    """Return the numbers of the shards that are not complete."""
    missing = []
    for number in range(count):
        part, path = _part_path(out, number), out / shard_name(number)
        exists = part.is_file() and path.is_file()
        if not exists or read_part(part)[0].size != path.stat().st_size:
            missing.append(number)
    return missing


def _finish(plan: Plan, out: Path, count: int, resumed: int) -> BuildReport:
    """Join the parts of the index and write the card, unless that is done already."""
    if (out / MANIFEST).is_file():
        manifest = Manifest.load(out)
        return BuildReport(out, manifest.samples, SkipLog.from_dict(manifest.skipped), resumed)
    parts = [_part_path(out, number) for number in range(count)]
    lost = SkipLog()
    shards = []
    for part in parts:
        shard, log = read_part(part)
        shards.append(shard)
        lost.merge(log)
    if not any(shard.samples for shard in shards):
        reason, _, examples = next(iter(lost))
        raise DatasetError(f"all {len(lost)} samples were left out, e.g. {examples[0]}: {reason}")
    skipped = SkipLog.from_dict(plan.describe().get("skipped", {}))
    skipped.merge(lost)
    _remove_unfinished(out)
    join_parts(parts, out / INDEX)
    manifest = Manifest(
        plan.describe(), tuple(shards), (out / INDEX).stat().st_size, skipped.to_dict()
    )
    write_card(out, manifest)
    manifest.save(out)
    shutil.rmtree(out / PARTS)
    return BuildReport(out, manifest.samples, skipped, resumed)
