"""The command `omnibind train fusion`."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that the others start without it
from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnibind_ros.learning.cad.training import Progress

    from .embeddings import EmbeddingSet

NEEDS = "install omnibind_ros[train,sim]"


def add_fusion(actions: Any) -> None:
    """Add `fusion` to the actions of `omnibind train`."""
    fusion = actions.add_parser(
        "fusion", help="train and calibrate Adaptive Fusion on the embeddings of trained students"
    )
    said_by = fusion.add_mutually_exclusive_group(required=True)
    said_by.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE",
        help="embeddings.npz, which `omnibind train students` wrote",
    )
    said_by.add_argument(
        "--bundle", metavar="DIR", help="a bundle, its folder or name, whose encoders embed --data"
    )
    fusion.add_argument("--data", type=Path, metavar="DIR", help="a dataset, with --bundle")
    fusion.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    fusion.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="how, such as config/fusion.yaml (the defaults)",
    )
    fusion.set_defaults(run=_train_fusion, needs=NEEDS)


def _train_fusion(options: argparse.Namespace) -> int:
    from .config import read_fusion_config

    config = read_fusion_config(options.config)  # before the slow imports, as one mistypes it

    from omnibind_ros.learning.commands import progress_bars

    from .embeddings import EmbeddingSet
    from .files import calibrate_fusion, save_fusion
    from .training import train_fusion

    if options.embeddings is None and options.data is None:
        raise ValueError("--bundle needs --data, a dataset that its encoders embed")
    options.out.mkdir(parents=True, exist_ok=True)
    with progress_bars() as progress:
        if options.embeddings is not None:
            data = EmbeddingSet.load(options.embeddings)
        else:
            data = _embed(options, config.splits, progress)
        trained = train_fusion(
            data, config, lambda done, total: progress("fusion", done, total, {})
        )
    calibration = calibrate_fusion(trained, data, config)
    save_fusion(options.out, trained, calibration, config)
    figures = trained.figures
    print(
        f"objects held back, random sets, some corrupted: top-1 {figures['top1']:.1%} after "
        f"{figures['steps']} steps, the quality-weighted mean {figures['mean_top1']:.1%}"
    )
    print(f"trained {options.out}")
    return 0


def _embed(options: argparse.Namespace, splits: Sequence[str], progress: Progress) -> EmbeddingSet:
    """Return what a bundle's encoders say of the samples to learn from."""
    from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
    from omnibind_ros.learning.af.encoding import encode_dataset

    bundle = Bundle.load(resolve_bundle(options.bundle))
    return encode_dataset(
        bundle, options.data, options.out / "embeddings", splits, os.cpu_count() or 1,
        lambda done, total: progress("embeddings", done, total, {}),
    ).data  # fmt: skip
