"""Steps of the set-up that are skipped while what they depend on stays the same."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "log" / "setup.log"


class SetupError(Exception):
    """A step that cannot go on; the message says in one sentence why."""


def digest(*parts: object) -> str:
    """Return a hash of the parts; a path stands for the content of its file."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


class Stamp:
    """Remembers that a step was done, and for which state of its inputs."""

    def __init__(self, path: Path, key: str) -> None:
        """Take the stamp's file and the hash of the step's inputs."""
        self.path = path
        self.key = key

    @property
    def fresh(self) -> bool:
        """Whether the step was done for these inputs."""
        return self.path.exists() and self.path.read_text() == self.key

    def clear(self) -> None:
        """Forget that the step was done."""
        self.path.unlink(missing_ok=True)

    def set(self) -> None:
        """Remember that the step was done."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.key)


def say(text: str, end: str = "\n") -> None:
    """Print a progress line."""
    print(text, end=end, flush=True)


def run(command: list[object], env: Mapping[str, str], what: str) -> None:
    """Run a command with its output in the log; show the log's end if it fails."""
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n")
        log.flush()
        code = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if code:
        say("failed")
        tail = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        raise SetupError(
            f"{what} failed, the whole log is in {LOG}; its last lines:\n" + "\n".join(tail)
        )


def step(title: str, stamp: Stamp, commands: Iterable[list[object]], env: dict[str, str]) -> None:
    """Run a step's commands, say how long they took and set its stamp."""
    say(f"setup: {title} ... ", end="")
    start = time.monotonic()
    stamp.clear()
    for command in commands:
        run(command, env, title)
    stamp.set()
    say(f"{time.monotonic() - start:.0f} s")
