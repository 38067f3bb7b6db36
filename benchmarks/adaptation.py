"""What stage zero gives to the classes that it learns, and takes from those that it does not.

A quarter of the classes is left out in turn; the teacher then chooses among all of them.

Usage: python3 benchmarks/adaptation.py --data DIR --cache DIR [--teacher household] [--keep 0 1 4]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from omnibind_ros.learning.cad.selection import class_bank, class_numbers
from omnibind_ros.learning.config import AdaptConfig
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.teachers.adaptation import adapt
from omnibind_ros.learning.tensors.cache import TensorCache, build_cache

FOLDS = 4


def fold(cache: TensorCache, number: int, config: AdaptConfig) -> dict[str, npt.NDArray[np.bool_]]:
    """Leave out one quarter of the classes; return which answers are right, by kind."""
    left = [name for i, name in enumerate(cache.vocabulary.classes.labels) if i % FOLDS == number]
    bank = class_bank(cache, left)
    adapted = adapt(cache, ClassSimilarity(bank), class_numbers(cache, bank), config, seed=0)
    everything = ClassSimilarity(class_bank(cache, []))
    rows = cache.index.rows["image"]
    labels, test = cache.index.labels[rows], cache.index.splits[rows] == "test"
    out = np.isin(labels, [cache.vocabulary.classes.labels.index(name) for name in left])
    right = {}
    for when, image in (
        ("before", np.array(cache.targets.image, np.float32)),
        ("after", adapted.image),
    ):
        answers = everything(torch.from_numpy(image)).argmax(1).numpy() == labels
        right[f"left out, {when}"] = answers[out]
        right[f"learnt, test objects, {when}"] = answers[test & ~out]
    return right


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the dataset")
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR", help="of tensors")
    parser.add_argument("--teacher", default="teacher", help="as in the configuration")
    parser.add_argument("--keep", type=float, nargs="+", default=[0.0, 1.0, 4.0], metavar="W")
    options = parser.parse_args()
    cache = build_cache(options.data, options.cache, options.teacher)
    for keep in options.keep:
        folds = [fold(cache, i, replace(AdaptConfig(), keep=keep)) for i in range(FOLDS)]
        parts = [
            f"{kind} {np.concatenate([f[kind] for f in folds]).mean():.1%}" for kind in folds[0]
        ]
        print(f"keep {keep:g}: {'; '.join(parts)}")


if __name__ == "__main__":
    main()
