"""The commands `omnibind evaluate`, `omnibind study` and `omnibind report`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction
from omnibind_ros.worker_options import add_worker_options

READ_CONFIG = LazyFunction("omnibind_ros.learning.af.config", "read_fusion_config")
READ_PLAN = LazyFunction("omnibind_ros.evaluation.study.plan", "read_plan")
RUN_EVALUATE = LazyFunction("omnibind_ros.evaluation.run_evaluate", "run_evaluate")
RUN_REAL = LazyFunction("omnibind_ros.evaluation.run_real", "run_real")
WRITE_REPORT = LazyFunction("omnibind_ros.evaluation.report.write", "write_report")

NEEDS = "install omnibind_ros[train,sim]"

CACHE = Path("~/.cache/omnibind_ros/embeddings")


def add_evaluation(commands: Any) -> None:
    """Add `evaluate`, `study` and `report` to the parser of `omnibind`."""
    _add_evaluate(commands)
    _add_study(commands)
    report = commands.add_parser("report", help="write the report of an evaluation and a study")
    report.add_argument(
        "--results",
        type=Path,
        default=Path("docs/results"),
        metavar="DIR",
        help="folder with evaluation.json and study/; pictures are written there (docs/results)",
    )
    report.add_argument(
        "--out",
        type=Path,
        default=Path("docs/results.md"),
        metavar="FILE",
        help="the report (docs/results.md)",
    )
    report.add_argument(
        "--readme",
        type=Path,
        default=Path("README.md"),
        metavar="FILE",
        help="a README whose table of live figures is written anew, if it has one (README.md)",
    )
    report.set_defaults(run=_report, needs=NEEDS)


def _add_evaluate(commands: Any) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="measure a bundle on held-out objects, in all combinations of modalities"
    )
    evaluate.add_argument("--bundle", required=True, metavar="DIR", help="its folder, or its name")
    evaluate.add_argument("--data", type=Path, metavar="DIR", help="the dataset")
    evaluate.add_argument(
        "--real",
        type=Path,
        metavar="DIR",
        help="recordings of real sensors: a folder of sets, each CLASS/FILE or CLASS/OBJECT/FILE; "
        "without --data these alone are measured",
    )
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    evaluate.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="how the bundle's fusion was trained; learned baselines are trained likewise",
    )
    evaluate.add_argument(
        "--labels",
        choices=("shipped", "classes"),
        default="shipped",
        help="the labels that compete with --data: those that the bundle ships, where each object "
        "has the finest name that it can have (default); or the classes of the dataset",
    )
    evaluate.add_argument(
        "--unknown",
        metavar="CLASS,...",
        help="classes that training has not seen (those of the bundle's manifest)",
    )
    evaluate.add_argument(
        "--study",
        type=Path,
        default=Path("docs/results/study"),
        metavar="DIR",
        help="results of the study, for the figures of students (docs/results/study)",
    )
    evaluate.add_argument(
        "--cache",
        type=Path,
        default=CACHE,
        metavar="DIR",
        help=f"where embeddings are kept ({CACHE})",
    )
    evaluate.add_argument(
        "--record", action="store_true", help="write the main figures into the bundle's manifest"
    )
    add_worker_options(evaluate, "encode samples")
    evaluate.set_defaults(
        check=_check_evaluate,
        run=_evaluate,
        needs=NEEDS,
    )


def _add_study(commands: Any) -> None:
    study = commands.add_parser("study", help="carry out a study; an interrupted one continues")
    study.add_argument("--plan", type=Path, required=True, metavar="FILE", help="its runs, in YAML")
    study.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="NAME=DIR",
        help="a dataset by the name that the plan uses; once for each dataset",
    )
    study.add_argument(
        "--out",
        type=Path,
        default=Path("docs/results/study"),
        metavar="DIR",
        help="folder of the results, one file for each run (docs/results/study)",
    )
    study.add_argument(
        "--work",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of tensors and checkpoints while the study runs",
    )
    add_worker_options(study, "prepare samples")
    study.set_defaults(
        check=_check_study,
        run=LazyFunction("omnibind_ros.evaluation.run_study", "run_study_command"),
        needs=NEEDS,
    )


def _check_evaluate(options: argparse.Namespace) -> None:
    """Read the configuration, in place of its file, before the slow imports."""
    if options.data is None and options.real is None:
        raise ValueError("nothing is to be measured; give --data DIR, --real DIR, or both")
    if options.real is not None and not options.real.is_dir():
        raise ValueError(f"--real {options.real} is no folder; name that of the recordings")
    if options.data is None and options.record:
        raise ValueError("--record writes the figures of a dataset; give --data DIR too")
    if options.data is not None:
        options.config = READ_CONFIG(options.config)


def _evaluate(options: argparse.Namespace) -> int:
    """Measure on a dataset, or on real recordings alone, which needs no torch."""
    return int((RUN_REAL if options.data is None else RUN_EVALUATE)(options))


def _check_study(options: argparse.Namespace) -> None:
    """Read the plan and the names of the datasets, in place of what was typed."""
    options.plan = READ_PLAN(options.plan)
    datasets = {}
    for given in options.data:
        name, _, folder = given.partition("=")
        if not folder:
            raise ValueError(f"--data is {given}, but must be NAME=DIR")
        datasets[name] = Path(folder)
    options.data = datasets


def _report(options: argparse.Namespace) -> int:
    WRITE_REPORT(options.results, options.out, options.readme)
    print(f"wrote {options.out}")
    return 0
