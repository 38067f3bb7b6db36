"""The committed bundle of all seven modalities, test/fixtures/seven: where it is, and copies of it.

Its students and its fusion network are small and untrained; make_fixtures.py writes them with the
exporter that `omnibind export` uses. Its image and text encoders and its labels are those of
models/teacher, which a copy links to.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from paths import ROOT

TEACHER = ROOT / "models" / "teacher"
FIXTURE = ROOT / "test" / "fixtures" / "seven"
LINKED = ("image.onnx", "text.onnx", "tokenizer.json", "labels.yaml", "labels.npz")
"""Files of models/teacher that belong to the bundle too."""


def copy_seven_bundle(out: Path) -> Path:
    """Make a copy of the bundle that a test may change, and return its folder.

    Args:
        out: The folder, which must not exist; files of models/teacher are links in it.
    """
    shutil.copytree(FIXTURE, out)
    for name in LINKED:
        (out / name).symlink_to(TEACHER / name)
    return out
