"""The options of the command `omnibind adapt`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.lazy import LazyFunction
from omnibind_ros.learning.adapt.depths import DEPTHS
from omnibind_ros.modalities import STUDENTS

from .precisions import AUTO, PRECISIONS


def add_adapt(commands: Any) -> None:
    """Add `adapt` to the parser of `omnibind`."""
    adapt = commands.add_parser(
        "adapt",
        help="adapt a bundle to one's own sensors, from bags or folders, with labels or without",
        description="Adapts the encoders of a bundle to one's own sensors and writes a new bundle. "
        "With labels (folders by class, labels.yaml or a label topic of a bag, what was taught) "
        "the sensors learn these; without, they learn from what a camera of the same bag sees at "
        "the same time. A part of the recordings is held back, and a bundle that got worse on it "
        "is not written (exit status 1). The same command goes on with an interrupted adaptation.",
    )
    adapt.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a folder: of a bag or of bags, of files by class (CLASS/FILE, CLASS/OBJECT/FILE), of "
        "a dataset; or READER:FOLDER",
    )
    _add_folders(adapt)
    adapt.add_argument(
        "--modalities",
        type=_modalities,
        default=(),
        metavar="MODALITIES",
        help="such as touch,thermal: the sensors to adapt (all that the recordings have)",
    )
    adapt.add_argument(
        "--depth",
        choices=DEPTHS,
        default="auto",
        help="how much is trained at most: the projection, with it the last layers, or all (auto: "
        "all from 400 training samples with labels, else the projection)",
    )
    adapt.add_argument(
        "--unlabelled",
        action="store_true",
        help="use no labels, even if there are some: what the camera sees at the same time teaches",
    )
    adapt.add_argument(
        "--keep-labels",
        action="store_true",
        help="the bundle's labels stay beside those of the recordings",
    )
    adapt.add_argument(
        "--force", action="store_true", help="write a bundle even if it is worse than before"
    )
    adapt.add_argument(
        "--precision",
        choices=(AUTO, *PRECISIONS),
        default=AUTO,
        help="of the adapted encoders (auto: int8 where it costs nothing, else fp32)",
    )
    adapt.add_argument(
        "--seed", type=_count, default=0, metavar="N", help="of all random draws (0)"
    )
    adapt.add_argument(
        "--workers", type=_count, default=0, metavar="N", help="processes that prepare (one a core)"
    )
    adapt.add_argument("--json", metavar="FILE", help="write the figures; '-': to standard output")
    adapt.set_defaults(
        run=LazyFunction("omnibind_ros.export.run_adapt", "run_adapt"),
        needs="install omnibind_ros[train,sim]",
    )


def _add_folders(adapt: argparse.ArgumentParser) -> None:
    """Add the options that name folders."""
    add = adapt.add_argument
    add(
        "--bundle",
        default=DEFAULT_BUNDLE,
        metavar="DIR",
        help=f"the bundle to adapt, its folder or name ({DEFAULT_BUNDLE})",
    )
    add(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the new bundle's folder; its weights go to OUT_checkpoints",
    )
    add(
        "--work",
        type=Path,
        metavar="DIR",
        help="where an interrupted adaptation goes on from (OUT_work, removed at the end)",
    )
    add(
        "--checkpoints",
        type=Path,
        metavar="DIR",
        help="the weights that the bundle was made of (BUNDLE_checkpoints)",
    )


def _count(text: str) -> int:
    """Return the whole number, 0 or more, of a text."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 0 on")
    return int(text)


def _modalities(text: str) -> tuple[str, ...]:
    """Return the student modalities of a text such as 'touch,thermal'."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in STUDENTS:
            raise argparse.ArgumentTypeError(
                f"'{name}' is no sensor that can be adapted; use some of: {', '.join(STUDENTS)}"
            )
    return names
