"""Runs the command `omnibind train fusion`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.building.cluster import chosen_workers
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.learning.progress import progress_bars

from .config import FusionConfig
from .cross_fitted_fusion import calibrate_across
from .cross_fitting import sentence
from .embeddings import EmbeddingSet
from .encoding import encode_dataset
from .files import calibrate_fusion, save_fusion
from .held_out import HELD_OUT, meaning, usable_splits
from .training import LEAST_OBJECTS, train_fusion


def run_command(options: argparse.Namespace) -> int:
    """Run `omnibind train fusion`."""
    config: FusionConfig = options.config
    options.out.mkdir(parents=True, exist_ok=True)
    with progress_bars() as progress:
        if options.embeddings is not None:
            data = EmbeddingSet.load(options.embeddings)
            config = _with_splits(config, data.splits, data.objects, data.labels)
        else:
            dataset = Dataset.open(options.data)
            columns = (dataset.column(name) for name in ("split", "object_id", "label"))
            config = _with_splits(config, *(column.astype(np.str_) for column in columns))
            bundle = Bundle.load(resolve_bundle(options.bundle))
            place = options.out / "embeddings"
            with chosen_workers(options.workers, options.dask, place) as workers:
                data = encode_dataset(
                    bundle,
                    options.data,
                    place,
                    config.splits,
                    workers,
                    lambda done, total: progress("embeddings", done, total, {}),
                    options.labels,
                ).data
        trained = train_fusion(
            data, config, lambda done, total: progress("fusion", done, total, {})
        )
    crossed = None
    if list(config.splits) != list(HELD_OUT[0]):
        crossed = calibrate_across(trained, data, config)
    if crossed is not None:
        calibration, across = crossed
        print(sentence(across))
    else:
        calibration, across = calibrate_fusion(trained, data, config), None
        if list(config.splits) != list(HELD_OUT[0]):
            print(
                "its objects are too few for cross-fitting: thresholds are of samples that the "
                "fusion has seen, so that other objects will be 'unknown' too often"
            )
    save_fusion(options.out, trained, calibration, config, across)
    figures = trained.figures
    print(
        f"objects held back, random sets, some corrupted: top-1 {figures['top1']:.1%} after "
        f"{figures['steps']} steps, the quality-weighted mean {figures['mean_top1']:.1%}"
    )
    print(f"trained {options.out}")
    return 0


def _with_splits(
    config: FusionConfig,
    splits: npt.NDArray[np.str_],
    objects: npt.NDArray[np.str_],
    labels: npt.NDArray[Any],
) -> FusionConfig:
    """Return the configuration with splits that have objects enough, and say if it is changed."""
    found = usable_splits(splits, objects, labels, first=config.splits, least=LEAST_OBJECTS)
    if not found or list(found) == list(config.splits):
        return config
    note = f": {text}" if (text := meaning(found)) else ""
    print(f"the fusion is trained and calibrated on the split {' and '.join(found)}{note}")
    return replace(config, splits=list(found))
