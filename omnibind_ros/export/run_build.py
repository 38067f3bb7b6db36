"""Runs `omnibind export --run`: makes a bundle, and prints what was measured of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle

from .build_bundle import build_bundle
from .export_inputs import BundleRequest


def run_build(options: argparse.Namespace, progress: Callable[[str], None]) -> Bundle:
    """Make a bundle of a training run, and print its figures.

    Args:
        options: As `commands.add_export` adds them, with --run, --data and --out.
        progress: Called with the step that is next.

    Raises:
        ValueError: It cannot be made; BundleError, TrainingError and DatasetError are kinds of it.
        OSError: A file cannot be read or written.
    """
    request = BundleRequest(
        run=options.training_run,
        data=options.data,
        source=resolve_bundle(options.source),
        fusion=options.fusion,
        cache=options.cache,
        precision=options.precision,
        keep_labels=options.keep_labels,
    )
    report = build_bundle(options.out, request, progress)
    for modality, figures in report.figures.items():
        line = _figures_line(figures) if figures else "as in the source, since the run has none"
        print(f"{modality}: {line}")
    for remark in report.remarks:
        print(f"not for TensorRT: {remark}")
    if options.fusion is None:
        print("no --fusion: this bundle is fused by the quality-weighted mean")
    labels = report.bundle.manifest.figures.get("labels", {})
    if labels:
        print(f"{labels['number']} labels ({labels['which']}), {labels['calibrated']}")
    total = sum(path.stat().st_size for path in report.bundle.root.iterdir())
    print(f"exported {options.out}: {report.bundle.manifest.model}, {total / 1e6:.1f} MB")
    if options.json is not None:
        options.json.write_text(json.dumps(report.figures, indent=1) + "\n", encoding="utf-8")
    return report.bundle


def _figures_line(figures: Mapping[str, Any]) -> str:
    reason = f", since int8 {figures['not_int8']}" if "not_int8" in figures else ""
    return (
        f"{figures['precision']}{reason}; {figures['ms']:.2f} ms (fp32 {figures['ms_fp32']:.2f}), "
        f"cosine {figures['mean_cosine']:.4f}, top-1 {figures['top1']:.1f}% "
        f"(trained {figures['top1_fp32']:.1f}%) on {figures['samples']} samples"
    )
