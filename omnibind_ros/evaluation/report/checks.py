"""What single benchmarks have measured of the bundle, with the goals of that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from omnibind_ros.evaluation import JsonObject
from omnibind_ros.learning.config import TrainingError

from .goal import Goal
from .markdown import table

FOLDER = "checks"
"""Folder beside the evaluation with one file for each benchmark; each of them may be missing."""


class Check(NamedTuple):
    """A benchmark whose figures have goals.

    Attributes:
        file: Name of its file in `FOLDER`, without the ending.
        command: What writes the file, without the option --json.
        goals: Yields the goals of its figures.
    """

    file: str
    command: str
    goals: Callable[[Any], Iterator[Goal]]


def _photographs(figures: JsonObject) -> Iterator[Goal]:
    bundle, teacher = figures["bundles"].values()
    count = figures["photographs"]
    lost = round((teacher["encoder"] - bundle["right"]) * count / 100)
    what = f"{count} photographs of things that have a label: named right"
    yield Goal(
        f"{what} by the node ({bundle['right']:g} %), below the untouched teacher "
        f"({teacher['encoder']:g} %)",
        3,
        lost,
        "pictures",
        most=True,
    )
    yield Goal(
        f"the same: wrong and known (known {bundle['known']:g} %)",
        5.1,
        bundle["wrong_known"],
        "%",
        most=True,
    )


def _sounds(figures: JsonObject) -> Iterator[Goal]:
    changes = figures["changes"]
    first = changes["as recorded"]["top1"]
    groups: dict[str, list[str]] = {"level": [], "clipped": [], "rate": [], "8 kHz": []}
    for name in changes:
        if name != "as recorded":
            groups[_kind(name)].append(name)
    words = {
        "level": ("at other levels", 2.0),
        "clipped": ("clipped by 3 dB", 2.0),
        "rate": ("at other sampling rates", 2.0),
        "8 kHz": ("at 8 kHz", 10.0),
    }
    for kind, (where, goal) in words.items():
        if groups[kind]:
            worst = max(groups[kind], key=lambda name: first - changes[name]["top1"])
            what = f"{figures['clips']} sounds, {where}: points lost, at worst ({worst})"
            yield Goal(what, goal, first - changes[worst]["top1"], "points", most=True)


def _kind(change: str) -> str:
    if change.startswith("8 kHz"):
        return "8 kHz"
    return "rate" if "kHz" in change else "clipped" if "clipped" in change else "level"


def _cloud_frames(figures: JsonObject) -> Iterator[Goal]:
    variants = figures["variants"]
    first = next(iter(variants.values()))["balanced"]
    tables = [name for name in variants if "table" in name]
    frames = [name for name in list(variants)[1:] if name not in tables and "base" not in name]
    for what, names in (("on a table", tables), ("in another frame", frames)):
        if names:
            worst = min(names, key=lambda name: variants[name]["balanced"])
            lost = first - variants[worst]["balanced"]
            where = f"{figures['clouds']} Kinect clouds {what}: points lost, at worst ({worst})"
            yield Goal(where, 5.0, lost, "points", most=True)


def _thermal_background(figures: JsonObject) -> Iterator[Goal]:
    what = f"{figures['n']} thermal pictures without a thing: known"
    yield Goal(what, 15.0, figures["known"], "%", most=True)


def _touch_layers(figures: JsonObject) -> Iterator[Goal]:
    gains = {name: row["shipped"] - row["first_layers"] for name, row in figures["sets"].items()}
    worst = min(gains, key=lambda name: gains[name])
    what = "real gel pads: linear probe, shipped features less the ImageNet layers', at worst"
    yield Goal(f"{what} ({worst})", 0.0, gains[worst], "points")


def _encoders(figures: JsonObject) -> Iterator[Goal]:
    what = f"all encoders once on one core ({figures['processor']['name']})"
    yield Goal(what, 25.0, figures["all_once_ms"], "ms", most=True)
    yield Goal("the bundle's files", 60.0, figures["bundle_mb"], "MB", most=True)


CHECKS = (
    Check("photographs", "python3 benchmarks/imagenet_photographs.py DIR", _photographs),
    Check("cloud_frames", "python3 benchmarks/cloud_frames.py DIR", _cloud_frames),
    Check(
        "thermal_background", "python3 benchmarks/thermal_background.py DIR", _thermal_background
    ),
    Check("sounds", "python3 benchmarks/sounds.py DIR", _sounds),
    Check("touch_layers", "python3 benchmarks/touch_layers.py DIR", _touch_layers),
    Check("encoders", "python3 benchmarks/encoders.py", _encoders),
)


def checks_section(results: Path) -> list[str]:
    """Return the section of the benchmarks that were run; empty where none was.

    Args:
        results: Folder with the evaluation, and with `FOLDER`.

    Raises:
        TrainingError: A file is damaged.
    """
    rows = []
    for check in CHECKS:
        path = results / FOLDER / f"{check.file}.json"
        if not path.is_file():
            continue
        try:
            goals = list(check.goals(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrainingError(
                f"{path} has no figures of '{check.command}' ({error}); write it again with "
                f"that command and --json {path}"
            ) from error
        rows += [(*goal.row(), f"`{check.command}`") for goal in goals]
    if not rows:
        return []
    head = ("figure", "goal", "measured", "verdict", "command")
    return [
        "## By single benchmarks",
        f"Each command writes its file with `--json docs/results/{FOLDER}/NAME.json`; it says with "
        "`--help` which recordings it takes.",
        table(head, rows),
    ]
