"""The options of the command `omnibind train fusion`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction
from omnibind_ros.worker_options import add_worker_options

READ_CONFIG = LazyFunction("omnibind_ros.learning.af.config", "read_fusion_config")


def add_fusion(actions: Any) -> None:
    """Add `fusion` to the actions of `omnibind train`."""
    fusion = actions.add_parser(
        "fusion", help="train and calibrate Adaptive Fusion on the embeddings of trained students"
    )
    source = fusion.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE",
        help="embeddings.npz, which `omnibind train students` wrote",
    )
    source.add_argument(
        "--bundle", metavar="DIR", help="a bundle, its folder or name, whose encoders embed --data"
    )
    fusion.add_argument("--data", type=Path, metavar="DIR", help="a dataset, with --bundle")
    fusion.add_argument(
        "--labels",
        choices=("shipped", "classes"),
        default="shipped",
        help="with --bundle, what is learnt: the labels that it ships, where each object has the "
        "finest name that it can have (default); or the classes of the dataset",
    )
    fusion.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    fusion.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="how, such as config/fusion.yaml (the defaults)",
    )
    add_worker_options(fusion, "embed --data")
    fusion.set_defaults(
        check=_check,
        run=LazyFunction("omnibind_ros.learning.af.training", "run_command"),
        needs="install omnibind_ros[train,sim]",
    )


def _check(options: argparse.Namespace) -> None:
    """Read the configuration, in place of its file, and check the other options."""
    options.config = READ_CONFIG(options.config)
    if options.embeddings is None and options.data is None:
        raise ValueError("--bundle needs --data, a dataset that its encoders embed")
