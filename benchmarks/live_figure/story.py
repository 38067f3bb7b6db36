"""The runs of the story: which there are, who comes upon what, and how they are continued."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import omnibind_ros
from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.robot.rendered import RenderPlan, Thing
from omnibind_ros.simulation.robot.rendering import streamed_modalities
from omnibind_ros.simulation.robot.story import Story, ordered

from .leg import Leg

ORDER = 0
"""Seed of the order of the objects."""


def run_names(wanted: str) -> list[str]:
    """Return the names of runs: `all`, `missing:SENSOR` and `lying:SENSOR`.

    Args:
        wanted: Names with commas between; `missing` and `lying` stand for those of all sensors.

    Raises:
        ValueError: One does not exist.
    """
    names: list[str] = []
    for part in filter(None, (part.strip() for part in wanted.split(","))):
        kind, _, sensor = part.partition(":")
        if part == "all":
            names.append(part)
        elif kind in ("missing", "lying") and (sensor in MODALITIES or part == kind):
            names += [f"{kind}:{name}" for name in ([sensor] if sensor else MODALITIES)]
        else:
            raise ValueError(
                f"there is no run '{part}': use all, missing, lying, missing:SENSOR or lying:SENSOR"
            )
    return list(dict.fromkeys(names))


def legs(
    name: str, things: Sequence[Thing], objects: int, sample: int, robots: int, seconds: float
) -> list[Leg]:
    """Return the legs of a run: the objects, in a fixed order, are divided among the robots.

    Args:
        name: Of the run.
        things: All objects.
        objects: Number of objects of the run `all`; 0: all of them.
        sample: Most objects of another run, the first of those.
        robots: Number of robots, each with devices of its own.
        seconds: At each object.
    """
    kind, _, sensor = name.partition(":")
    count = objects or len(things)
    chosen = ordered(things, ORDER, count if kind == "all" else min(count, sample))
    rates = tuple(streamed_modalities().items())
    return [
        Leg(
            RenderPlan(seconds, robot, rates),
            chosen[robot::robots],
            missing=sensor if kind == "missing" else "",
            lying=sensor if kind == "lying" else "",
        )
        for robot in range(robots)
        if chosen[robot::robots]
    ]


def needed(leg: Leg, pool: Sequence[Thing]) -> list[Thing]:
    """Return the objects that must be rendered for a leg."""
    if not leg.lying:
        return list(leg.things)
    story = Story.of(leg.things, pool, leg.plan.seed)
    others = [o for place, o in enumerate(story.others) if story.lies(place, "second")]
    return list({thing.object_id: thing for thing in (*leg.things, *others)}.values())


def fingerprint(bundle: Path, *values: Any) -> str:
    """Return a hash of all code, a bundle's files and values: what a run depends on."""
    digest = hashlib.sha256(json.dumps(values, default=str).encode())
    code = (Path(omnibind_ros.__file__).parent, Path(__file__).parent)
    sources = [file for folder in code for file in sorted(folder.rglob("*.py"))]
    for file in (*sources, *sorted(bundle.iterdir())):
        if file.is_file():
            digest.update(f"{file.name} {file.stat().st_size}".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class Parts:
    """The runs that are finished, one JSON file each, so that an interrupted story continues."""

    def __init__(self, folder: Path) -> None:
        """Keep them in a folder."""
        self._folder = folder

    def run(self, name: str, key: str, measure: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Return a run: the one that is kept, if it has the same key, else a new one.

        Args:
            name: Of the run.
            key: Hash of what it depends on.
            measure: Carries it out.
        """
        path = self._folder / f"{name.replace(':', '-')}.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if kept.get("key") == key:
            return dict(kept["run"])
        run = dict(measure())
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps({"key": key, "run": run}) + "\n")
        return run
