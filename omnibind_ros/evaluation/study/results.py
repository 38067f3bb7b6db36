"""What the runs of a study say together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros.learning.cad.losses import PLAIN
from omnibind_ros.learning.config import STUDENT_MODALITIES, TrainingError

from .plan import USUAL

HEADLINE = 10.0
"""Percent of student data in the unequal-scale setting."""

ORIGIN_ORDER = ("simulated", "recorded", "all")

BEGINNINGS = ("cross_entropy_from_image", "cross_entropy_from_random")
"""Cross-entropy that begins otherwise than the plain objectives, whose students of pictures are the
image teacher's first layers: as CAD's begin, or without anything of a teacher."""

OBJECTIVES = ("cad", *PLAIN, *BEGINNINGS)
"""What results are told of, in this order."""

Result = Mapping[str, Any]


def read_result(path: Path) -> Result:
    """Read the result of a run.

    Raises:
        TrainingError: It is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path} is no result of a run ({error}); remove it, and it is run again"
        ) from error
    if not isinstance(found, dict) or not {"key", "kind", "data"} <= found.keys():
        raise TrainingError(f"{path} is no result of a run; remove it, and it is run again")
    return found


def read_results(folder: Path) -> list[Result]:
    """Read all results of a study, by name; none where the folder is not there."""
    return [read_result(path) for path in sorted(folder.glob("*.json"))]


def read_study(folder: Path, data: str = "household") -> dict[str, Any]:
    """Return `students`, `scale`, `reality` and `unknown` of a study, for `omnibind evaluate`.

    Args:
        folder: Where results are.
        data: Name of the dataset.
    """
    every = [r for r in read_results(folder) if r["data"] == data]
    results = [r for r in every if r["kind"] == "students"]
    plain = [r for r in results if not r.get("tag") and r.get("origins", "all") == "all"]
    return {
        "students": students(plain), "scale": scale(plain), "reality": reality(results),
        "unknown": unknown(every),
    }  # fmt: skip


def unknown(results: Iterable[Result]) -> dict[str, Any]:
    """Return what runs say whose training left classes out, as `measure_unknown` does.

    Returns:
        `run`, the first such fusion's name, `auroc`, what recognition goes by, and what else
        `measure_unknown` says of it; nothing where there is no such run.
    """
    for result in results:
        if result["kind"] == "fusion" and result.get("auroc_unknown") is not None:
            said = {"run": result["name"], "auroc": result["auroc_unknown"]}
            return said | result["unknown"]
    return {}


def reality(results: Iterable[Result]) -> dict[str, Any]:
    """Compare students by the origin of what they were trained on.

    Returns:
        By origin (simulated, recorded, all) and modality that has held-out recordings, means over
        the seeds of CAD with all data, in percent: `simulated`, top-1 on simulated test samples,
        and `recorded`, `competing` and `own_names`, what `measure_recordings` says of recordings;
        and `seeds`. Nothing where only one origin was trained on.
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
            said = reality_figures(real, None if simulated is None else 100 * simulated)
            for name, value in said.items():
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


def reality_figures(real: Result, simulated: float | None) -> dict[str, float | None]:
    """Return the figures of one modality that are compared, in percent; None where there is none.

    Args:
        real: What `measure_recordings` said of it.
        simulated: Top-1 on simulated test samples.
    """
    return {
        "simulated": simulated,
        "recorded": real["top1"],
        "competing": real["competing"]["top1"],
        "own_names": real.get("own_names", {}).get("top1"),
    }


def students(results: Iterable[Result]) -> dict[str, Any]:
    """Compare objectives.

    Returns:
        By student modality: each objective's top-1 on test samples in percent with `HEADLINE`
        percent of the data, mean over seeds; `spread`, the standard deviation over seeds, where
        there are several; `seeds`; `without`, CAD without each term, and under `cad` CAD with the
        same seeds; and `at_100`, the same with all data.
    """
    results = list(results)
    found: dict[str, Any] = {}
    for modality in STUDENT_MODALITIES:
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


def _without(results: Iterable[Result], modality: str, share: float) -> dict[str, float]:
    """Return top-1 of CAD without each term, and under `cad` of CAD with the same seeds."""
    whole: list[Result] = []
    lacking: dict[str, list[Result]] = {}
    for result in results:
        if result["share"] == share and modality in result["modalities"]:
            if result["without"]:
                lacking.setdefault(result["without"], []).append(result)
            elif label(result) == "cad":
                whole.append(result)
    seeds = {result["seed"] for runs in lacking.values() for result in runs}
    found = {term: _mean(runs, modality) for term, runs in lacking.items()}
    alike = [result for result in whole if result["seed"] in seeds]
    return found | ({"cad": _mean(alike, modality)} if alike else {})


def _mean(results: Iterable[Result], modality: str) -> float:
    return float(np.mean([_top1(result, modality) for result in results]))


def scale(results: Iterable[Result]) -> dict[str, Any]:
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


def _by_objective(results: Iterable[Result], modality: str, share: float) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for result in results:
        if not result["without"] and result["share"] == share and modality in result["modalities"]:
            found.setdefault(label(result), []).append(_top1(result, modality))
    return found


def label(result: Result) -> str:
    """Return the objective of a run; as OBJECTIVE_from_START where it began as is not usual."""
    objective = str(result["objective"])
    start = result.get("start", USUAL[objective])
    return objective if start == USUAL[objective] else f"{objective}_from_{start}"


def _top1(result: Result, modality: str) -> float:
    return 100 * float(result["modalities"][modality]["test_samples"])
