"""The plan of a study: a list of runs, read from YAML."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from omnibind_ros.config import ParameterError
from omnibind_ros.learning.af.config import FusionConfig, parse_fusion_config
from omnibind_ros.learning.cad.losses import CAD_TERMS, PLAIN
from omnibind_ros.learning.config import TrainingConfig, TrainingError
from omnibind_ros.learning.config_file import parse_config, read_yaml
from omnibind_ros.modalities import STUDENTS

KEYS = {
    "students": (
        *("kind", "data", "objective", "without", "start"),
        *("share", "origins", "seed", "tag", "config"),
    ),
    "fusion": ("kind", "data", "of", "seed", "tag", "config"),
}
"""The keys of an entry of a plan, by kind."""

LISTS = ("objective", "without", "start", "share", "origins", "seed")
"""Keys that may hold a list of values; the entry is then one run for each combination of them."""

TRANSFER = "transfer"
"""Initialisation from the image student, which CAD has beside its losses. `without: transfer`
initialises students as those of the plain objectives."""

DEFAULT_START = {"cad": "auto"} | dict.fromkeys(("omnibind", *PLAIN), "teacher")
"""Initialisation of students by objective, where an entry has no `start`."""


@dataclass(frozen=True)
class Run:
    """One run of a study.

    Attributes:
        name: Unique in the study; its result is NAME.json.
        kind: students or fusion.
        data: Name of the dataset.
        seed: Of all random generators.
        objective: The objective of the students.
        without: The term of CAD that is switched off, or `TRANSFER`, or ''.
        start: Initialisation of students, as `ScheduleConfig.start`.
        share: Share of the students' training data, percent.
        origins: Samples that students are trained on: all, simulated or recorded.
        tag: Part of the run's name for a changed configuration, or ''; a run with a tag is not
            compared with the others.
        of: Name of the run of students whose embeddings a fusion is trained on.
        config: Further values of the configuration.
    """

    name: str
    kind: str
    data: str
    seed: int = 0
    objective: str = "cad"
    without: str = ""
    start: str = DEFAULT_START["cad"]
    share: float = 100.0
    origins: str = "all"
    tag: str = ""
    of: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    def key(self, dataset: str) -> str:
        """Return a hash of everything that determines the result, given the hash of the dataset."""
        # Fields that were added later keep the old hash at their defaults.
        given = {
            name: value
            for name, value in asdict(self).items()
            if (name, value) not in (("origins", "all"), ("tag", ""))
        }
        text = json.dumps([given, dataset], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def students(self) -> TrainingConfig:
        """Return the configuration of a run of students; raises ParameterError."""
        given = dict(self.config)
        loss = dict(given.pop("loss", {})) | {"objective": self.objective}
        start = self.start
        if self.without == TRANSFER:
            start = "teacher"
        elif self.without:
            loss[self.without] = 0.0
        own = {
            "loss": loss,
            "schedule": dict(given.pop("schedule", {})) | {"start": start},
            "seed": self.seed,
            "origins": self.origins,
        }
        config = parse_config(given | own)
        return replace(config, shares=dict.fromkeys(STUDENTS, float(self.share)))

    def fusion(self) -> FusionConfig:
        """Return the configuration of a run of fusion; raises ParameterError."""
        return parse_fusion_config(dict(self.config) | {"seed": self.seed})


def read_plan(path: Path) -> list[Run]:
    """Read a plan.

    Args:
        path: YAML with `runs`, a list of entries, and `defaults`, the common configuration of all
            entries of a kind.

    Returns:
        The runs in the order of the file.

    Raises:
        TrainingError: The file cannot be read, or an entry is wrong.
    """
    data = read_yaml(path)
    if not isinstance(data, Mapping) or not isinstance(data.get("runs"), list):
        raise TrainingError(f"{path} is no plan of a study; it needs `runs`, a list")
    runs: list[Run] = []
    for number, entry in enumerate(data["runs"]):
        try:
            runs += _expand(entry, data.get("defaults") or {})
        except (ParameterError, ValueError, TypeError) as error:
            raise TrainingError(f"{path}, entry {number + 1} of runs: {error}") from error
    _check_names(path, runs)
    return runs


def _expand(entry: Any, defaults: Mapping[str, Any]) -> list[Run]:
    if not isinstance(entry, Mapping) or entry.get("kind") not in KEYS:
        raise ValueError(f"kind must be one of {', '.join(KEYS)}")
    kind = str(entry["kind"])
    for key in entry:
        if key not in KEYS[kind]:
            raise ValueError(f"there is no key {key}; use {', '.join(KEYS[kind])}")
    config = dict(defaults.get(kind) or {}) | dict(entry.get("config") or {})
    base = Run(
        "",
        kind,
        str(entry.get("data", "household")),
        of=str(entry.get("of", "")),
        tag=str(entry.get("tag", "")),
        config=config,
    )
    lists = {key: _list(entry[key]) for key in LISTS if key in entry}
    runs = []
    for values in product(*lists.values()):
        run = replace(base, **dict(zip(lists, values, strict=True)))
        if run.objective not in DEFAULT_START:
            raise ValueError(
                f"objective is {run.objective!r}, but must be {', '.join(DEFAULT_START)}"
            )
        if "start" not in lists:
            run = replace(run, start=DEFAULT_START[run.objective])
        run = replace(run, name=_name(run), without=run.without or "")
        _check(run)
        runs.append(run)
    return runs


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _check(run: Run) -> None:
    """Check what would otherwise fail only when the run is reached."""
    if run.without and (run.objective != "cad" or run.without not in (*CAD_TERMS, TRANSFER)):
        terms = ", ".join((*CAD_TERMS, TRANSFER))
        raise ValueError(f"without is {run.without!r}, but must be a term of cad: {terms}")
    if not 0 < run.share <= 100:
        raise ValueError(f"share is {run.share}, but must be a percentage above 0, up to 100")
    if not re.fullmatch(r"[a-z_]*", run.tag):
        raise ValueError(f"tag is {run.tag!r}, but must be of small letters and _")
    _ = run.students() if run.kind == "students" else run.fusion()


def _name(run: Run) -> str:
    tag = f"-{run.tag}" if run.tag else ""
    if run.kind == "fusion":
        return f"{run.data}-fusion{tag}-s{run.seed}"
    what = f"cad-without-{run.without}" if run.without else run.objective
    start = "" if run.start == DEFAULT_START[run.objective] else f"-from-{run.start}"
    origins = "" if run.origins == "all" else f"-{run.origins}"
    return f"{run.data}-{what}{start}-{run.share:g}{origins}{tag}-s{run.seed}"


def _check_names(path: Path, runs: Sequence[Run]) -> None:
    seen: set[str] = set()
    for run in runs:
        if run.name in seen:
            raise TrainingError(f"{path} has the run {run.name} twice; leave one out")
        if run.kind == "fusion" and run.of not in seen:
            raise TrainingError(
                f"{path}: the run {run.name} is of '{run.of}', which is no earlier run of students"
            )
        seen.add(run.name)
