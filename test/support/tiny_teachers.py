"""Tiny models of other libraries, imported as bundles."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

GROUPS = {"transformers": "teachers-transformers", "open_clip": "teachers-openclip"}
LIBRARY = {
    "clip": "transformers",
    "siglip": "transformers",
    "siglip2": "transformers",
    "open_clip": "open_clip",
    "open_clip_siglip": "open_clip",
}
"""The kinds of models, and the library of each."""


@dataclass
class Imported:
    """A model, and the bundle that was made of it."""

    kind: str
    source: Path
    pair: object
    bundle: Path
    report: object


def libraries(name):
    """Return torch and a library on top of it; skip the test where one is not installed."""
    torch = pytest.importorskip("torch", reason="the group train is not installed")
    pytest.importorskip("onnxscript", reason="the group train is not installed")
    from omnibind_ros.learning.teachers.torchvision_import import (  # noqa: PLC0415 - needs torch
        import_torchvision,
    )

    import_torchvision()
    reason = f"the group {GROUPS[name]} is not installed"
    return torch, pytest.importorskip(name, reason=reason)


def save(kind, folder, **options):
    """Save a tiny model of a kind in a folder, and return the folder."""
    torch, library = libraries(LIBRARY[kind])
    import tiny_clips  # noqa: PLC0415 - needs the library

    return getattr(tiny_clips, f"save_{kind}")(library, torch, folder, **options)


def import_tiny(kind, folder, images=None, precision="fp32"):
    """Save a tiny model, and make a bundle of it."""
    source = save(kind, folder / "model")
    from omnibind_ros.export.run_import_teacher import open_pair  # noqa: PLC0415 - needs torch
    from omnibind_ros.export.teacher_import.build import (  # noqa: PLC0415 - needs torch
        ImportRequest,
        import_teacher,
    )

    labels = folder / "labels.yaml"
    labels.write_text(
        "templates: ['{}']\nlabels:\n- name: chair\n- name: lamp\n- name: red cup\n"
        "  synonyms: [mug]\n- name: bottle\n"
    )
    pair = open_pair(str(source))
    out = folder / "bundle"
    report = import_teacher(out, pair, ImportRequest(labels, images, precision))
    return Imported(kind, source, pair, out, report)


def pictures(count=4, height=80, width=100):
    """Return pictures of coloured blocks, uint8 [H, W, 3]."""
    rng = np.random.default_rng(0)
    small = [rng.integers(0, 256, (8, 10, 3), np.uint8) for _ in range(count)]
    block = np.ones((height // 8, width // 10, 1), np.uint8)
    return [np.kron(each, block) for each in small]
