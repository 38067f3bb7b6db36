"""What several runs have in common is computed once, and kept on the disk."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import checkpoints


def kept_or_made(
    where: Path, name: str, facts: list[Any], make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Read what was made before of the same facts, or make it.

    Args:
        where: Folder of what was made before, a file each.
        name: Of what it is; the file's name begins with it.
        facts: All that it follows from, as JSON can hold it.
        make: Returns tensors, numbers and texts by name.

    Raises:
        TrainingError: The file is damaged.
        OSError: It cannot be written.
    """
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    where.mkdir(parents=True, exist_ok=True)
    path = where / f"{name}-{key[:16]}.pt"
    # Of several processes that want it the first computes, and the others wait for it.
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_file():
            checkpoints.save(path, {"key": key, **make()})
    return checkpoints.load(path)
