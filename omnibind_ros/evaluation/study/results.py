"""Reads the results of a study and summarises them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros.evaluation import JsonObject
from omnibind_ros.learning.cad.losses import PLAIN
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import STUDENTS

from .outcomes import gains
from .plan import DEFAULT_START

HEADLINE = 10.0
"""Percent of student data in the unequal-scale setting."""

ORIGIN_ORDER = ("simulated", "recorded", "all")

OTHER_STARTS = (
    "omnibind_from_image",
    "cross_entropy_from_image",
    "cross_entropy_from_random",
)
"""Objectives with another initialisation than the image teacher's first layers, which all but CAD
have: the image student, as CAD has it, or random weights."""

_ALIKE = {OTHER_STARTS[1]: (OTHER_STARTS[1],)}

COMPARED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "cad": {"plain": tuple(PLAIN), **_ALIKE},
    "omnibind": {"plain": tuple(PLAIN)},
    OTHER_STARTS[0]: _ALIKE,
}
"""What `student_gains` compares: by objective, the others by a name."""

OBJECTIVES = ("cad", "omnibind", *PLAIN, *OTHER_STARTS)
"""The objectives in the order of the report."""


def read_result(path: Path) -> JsonObject:
    """Read the result of a run.

    Raises:
        TrainingError: The file is no result.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path} is no result of a run ({error}); remove it, and it is run again"
        ) from error
    if not isinstance(result, dict) or not {"key", "kind", "data"} <= result.keys():
        raise TrainingError(f"{path} is no result of a run; remove it, and it is run again")
    return result


def read_results(folder: Path) -> list[JsonObject]:
    """Read all results of a study, sorted by name; none if there is no folder."""
    return [read_result(path) for path in sorted(folder.glob("*.json"))]


def read_study(folder: Path, data: str = "household") -> dict[str, Any]:
    """Return `students`, `scale`, `reality`, `unknown` and `student_gains` of a study.

    Args:
        folder: Where results are.
        data: Name of the dataset.
    """
    every = [r for r in read_results(folder) if r["data"] == data]
    results = [r for r in every if r["kind"] == "students"]
    plain = [r for r in results if not r.get("tag") and r.get("origins", "all") == "all"]
    return {
        "students": students(plain),
        "scale": scale(plain),
        "reality": reality(results),
        "unknown": unknown(every),
        "student_gains": student_gains(plain),
    }


def unknown(results: Iterable[JsonObject]) -> dict[str, Any]:
    """Return the detection of unknown objects by the first run that left classes out of training.

    Returns:
        `run`, the name of that run, `auroc` by the margin that recognition uses, and the figures of
        `measure_unknown`; empty where there is no such run.
    """
    for result in results:
        if result["kind"] == "fusion" and result.get("auroc_unknown") is not None:
            head = {"run": result["name"], "auroc": result["auroc_unknown"]}
            return head | result["unknown"]
    return {}


def reality(results: Iterable[JsonObject]) -> dict[str, Any]:
    """Compare students by the origin of their training samples.

    Returns:
        By origin (simulated, recorded, all) and modality that has held-out recordings, means over
        the seeds of CAD with all data, in percent: `simulated`, top-1 on simulated test samples,
        and `recorded`, `competing` and `own_names`, the figures of `measure_recordings`; and
        `seeds`, their number. Empty where only one origin was trained on.
    """
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for result in results:
        if result["objective"] != "cad" or result["without"] or result.get("tag"):
            continue
        if result["share"] != 100:
            continue
        for modality, real in result.get("real", {}).items():
            if "top1" not in real:
                continue
            place = found.setdefault(result.get("origins", "all"), {}).setdefault(modality, {})
            simulated = result["modalities"][modality].get("test_samples_simulated")
            figures = reality_figures(real, None if simulated is None else 100 * simulated)
            for name, value in figures.items():
                if value is not None:
                    place.setdefault(name, []).append(value)
    if len(found) < 2:
        return {}
    return {
        origin: {
            modality: {name: float(np.mean(values)) for name, values in of.items()}
            | {"seeds": len(of["recorded"])}
            for modality, of in found[origin].items()
        }
        for origin in ORIGIN_ORDER
        if origin in found
    }


def reality_figures(real: JsonObject, simulated: float | None) -> dict[str, float | None]:
    """Return the compared figures of one modality, in percent; None where there is none.

    Args:
        real: The figures of `measure_recordings` for the modality.
        simulated: Top-1 on simulated test samples.
    """
    return {
        "simulated": simulated,
        "recorded": real["top1"],
        "competing": real["competing"]["top1"],
        "own_names": real.get("own_names", {}).get("top1"),
    }


