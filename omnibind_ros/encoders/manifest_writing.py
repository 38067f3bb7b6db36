"""Writes bundle.yaml: every bundle's manifest is written here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from .manifest import FORMAT, BundleManifest, Calibration, FileSpec, TensorSpec, read_manifest


def content_version(recipe: str, files: Iterable[FileSpec]) -> str:
    """Return a bundle's version: that of the code that makes it, and a hash of its networks.

    Args:
        recipe: Version of the code, such as 0.2.0.
        files: The networks, in the order of the manifest.
    """
    hashes = "".join(file.sha256 for file in files)
    return f"{recipe}+{hashlib.sha256(hashes.encode()).hexdigest()[:8]}"


def write_manifest(folder: Path, manifest: BundleManifest, written_by: str) -> None:
    """Write a bundle's manifest.

    Args:
        folder: The bundle's folder.
        manifest: What to write.
        written_by: What makes the bundle, such as a command; it is named at the top of the file.

    Raises:
        OSError: The folder cannot be written.
    """
    comment = (
        f"# Written by {written_by}. A shape of -1 is free.\n"
        "# labels.yaml is yours to edit: it has no hash here.\n"
    )
    _write(folder, manifest, comment)


def record_figures(folder: Path, name: str, figures: Mapping[str, Any]) -> None:
    """Add what was measured of a bundle to its manifest.

    Args:
        folder: The bundle's folder.
        name: What measured it; figures of the same name are replaced, others stay.
        figures: Numbers, texts, and mappings of them.

    Raises:
        BundleError: There is no manifest, or it cannot be read.
        OSError: The folder cannot be written.
    """
    manifest = read_manifest(folder)
    lines = (folder / "bundle.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    comment = "".join(takewhile(lambda line: line.startswith("#"), lines))
    recorded = {**manifest.figures, name: dict(figures)}
    _write(folder, replace(manifest, figures=recorded), comment)


def _write(folder: Path, manifest: BundleManifest, comment: str) -> None:
    data = {
        "format": FORMAT,
        "name": manifest.name,
        "version": manifest.version,
        "embedding_size": manifest.embedding_size,
        "encoders": {name: _file_entry(spec) for name, spec in manifest.encoders.items()},
        "fusion": _file_entry(manifest.fusion) if manifest.fusion is not None else None,
        "matching": _file_entry(manifest.matching) if manifest.matching is not None else None,
        "labels": _file_entry(manifest.labels),
        "calibration": _calibration_entry(manifest.calibration),
        "figures": dict(manifest.figures),
    }
    text = yaml.safe_dump(_without_empty(data), sort_keys=False, allow_unicode=True, width=100)
    (folder / "bundle.yaml").write_text(comment + text, encoding="utf-8")


def _calibration_entry(calibration: Calibration) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    if calibration.likeness is not None:
        measured["likeness"] = calibration.likeness
    if calibration.contradiction is not None:
        measured["contradiction"] = dict(calibration.contradiction)
    return {
        "temperature": calibration.temperature,
        "min_quality": calibration.min_quality,
        **measured,
        "min_similarity": dict(calibration.min_similarity),
    }


def _file_entry(spec: FileSpec) -> dict[str, Any]:
    optional = {
        "licence": spec.licence,
        "origin": spec.origin,
        "precision": spec.precision,
        "trained_on": spec.trained_on,
        "inputs": [_tensor_entry(tensor) for tensor in spec.inputs],
        "outputs": [_tensor_entry(tensor) for tensor in spec.outputs],
        "extra": {role: _file_entry(file) for role, file in spec.extra.items()},
    }
    # The hash of labels.yaml is empty, since it may be edited by hand, and is written as such.
    return {"path": spec.path, "sha256": spec.sha256, **_without_empty(optional)}


def _tensor_entry(spec: TensorSpec) -> dict[str, Any]:
    return _without_empty(
        {
            "name": spec.name,
            "shape": list(spec.shape),
            "dtype": spec.dtype,
            "layout": spec.layout,
            "units": spec.units,
            "parameters": dict(spec.parameters),
            "options": dict(spec.options),
        }
    )


def _without_empty(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value not in ("", None, [], {})}
