"""The command `omnibind export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omnibind_ros.encoders.names import DEFAULT_BUNDLE, TEACHER_BUNDLE
from omnibind_ros.lazy import LazyFunction

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
        ("--cache", "DIR", "where the run's prepared tensors are (RUN/cache)"),
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
        "--precision",
        choices=(AUTO, *PRECISIONS),
        default=AUTO,
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
        run=LazyFunction("omnibind_ros.export.run_export", "run_export"),
        needs="install omnibind_ros[train,sim]; engines need only TensorRT",
    )
