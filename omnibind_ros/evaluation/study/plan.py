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
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.cad.losses import CAD_TERMS, PLAIN
from omnibind_ros.learning.config import (
    STUDENT_MODALITIES,
    TrainingConfig,
    TrainingError,
    parse_config,
    parse_section,
    read_yaml,
)

KEYS = {
    "students": (
        "kind", "data", "objective", "without", "start", "share", "origins", "seed", "tag", "config"
    ),
    "fusion": ("kind", "data", "of", "seed", "tag", "config"),
}  # fmt: skip
LISTS = ("objective", "without", "start", "share", "origins", "seed")
"""Keys of which an entry may name several values: it stands for a run of each combination."""

TRANSFER = "transfer"
"""What CAD has beside its losses: students of pictures begin as the image student. Without it they
begin where those of the plain objectives begin."""


USUAL = {"cad": "auto"} | dict.fromkeys(PLAIN, "teacher")
"""What students of pictures begin with where an entry does not say it, by objective."""


@dataclass(frozen=True)
class Run:
    """One run of a study.

    Attributes:
        name: Unique in the study; its result is NAME.json.
        kind: students or fusion.
        data: Name of the dataset.
        seed: Decides all chance.
        objective: Of students.
        without: The term of CAD that is switched off, or `TRANSFER`, or ''.
        start: What students of pictures begin with, as `ScheduleConfig.start`.
        share: Percent of the students' training data.
        origins: Whether students are trained on all samples, simulated or recorded ones.
        tag: Says in the run's name what its configuration changes, or ''; a run that has one is
            not compared with the others.
        of: Name of the run of students whose embeddings a fusion learns from.
        config: Other values of the configuration.
    """

    name: str
    kind: str
    data: str
    seed: int = 0
    objective: str = "cad"
    without: str = ""
    start: str = USUAL["cad"]
    share: float = 100.0
    origins: str = "all"
    tag: str = ""
    of: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    def key(self, dataset: str) -> str:
        """Return a hash of all that its result follows from, the dataset's own hash included."""
        # A value that every run had before the field was there does not make it another run.
        given = {
            name: value
            for name, value in asdict(self).items()
            if (name, value) not in (("origins", "all"), ("tag", ""))
        }
        facts = json.dumps([given, dataset], sort_keys=True)
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

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
            "loss": loss, "schedule": dict(given.pop("schedule", {})) | {"start": start},
            "seed": self.seed, "origins": self.origins,
        }  # fmt: skip
        config = parse_config(given | own)
        return replace(config, shares=dict.fromkeys(STUDENT_MODALITIES, float(self.share)))

    def fusion(self) -> FusionConfig:
        """Return the configuration of a run of fusion; raises ParameterError."""
        return parse_section(FusionConfig, dict(self.config) | {"seed": self.seed})


def read_plan(path: Path) -> list[Run]:
    """Read a plan.

    Args:
        path: YAML with `runs`, a list of entries; and `defaults`, by kind the configuration that
            entries of that kind begin with.

    Returns:
        The runs in the order of the file, those of an entry with several values one by one.

    Raises:
        TrainingError: It cannot be read, or a run cannot be.
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
    base = Run("", kind, str(entry.get("data", "household")), of=str(entry.get("of", "")),
               tag=str(entry.get("tag", "")), config=config)  # fmt: skip
    lists = {key: _list(entry[key]) for key in LISTS if key in entry}
    made = []
    for values in product(*lists.values()):
        run = replace(base, **dict(zip(lists, values, strict=True)))
        if run.objective not in USUAL:
            raise ValueError(f"objective is {run.objective!r}, but must be {', '.join(USUAL)}")
        if "start" not in lists:
            run = replace(run, start=USUAL[run.objective])
        run = replace(run, name=_name(run), without=run.without or "")
        _check(run)
        made.append(run)
    return made


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _check(run: Run) -> None:
    """Say now what would fail after hours."""
    if run.without and (run.objective != "cad" or run.without not in (*CAD_TERMS, TRANSFER)):
        raise ValueError(f"without is {run.without!r}, but must be a term of cad: "
                         f"{', '.join((*CAD_TERMS, TRANSFER))}")  # fmt: skip
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
    start = "" if run.start == USUAL[run.objective] else f"-from-{run.start}"
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
