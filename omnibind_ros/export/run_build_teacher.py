"""Runs the command `omnibind bundle build-teacher`."""

from __future__ import annotations

import argparse
from pathlib import Path

from omnibind_ros.encoders.names import TEACHER_BUNDLE
from omnibind_ros.learning.teachers.build import build_teacher


def run_build_teacher(options: argparse.Namespace) -> int:
    """Build the teacher bundle and return the exit status.

    Args:
        options: With out, the bundle's folder; None for models/teacher.

    Raises:
        BundleError: labels.yaml or one of the wheels is missing.
    """
    models = Path(__file__).resolve().parents[2] / "models"
    # Built and installed, the package lies elsewhere than the models: then the present folder's.
    out = options.out or (models if models.is_dir() else Path("models")) / TEACHER_BUNDLE
    build_teacher(out)
    print(f"built {out}")
    return 0
