"""What `omnibind recognise` says of a folder, for benchmarks that write changed recordings."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def recognised(folder: Path, *arguments: str) -> dict[str, Any]:
    """Return the figures of `omnibind recognise FOLDER ARGUMENTS --json`.

    Raises:
        subprocess.CalledProcessError: The command failed.
    """
    with tempfile.TemporaryDirectory() as name:
        result = Path(name) / "result.json"
        command = [sys.executable, "-m", "omnibind_ros.cli", "recognise", str(folder), *arguments]
        subprocess.run([*command, "--json", str(result)], check=True, stdout=subprocess.DEVNULL)
        return dict(json.loads(result.read_text()))
