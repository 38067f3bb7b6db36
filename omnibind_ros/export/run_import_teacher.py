"""Runs the command `omnibind bundle import-teacher`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from omnibind_ros.encoders.bundle import resolve_bundle
from omnibind_ros.encoders.manifest import BundleError, read_manifest
from omnibind_ros.encoders.names import TEACHER_BUNDLE

from .teacher_import.build import ImportRequest, import_teacher
from .teacher_import.hugging_face import open_hugging_face
from .teacher_import.open_clip import LOCAL, open_open_clip
from .teacher_import.pair import TeacherPair


def run_import_teacher(options: argparse.Namespace) -> int:
    """Make a bundle of a CLIP-like model, print what was measured, and return the exit status.

    Args:
        options: As `bundle_commands.add_bundle` adds them.

    Raises:
        BundleError: The model cannot become a bundle.
        TrainingError: It cannot be loaded, or is no such model.
        LabelError: The labels cannot be used.
        FileError: There is no folder of pictures.
        OSError: A file cannot be read or written.
    """
    labels = options.labels
    if labels is None:
        shipped = resolve_bundle(TEACHER_BUNDLE)
        labels = shipped / read_manifest(shipped).labels.path
    request = ImportRequest(labels, options.images, options.precision, options.licence)
    _show_step("model")
    report = import_teacher(options.out, open_pair(options.model), request, _show_step)
    for sentence in report.warnings:
        print(f"WARNING: {sentence}", file=sys.stderr)
    for modality in ("image", "text"):
        cosines = ", ".join(
            f"{precision} {report.figures[modality][precision]['min_cosine']:.5f}"
            for precision in ("fp32", "fp16", "int8")
        )
        print(f"{modality}: least cosine to the model: {cosines}; written in {options.precision}")
    manifest = report.bundle.manifest
    total = sum(path.stat().st_size for path in report.bundle.root.iterdir())
    print(
        f"imported {options.out}: {manifest.model}, embeddings of {manifest.embedding_size} "
        f"values, {total / 1e6:.1f} MB"
    )
    if options.json is not None:
        options.json.write_text(json.dumps(report.figures, indent=1) + "\n", encoding="utf-8")
    return 0


def open_pair(name: str) -> TeacherPair:
    """Load a model.

    Args:
        name: `huggingface:NAME`, `openclip:NAME`, or a folder that one of the two libraries saved.

    Raises:
        BundleError: The folder holds no model.
        TrainingError: The model cannot be loaded.
    """
    kind, _, rest = name.partition(":")
    if kind == "huggingface":
        return open_hugging_face(rest)
    if kind == "openclip":
        return open_open_clip(rest)
    folder = Path(name).expanduser()
    if (folder / "open_clip_config.json").is_file():
        return open_open_clip(f"{LOCAL}{folder}")
    if (folder / "config.json").is_file():
        return open_hugging_face(str(folder))
    reason = "has neither" if folder.is_dir() else "is no folder with"
    raise BundleError(
        f"{name} {reason} config.json (Hugging Face) {'nor' if folder.is_dir() else 'or'} "
        "open_clip_config.json (OpenCLIP); give such a folder, huggingface:NAME or openclip:NAME"
    )


def _show_step(step: str) -> None:
    """Print which step is next, on standard error."""
    print(f"{step} ...", file=sys.stderr)
