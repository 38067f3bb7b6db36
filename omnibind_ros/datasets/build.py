"""Builds a dataset from a plan: in parallel, resumable, and the same bytes on every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .sample import Item, SkipLog

SHARD_SIZE = 128

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
        resumed: Samples that an interrupted build had stored before.
    """

    out: Path
    samples: int
    skipped: SkipLog
    resumed: int


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
        progress: Told after each shard.

    Raises:
        DatasetError: The folder cannot be used or holds something else, the disk is full, or every
            sample was left out.
    """
    raise NotImplementedError
