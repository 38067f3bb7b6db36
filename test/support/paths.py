"""What tests read: the repository, and the recorded data beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"

MAY_BE_MISSING = (
    "there is no ../shared/data",
    "launch and launch_ros are not on the path",
    "no file system can be mounted in a user namespace",
)
"""Reasons of skips that no installed package would end."""


def recordings(name):
    """Return the folder of a recorded set; skip the test where there are no recorded sets."""
    if not SHARED.is_dir():
        pytest.skip(MAY_BE_MISSING[0])
    return SHARED / name
