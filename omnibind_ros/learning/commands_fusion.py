"""The command `omnibind train fusion`."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that the others start without it
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

NEEDS = "install omnibind_ros[train,sim]"


def add_fusion(actions: Any) -> None:
    """Add `fusion` to the actions of `omnibind train`."""
    fusion = actions.add_parser(
        "fusion", help="train and calibrate Adaptive Fusion on the embeddings of trained students"
    )
    fusion.add_argument(
        "--embeddings",
        type=Path,
        required=True,
        metavar="FILE",
        help="embeddings.npz, which `omnibind train students` wrote",
    )
    fusion.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    fusion.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="how, such as config/fusion.yaml (the defaults)",
    )
    fusion.set_defaults(run=_train_fusion, needs=NEEDS)


def _train_fusion(options: argparse.Namespace) -> int:
    from .fusion_config import read_fusion_config

    config = read_fusion_config(options.config)  # before the slow imports, as one mistypes it

    from .commands import progress_bars
    from .embeddings import EmbeddingSet
    from .fusion_files import calibrate_fusion, save_fusion
    from .train_fusion import train_fusion

    data = EmbeddingSet.load(options.embeddings)
    options.out.mkdir(parents=True, exist_ok=True)
    with progress_bars() as progress:
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
