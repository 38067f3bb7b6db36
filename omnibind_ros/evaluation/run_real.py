"""Runs the command `omnibind evaluate --real` where no dataset is measured beside."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.learning.progress import NamedProgress, progress_bars

from .measure.real import measure_real, real_lines


def run_real(options: argparse.Namespace) -> int:
    """Measure a bundle on real recordings, print the table, and return the exit status.

    Args:
        options: As `commands.add_evaluation` adds them.

    Raises:
        ValueError: The bundle or the folder cannot be used.
        OSError: A file cannot be read or written.
    """
    with progress_bars() as progress:
        figures = measure(options.real, options.bundle, progress)
    if options.json:
        write_atomic(options.json, json.dumps({"real": figures}, indent=1) + "\n")
    print("\n".join(real_lines(figures)))
    return 0 if any(of["n"] for of in figures.values()) else 1


def measure(folder: Path, bundle: str, progress: NamedProgress) -> dict[str, dict[str, Any]]:
    """Return the figures of `measure_real`, with a progress bar for each set.

    Args:
        folder: As `measure_real` takes it.
        bundle: The bundle's folder or name.
        progress: Shows the bars.

    Raises:
        ValueError: The bundle or the folder cannot be used.
    """
    loaded = Bundle.load(resolve_bundle(bundle))
    return measure_real(folder, loaded, lambda name, done, total: progress(name, done, total, {}))
