"""Runs the command `omnibind export`; imports torch only where a network is exported."""

from __future__ import annotations

import argparse
import sys

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.lazy import LazyFunction

from .tensorrt_engines import build_engines

BUILD_BUNDLE = LazyFunction("omnibind_ros.export.run_build", "run_build")
EXPORT_PART = LazyFunction("omnibind_ros.export.bundle_part", "export_part")
ADD_MATCHING = LazyFunction("omnibind_ros.export.add_matching", "add_matching")
REPLACE_FUSION = LazyFunction("omnibind_ros.export.replace_fusion", "replace_fusion")


def run_export(options: argparse.Namespace) -> int:
    """Make a bundle, or give one another fusion; and build its engines if asked to.

    Args:
        options: As `commands.add_export` adds them.

    Returns:
        The exit status.

    Raises:
        ValueError: Options are missing, or something cannot be exported; BundleError,
            TrainingError and DatasetError are kinds of it.
        OSError: A file cannot be read or written.
    """
    bundle = _make_bundle(options)
    if options.tensorrt:
        for engine in build_engines(bundle, lambda name: _show_step(f"engine of {name}")):
            print(f"{engine.modality}: {'built' if engine.built else 'exists'} {engine.path}")
    return 0


def _make_bundle(options: argparse.Namespace) -> Bundle:
    """Return the bundle that the options describe, made anew unless only engines are wanted."""
    if options.training_run is not None:
        if options.data is None or options.out is None:
            raise ValueError("--run needs --data, the dataset, and --out, the bundle's folder")
        bundle: Bundle = BUILD_BUNDLE(options, _show_step)
    elif options.matching:
        if options.data is None:
            raise ValueError("--matching needs --data, a dataset with several views of each object")
        source = resolve_bundle(options.bundle)
        bundle = ADD_MATCHING(options.out or source, source, options.data, _show_step)
        print(f"exported {bundle.root}: {bundle.manifest.model} with statistics of matching")
    elif options.fusion is not None:
        source = resolve_bundle(options.bundle)
        bundle = REPLACE_FUSION(options.out or source, source, options.fusion)
        print(f"exported {bundle.root}: {bundle.manifest.model}, its encoders as they were")
    elif options.out is not None:
        source = resolve_bundle(options.bundle)
        bundle = EXPORT_PART(options.out, source, options.only, options.precision, _show_step)
        names = ", ".join(bundle.manifest.encoders)
        print(f"exported {bundle.root}: {bundle.manifest.model} with {names}")
        for name, figures in bundle.manifest.figures.get("export", {}).items():
            print(f"{name}: {figures['precision']}, least cosine {figures['min_cosine']}")
    elif options.tensorrt:
        bundle = Bundle.load(resolve_bundle(options.bundle))
    else:
        raise ValueError(
            "give --out DIR for a bundle of --bundle's encoders (--only image,text), --run DIR to "
            "make one of a training run, --fusion DIR to give one another fusion, --matching for "
            "statistics of enrolled labels, or --tensorrt to build engines"
        )
    return bundle


def _show_step(step: str) -> None:
    """Print which step is next, on standard error."""
    print(f"{step} ...", file=sys.stderr)
