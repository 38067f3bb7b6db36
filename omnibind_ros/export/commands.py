"""The command `omnibind export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.encoders.names import DEFAULT_BUNDLE, TEACHER_BUNDLE
from omnibind_ros.lazy import LazyFunction
from omnibind_ros.modalities import MODALITIES

from .precisions import AUTO, PRECISIONS


def add_export(commands: Any) -> None:
    """Add `export` to the parser of `omnibind`."""
    export = commands.add_parser(
        "export", help="make a bundle of trained encoders, or TensorRT's engines of a bundle"
    )
    bundle = export.add_argument_group("a bundle of a training run")
    for name, kind, text in (
        ("--data", "DIR", "the dataset it was trained on"),
        ("--out", "DIR", "the bundle's folder"),
        ("--fusion", "DIR", "what `omnibind train fusion` left (none: fused by the mean)"),
        ("--cache", "DIR", "where the run's prepared tensors are (where the run left them)"),
        ("--json", "FILE", "write the figures to FILE"),
    ):
        bundle.add_argument(name, type=Path, metavar=kind, help=text)
    bundle.add_argument(
        "--run",
        dest="training_run",
        type=Path,
        metavar="DIR",
        help="what `omnibind train students` left",
    )
    bundle.add_argument(
        "--source",
        default=TEACHER_BUNDLE,
        metavar="DIR",
        help=f"the bundle of the run's teacher ({TEACHER_BUNDLE})",
    )
    bundle.add_argument(
        "--keep-labels",
        action="store_true",
        help="keep the labels of --source beside those of the dataset",
    )
    bundle.add_argument(
        "--precision",
        choices=(AUTO, *PRECISIONS),
        default=AUTO,
        help="of the encoders (auto: int8 where it pays, else fp32)",
    )
    part = export.add_argument_group("a bundle of some encoders of another bundle")
    part.add_argument(
        "--only",
        type=_modalities,
        default=(),
        metavar="MODALITIES",
        help="such as image,text: the encoders of --bundle that go into --out, with --precision "
        "fp16 or fp32, or as they are; needs no training run",
    )
    matching = export.add_argument_group("statistics for enrolled labels, into --bundle or --out")
    matching.add_argument(
        "--matching",
        action="store_true",
        help="measure on --data how views of one object differ, and different objects",
    )
    engines = export.add_argument_group("engines, on the machine that will run them")
    engines.add_argument("--tensorrt", action="store_true", help="build and keep the engines")
    export.add_argument(
        "--bundle",
        default=DEFAULT_BUNDLE,
        metavar="DIR",
        help=f"without --run: the bundle to take or change ({DEFAULT_BUNDLE})",
    )
    export.set_defaults(
        run=LazyFunction("omnibind_ros.export.run_export", "run_export"),
        needs="install omnibind_ros[train,sim]; --only with --precision needs only onnx "
        "(pip install onnx), engines need only TensorRT",
    )


def _modalities(text: str) -> tuple[str, ...]:
    """Return the modalities of a text such as 'image,text'."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in MODALITIES:
            raise argparse.ArgumentTypeError(
                f"'{name}' is no modality; use some of: {', '.join(MODALITIES)}"
            )
    return names
