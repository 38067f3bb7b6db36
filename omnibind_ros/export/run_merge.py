"""Runs the commands `omnibind bundle merge` and `omnibind bundle checkpoints`."""

from __future__ import annotations

import argparse

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.learning.af.files import NETWORK
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.released import checkpoints_folder, release_checkpoints
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES

from .checkpoint_parity import check_parity
from .merge_bundles import merge_bundles
from .verify import require_intact


def run_merge(options: argparse.Namespace) -> int:
    """Put encoders of a bundle into another one, and return the exit status.

    Args:
        options: As `bundle_commands` adds them: into, other, take and out.

    Raises:
        BundleError: A bundle is damaged, or the two cannot be merged.
        OSError: A file cannot be read or written.
    """
    take = [name.strip() for name in options.take.split(",") if name.strip()]
    merged = merge_bundles(
        options.out,
        Bundle.load(resolve_bundle(options.into)),
        Bundle.load(resolve_bundle(options.other)),
        take,
    )
    for note in merged.notes:
        print(f"note: {note}")
    print(f"merged {options.out}: {merged.bundle.manifest.model}")
    return 0


def run_checkpoints(options: argparse.Namespace) -> int:
    """Write the weights that a bundle was made of, and return the exit status.

    Args:
        options: As `bundle_commands` adds them: bundle, training_run, fusion and out.

    Raises:
        BundleError: The bundle is damaged.
        TrainingError: There is no run, a file of it cannot be read, or it is that of another
            bundle.
        OSError: A file cannot be written.
    """
    bundle = require_intact(Bundle.load(resolve_bundle(options.bundle)))
    folder = options.training_run / "students"
    students = {name: folder / f"{name}.pt" for name in STUDENT_MODALITIES}
    there = {name: path for name, path in students.items() if path.is_file()}
    if not there:
        raise TrainingError(
            f"{folder} has no student; give the folder that `omnibind train students` wrote for "
            "--run"
        )
    check_parity(bundle, there)
    fusion = options.fusion / NETWORK if options.fusion is not None else None
    out = options.out or checkpoints_folder(bundle)
    names = release_checkpoints(out, bundle, there, fusion)
    print(f"wrote {out}: the weights of {', '.join(names)} of {bundle.manifest.model}")
    return 0
