"""Results that several runs have in common are computed once and stored."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import checkpoints


def compute_once(
    folder: Path, name: str, inputs: list[Any], compute: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Read a result that was computed before from the same inputs, or compute it.

    Of several processes that need it, the first computes it, and the others wait.

    Args:
        folder: Where results are stored, a file each.
        name: What the file's name begins with.
        inputs: Everything that the result follows from, as JSON can hold it.
        compute: Returns tensors, numbers and texts by name.

    Raises:
        TrainingError: The file is damaged.
        OSError: It cannot be written.
    """
    key = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{key[:16]}.pt"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_file():
            checkpoints.save(path, {"key": key, **compute()})
    return checkpoints.load(path)
