"""The command `omnibind export`."""

# ruff: noqa: PLC0415 - the command imports what it needs, so that the others start without it
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PRECISIONS = ("auto", "fp32", "fp16", "int8", "int8-tensorrt")
"""Those of encoder.py and precision.py, which are slow to import."""

DEFAULT_BUNDLE, DEFAULT_TEACHER = "household", "teacher"


def add_export(commands: Any) -> None:
    """Add `export` to the parser of `omnibind`."""
    export = commands.add_parser(
        "export", help="make a bundle of trained encoders, or TensorRT's engines of a bundle"
    )
    made = export.add_argument_group("a bundle of a training run")
    for name, kind, text in (
        ("--data", "DIR", "the dataset it was trained on"),
        ("--out", "DIR", "the bundle's folder"),
        ("--fusion", "DIR", "what `omnibind train fusion` left (none: fused by the mean)"),
        ("--cache", "DIR", "where the run's prepared tensors are (RUN/cache)"),
        ("--json", "FILE", "write the figures to FILE"),
    ):
        made.add_argument(name, type=Path, metavar=kind, help=text)
    made.add_argument(
        "--run",
        dest="trained",
        type=Path,
        metavar="DIR",
        help="what `omnibind train students` left",
    )
    made.add_argument(
        "--source",
        default=DEFAULT_TEACHER,
        metavar="DIR",
        help=f"the bundle that taught ({DEFAULT_TEACHER})",
    )
    made.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help="of the encoders (auto: int8 where it pays, else fp32)",
    )
    engines = export.add_argument_group("engines, on the machine that will run them")
    engines.add_argument("--tensorrt", action="store_true", help="build and keep the engines")
    export.add_argument(
        "--bundle",
        default=DEFAULT_BUNDLE,
        metavar="DIR",
        help=f"without --run: the bundle that gets --fusion or engines ({DEFAULT_BUNDLE})",
    )
    export.set_defaults(
        run=_export, needs="install omnibind_ros[train,sim]; engines need only TensorRT"
    )


def _export(options: argparse.Namespace) -> int:
    from omnibind_ros.encoders.bundle import Bundle, resolve_bundle

    if options.trained is None and options.fusion is not None:
        from .exchange import exchange_fusion

        source = resolve_bundle(options.bundle)
        bundle = exchange_fusion(options.out or source, source, options.fusion)
        print(f"exported {bundle.root}: {bundle.manifest.model}, its encoders as they were")
    elif options.trained is None:
        if not options.tensorrt:
            raise ValueError(
                "give --run DIR to make a bundle, --fusion DIR to give one another fusion, or "
                "--tensorrt to build engines"
            )
        bundle = Bundle.load(resolve_bundle(options.bundle))
    else:
        if options.data is None or options.out is None:
            raise ValueError("--run needs --data, the dataset, and --out, the bundle's folder")
        bundle = _assemble(options)
    if options.tensorrt:
        from .tensorrt import build_engines

        for engine in build_engines(bundle, lambda name: _say(f"engine of {name}")):
            print(f"{engine.modality}: {'built' if engine.built else 'there'} {engine.path}")
    return 0


def _assemble(options: argparse.Namespace) -> Any:
    from omnibind_ros.encoders.bundle import resolve_bundle

    from .assemble import Order, assemble_bundle

    order = Order(
        options.trained, options.data, resolve_bundle(options.source), options.fusion,
        options.cache, options.precision,
    )  # fmt: skip
    result = assemble_bundle(options.out, order, _say)
    for modality, figures in result.figures.items():
        print(f"{modality}: {_line(figures)}")
    for remark in result.remarks:
        print(f"not for TensorRT: {remark}")
    if options.fusion is None:
        print("no --fusion: this bundle is fused by the quality-weighted mean")
    total = sum(path.stat().st_size for path in result.bundle.root.iterdir())
    print(f"exported {options.out}: {result.bundle.manifest.model}, {total / 1e6:.1f} MB")
    if options.json is not None:
        options.json.write_text(json.dumps(result.figures, indent=1) + "\n", encoding="utf-8")
    return result.bundle


def _line(figures: Mapping[str, Any]) -> str:
    why = f", since int8 {figures['not_int8']}" if "not_int8" in figures else ""
    return (
        f"{figures['precision']}{why}; {figures['ms']:.2f} ms (fp32 {figures['ms_fp32']:.2f}), "
        f"cosine {figures['mean_cosine']:.4f}, top-1 {figures['top1']:.1f}% "
        f"(trained {figures['top1_fp32']:.1f}%) on {figures['samples']} samples"
    )


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr)
