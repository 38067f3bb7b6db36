"""The folders of an adaptation: what may be replaced, and where an interrupted one goes on."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnibind_ros.learning.adapt.sources import Sources
from omnibind_ros.learning.released import RECORD, weights_folder

from .adaptation_request import AdaptationError, AdaptationRequest
from .bundle_files import require_replaceable

MARK = ".omnibind_adapt"
"""File in a folder of an adaptation under way; it is locked by the process that works there."""


def check_folders(request: AdaptationRequest, sources: Sources) -> None:
    """Refuse folders that hold something else than what is replaced in them.

    Args:
        request: What is adapted.
        sources: The recordings.

    Raises:
        AdaptationError: The weights or the work would overwrite something else.
        BundleError: The new bundle would.
    """
    out, weights, work = request.out.resolve(), weights_folder(request.out), request.work.resolve()
    bundle = request.bundle.root.resolve()
    require_replaceable(out, [bundle])
    kept = [bundle, *(each.path.resolve() for each in sources.sets)]
    kept += [request.checkpoints.resolve()] if request.checkpoints is not None else []
    for name, folder in (("--out", out), ("--out, with its weights,", weights), ("--work", work)):
        for other in kept:
            if folder == other or other in folder.parents or folder in other.parents:
                raise AdaptationError(
                    f"{name} {folder} and {other}, which is read, lie in each other; give a folder "
                    "elsewhere"
                )
    if work == out or work in out.parents or out in work.parents or weights == work:
        raise AdaptationError(f"--work {work} and --out {out} lie in each other; give another one")
    _check_holds(weights, RECORD, "no weights of a bundle", "--out")
    _check_holds(work, MARK, "no adaptation under way", "--work")
    for path in weights.iterdir() if weights.is_dir() else ():
        if path.name != RECORD and path.suffix != ".pt":
            raise AdaptationError(
                f"{weights} is replaced, but holds {path.name}, which is no weight of a bundle; "
                "move it away, or give another --out"
            )


def _check_holds(folder: Path, name: str, nothing: str, option: str) -> None:
    """Raise AdaptationError if a folder is a file, or holds files but not the one of this name."""
    if folder.exists() and not folder.is_dir():
        raise AdaptationError(f"{folder} is a file; give another folder for {option}")
    if folder.is_dir() and not (folder / name).is_file() and any(folder.iterdir()):
        raise AdaptationError(
            f"{folder} holds something that is {nothing}; give another folder for {option}"
        )


@contextmanager
def work_folder(work: Path, *, keep: bool) -> Iterator[None]:
    """Claim the folder of an adaptation under way; after an exception it stays.

    Args:
        work: The folder.
        keep: Whether it stays in the end, too.

    Raises:
        AdaptationError: Another process works in it.
        OSError: It cannot be written.
    """
    work.mkdir(parents=True, exist_ok=True)
    with (work / MARK).open("a") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AdaptationError(
                f"another adaptation works in {work}; wait until it has ended, or give another "
                "--out"
            ) from error
        yield
        if not keep:
            shutil.rmtree(work)
