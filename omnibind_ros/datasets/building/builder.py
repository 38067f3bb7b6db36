"""Builds a dataset from a plan: in parallel, resumable, and the same bytes on every run.

A shard is written under a temporary name, then named; its part of the index, written after it,
says that it is whole. dataset.json comes last of all and says that the dataset is.
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
from typing import Any, Protocol

from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.inspection.card import write_card
from omnibind_ros.datasets.storage.files import TEMPORARY, write_whole
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.manifest import FORMAT, INDEX, MANIFEST, Manifest
from omnibind_ros.datasets.storage.shards import (
    Encoded,
    encode,
    join_parts,
    read_part,
    shard_name,
    write_part,
    write_shard,
)
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .parallel import run_tasks

SHARD_SIZE = 128
LOCK = ".lock"
STATE = ".build.json"
PARTS = ".parts"

Progress = Callable[[int, int], None]
"""Called with the number of samples done and the number there will be."""


class Plan(Protocol):
    """Says what a dataset is made of. It is pickled into every worker process."""

    def __len__(self) -> int:
        """Return the number of samples to try."""

    def item(self, index: int) -> Item:
        """Return a sample, whose modalities may be loaded later; the same on every call.

        Raises:
            SkipError: It cannot be had; it is counted, and the others go on. What the loaders of
                its modalities raise (any ValueError or OSError) is counted in the same way.
        """

    def describe(self) -> dict[str, Any]:
        """Return what the data card says, as JSON can hold it.

        Keys: name, seed (None without chance), version, summary (a paragraph),
        sources (a list of {name, licence, credit}), skipped (`SkipLog.to_dict()` of what was left
        out while planning).
        Two plans with the same description make the same dataset: it decides whether an
        interrupted build may go on.
        """


@dataclass(frozen=True)
class Built:
    """What a build has made.

    Attributes:
        out: The folder.
        samples: Samples stored.
        skipped: What was left out.
        resumed: Samples that an interrupted build had dealt with before.
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
        write_part(part_path(self.out, number), shard, table, skipped)

    def _samples(
        self, number: int, skipped: SkipLog, tick: Callable[[], None]
    ) -> Iterator[Encoded]:
        first = number * self.shard_size
        for index in range(first, min(first + self.shard_size, len(self.plan))):
            try:
                yield encode(self.plan.item(index))
            except SkipError as error:
                skipped.add(error.what, error.reason)
            tick()


def part_path(out: Path, number: int) -> Path:
    """Return where a shard's part of the index is until the index is joined."""
    return out / PARTS / f"{number:06d}.parquet"


def build_dataset(
    plan: Plan,
    out: Path,
    *,
    workers: int = 0,
    shard_size: int = SHARD_SIZE,
    progress: Progress | None = None,
) -> Built:
    """Build a dataset; an interrupted build goes on at the first shard that is missing.

    Args:
        plan: What to put in.
        out: The folder; made if missing.
        workers: Processes; 0: one a core. The bytes do not depend on it.
        shard_size: Samples a shard: shard k holds those of [k * shard_size, (k + 1) * shard_size).
        progress: Told of every few samples.

    Raises:
        DatasetError: The folder cannot be used or holds something else, the disk is full, or every
            sample was left out.
    """
    total = len(plan)
    if not total:
        raise DatasetError("there is nothing to build: the plan has no samples")
    count = -(-total // shard_size)
    try:
        with _claimed(out, _state(plan, shard_size)):
            missing = [] if (out / MANIFEST).is_file() else _missing(out, count)
            resumed = total - sum(min(shard_size, total - k * shard_size) for k in missing)

            def report(steps: int) -> None:
                if progress is not None:
                    progress(resumed + steps, total)

            report(0)
            task = _ShardTask(plan, out, shard_size)
            run_tasks(task, missing, workers or os.cpu_count() or 1, report)
            return _finished(plan, out, count, resumed)
    except OSError as error:
        raise DatasetError(
            f"{out} cannot be written ({error.strerror or error}): make room or choose another "
            "folder; the same command then goes on with what is missing"
        ) from error


def _state(plan: Plan, shard_size: int) -> dict[str, Any]:
    """Return what two builds must have in common to make one dataset."""
    state = {"plan": plan.describe(), "samples": len(plan), "shard_size": shard_size}
    # As JSON reads it back, so that it can be compared.
    return dict(json.loads(json.dumps(state | {"format": FORMAT})))


@contextmanager
def _claimed(out: Path, state: dict[str, Any]) -> Iterator[None]:
    """Make the folder ready, and keep other builds out of it meanwhile."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / STATE).is_file() and any(path.name != LOCK for path in out.iterdir()):
        raise DatasetError(f"{out} holds something that is no dataset: choose another folder")
    with (out / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DatasetError(f"{out} is being built by another process: let it finish") from error
        if not (out / STATE).is_file():
            write_whole(out / STATE, json.dumps(state))
        elif json.loads((out / STATE).read_text(encoding="utf-8")) != state:
            raise DatasetError(
                f"{out} holds a dataset of other samples, seed or sources: choose another folder, "
                "or remove it"
            )
        (out / PARTS).mkdir(exist_ok=True)
        for left_over in (*out.glob(f"*{TEMPORARY}"), *(out / PARTS).glob(f"*{TEMPORARY}")):
            left_over.unlink()
        yield


def _missing(out: Path, count: int) -> list[int]:
    """Return the shards that are not whole."""
    missing = []
    for number in range(count):
        part, path = part_path(out, number), out / shard_name(number)
        whole = part.is_file() and path.is_file()
        if not whole or read_part(part)[0].size != path.stat().st_size:
            missing.append(number)
    return missing


def _finished(plan: Plan, out: Path, count: int, resumed: int) -> Built:
    """Join what the shards' parts say, unless that is done, and write the card."""
    if (out / MANIFEST).is_file():
        manifest = Manifest.load(out)
        skipped = SkipLog.from_dict(manifest.skipped)
        return Built(out, manifest.samples, skipped, resumed)
    parts = [part_path(out, number) for number in range(count)]
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
    join_parts(parts, out / INDEX)
    manifest = Manifest(
        plan.describe(), tuple(shards), (out / INDEX).stat().st_size, skipped.to_dict()
    )
    write_card(out, manifest)
    manifest.save(out)
    shutil.rmtree(out / PARTS)
    return Built(out, manifest.samples, skipped, resumed)
