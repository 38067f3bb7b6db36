"""Students' correct answers by test object, in the results of a study, and gains with intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.evaluation.measure.bootstrap import ObjectBootstrap, ends
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import STUDENTS

OBJECTS = "objects"
"""Key of the names of the objects among the modalities."""

Outcomes = Mapping[str, str]
"""`objects`: names, a line each, in alphabetical order; and by modality correct/samples of each
object, separated by spaces. Strings, since a list has a line for each number in the result."""

Counts = npt.NDArray[np.float64]


def read_outcomes(folder: Path, modalities: Sequence[str]) -> dict[str, str]:
    """Return the outcomes of trained students; empty where a student has none.

    Args:
        folder: Where MODALITY.test.json are, which training writes.
        modalities: The students.

    Raises:
        TrainingError: A file is damaged.
    """
    found: dict[str, dict[str, list[int]]] = {}
    for modality in modalities:
        path = folder / f"{modality}.test.json"
        if not path.is_file():
            continue  # of a version that did not write it
        try:
            found[modality] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"{path} is damaged ({error}); remove the run's folder, and it is run again"
            ) from error
    names = sorted({name for each in found.values() for name in each})
    if not names:
        return {}
    return {OBJECTS: "\n".join(names)} | {
        modality: " ".join("{}/{}".format(*each.get(name, (0, 0))) for name in names)
        for modality, each in found.items()
    }


def gains(runs: Sequence[Outcomes], others: Sequence[Sequence[Outcomes]]) -> dict[str, Any]:
    """Return what an objective gains over the best of others, with intervals.

    Args:
        runs: Of the objective, one of each seed.
        others: Of each other objective, likewise; the best one is chosen for each student.

    Returns:
        By modality, and under `mean` the mean of all modalities: `points`, the difference of the
        accuracies' means over seeds, and `interval`. Runs on other test objects are left out; empty
        where there is nothing to compare.
    """
    names = runs[0][OBJECTS]
    objects = np.array(names.split("\n"))
    bootstrap = ObjectBootstrap(objects)
    points: dict[str, float] = {}
    resampled: dict[str, Counts] = {}
    for modality in STUDENTS:
        own = _shares(runs, names, modality)
        rivals = [each for o in others if (each := _shares(o, names, modality)) is not None]
        if own is None or not rivals:
            continue
        (right, samples), best = own, max(rivals, key=lambda each: float(each[0].sum()))
        gained = 100 * (right - best[0])
        points[modality] = float(gained.sum() / samples.sum())
        sizes = np.maximum(bootstrap.totals(samples), 1)
        resampled[modality] = np.asarray(bootstrap.totals(gained) / sizes, np.float64)
    found = {
        modality: {"points": points[modality], "interval": ends(resampled[modality])}
        for modality in points
    }
    if found:
        together = np.mean(list(resampled.values()), 0)
        found["mean"] = {
            "points": float(np.mean(list(points.values()))),
            "interval": ends(together),
        }
    return found


def _shares(runs: Sequence[Outcomes], names: str, modality: str) -> tuple[Counts, Counts] | None:
    """Return correct answers, means over runs, and samples of each object; None without runs."""
    counts = [
        np.array([each.split("/") for each in run[modality].split()], np.float64)
        for run in runs
        if run[OBJECTS] == names and modality in run
    ]
    if not counts:
        return None
    mean = np.mean(counts, 0)
    return mean[:, 0], mean[:, 1]