def students(results: Iterable[JsonObject]) -> dict[str, Any]:
    """Compare objectives.

    Returns:
        By student modality: each objective's top-1 on test samples in percent with `HEADLINE`
        percent of the data, mean over seeds; `spread`, the standard deviation over seeds, where
        there are several; `seeds`; `without`, CAD without each term, and under `cad` CAD with the
        same seeds; and `at_100`, the same with all data.
    """
    results = list(results)
    found: dict[str, Any] = {}
    for modality in STUDENTS:
        entry: dict[str, Any] = {}
        at_100: dict[str, Any] = {}
        for share, into in ((HEADLINE, entry), (100.0, at_100)):
            spread, seeds = {}, {}
            for objective, values in _by_objective(results, modality, share).items():
                into[objective] = float(np.mean(values))
                if len(values) > 1:
                    spread[objective] = float(np.std(values, ddof=1))
                seeds[objective] = len(values)
            if into:
                without = _without(results, modality, share)
                into |= {"spread": spread, "seeds": seeds, "without": without}
        if entry or at_100:
            found[modality] = {"without": {}} | entry | {"at_100": at_100}
    return found


def student_gains(results: Iterable[JsonObject]) -> dict[str, Any]:
    """Return the gains of CAD, ours and the paper's, with `HEADLINE` percent of the data.

    Returns:
        By objective, what it is compared with (`plain`, the best plain objective of each student,
        which begin as `omnibind` does; `cross_entropy_from_image`, which begins as `cad` and
        `omnibind_from_image` do), and student modality (`mean`: of all): `points`, the means over
        seeds, and `interval`, by a bootstrap over test objects; of runs that have the outcomes by
        object.
    """
    runs: dict[str, list[JsonObject]] = {}
    for result in results:
        if not result["without"] and result["share"] == HEADLINE and result.get("outcomes"):
            runs.setdefault(label(result), []).append(result["outcomes"])
    found: dict[str, Any] = {}
    for objective, rivals in COMPARED.items():
        if objective in runs:
            found[objective] = {
                name: compared
                for name, others in rivals.items()
                if (compared := gains(runs[objective], [runs[o] for o in others if o in runs]))
            }
    return found


def _without(results: Iterable[JsonObject], modality: str, share: float) -> dict[str, float]:
    """Return top-1 of CAD without each term, and under `cad` of CAD with the same seeds."""
    complete: list[JsonObject] = []
    ablated: dict[str, list[JsonObject]] = {}
    for result in results:
        if result["share"] == share and modality in result["modalities"]:
            if result["without"]:
                ablated.setdefault(result["without"], []).append(result)
            elif label(result) == "cad":
                complete.append(result)
    seeds = {result["seed"] for runs in ablated.values() for result in runs}
    found = {term: _mean(runs, modality) for term, runs in ablated.items()}
    same_seeds = [result for result in complete if result["seed"] in seeds]
    return found | ({"cad": _mean(same_seeds, modality)} if same_seeds else {})


def _mean(results: Iterable[JsonObject], modality: str) -> float:
    return float(np.mean([_top1(result, modality) for result in results]))


def scale(results: Iterable[JsonObject]) -> dict[str, Any]:
    """Return top-1 in percent by objective, percent of data, and modality (`mean`: of all)."""
    found: dict[str, Any] = {}
    for result in results:
        if result["without"]:
            continue
        place = found.setdefault(label(result), {}).setdefault(f"{result['share']:g}", {})
        for modality in result["modalities"]:
            place.setdefault(modality, []).append(_top1(result, modality))
    for shares in found.values():
        for share, values in shares.items():
            each = {modality: float(np.mean(v)) for modality, v in values.items()}
            shares[share] = each | {"mean": float(np.mean(list(each.values())))}
    return found


def _by_objective(
    results: Iterable[JsonObject], modality: str, share: float
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for result in results:
        if not result["without"] and result["share"] == share and modality in result["modalities"]:
            found.setdefault(label(result), []).append(_top1(result, modality))
    return found


def label(result: JsonObject) -> str:
    """Return the objective of a run, or OBJECTIVE_from_START if its `start` is not the default."""
    objective = str(result["objective"])
    start = result.get("start", DEFAULT_START[objective])
    return objective if start == DEFAULT_START[objective] else f"{objective}_from_{start}"


def _top1(result: JsonObject, modality: str) -> float:
    return 100 * float(result["modalities"][modality]["test_samples"])
