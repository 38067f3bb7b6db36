"""The commands `omnibind evaluate`, `omnibind study` and `omnibind report`."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that the others start without it
from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from omnibind_ros.evaluation import JsonObject

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
    report.set_defaults(run=_report, needs=NEEDS)


def _add_evaluate(commands: Any) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="measure a bundle on held-out objects, in all combinations of modalities"
    )
    evaluate.add_argument("--bundle", required=True, metavar="DIR", help="its folder, or its name")
    evaluate.add_argument("--data", type=Path, required=True, metavar="DIR", help="the dataset")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    evaluate.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="how the bundle's fusion was trained; the perceptron is trained in the same way",
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
    _add_workers(evaluate)
    evaluate.set_defaults(run=_evaluate, needs=NEEDS)


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
    _add_workers(study)
    study.set_defaults(run=_study, needs=NEEDS)


def _add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="processes that prepare samples (one for each core)",
    )


def _evaluate(options: argparse.Namespace) -> int:
    from omnibind_ros.datasets.storage.files import write_whole
    from omnibind_ros.learning.af.config import read_fusion_config
    from omnibind_ros.learning.commands import progress_bars

    config = read_fusion_config(options.config)

    from .measure.bundle import evaluate_bundle

    unknown = None
    if options.unknown is not None:
        unknown = [name.strip() for name in options.unknown.split(",") if name.strip()]
    with progress_bars() as progress:
        figures = evaluate_bundle(
            options.bundle,
            options.data,
            options.cache.expanduser(),
            config,
            unknown,
            options.study,
            options.workers or os.cpu_count() or 1,
            lambda what, done, total: progress(what, done, total, {}),
        )
    if options.json:
        write_whole(options.json, json.dumps(figures, indent=1) + "\n")
    if options.record:
        from omnibind_ros.encoders.bundle import resolve_bundle
        from omnibind_ros.encoders.manifest_writing import record_figures

        from .measure.bundle import main_figures

        record_figures(resolve_bundle(options.bundle), "evaluation", main_figures(figures))
    _print(figures)
    return 0


def _print(figures: JsonObject) -> None:
    print(
        f"{figures['bundle']}: {figures['samples']} samples of {figures['objects']} objects in "
        f"{figures['classes']} classes"
    )
    for name, part in figures["summary"].items():
        rules = ", ".join(f"{rule} {value:.1f}%" for rule, value in part["top1"].items())
        print(f"{name.replace('_', ' ')}, {part['combinations']} combinations: {rules}")
    everything = "+".join(figures["modalities"])
    top1 = figures["combinations"][everything]["af"]
    print(f"{everything}: top-1 {top1:.1f}%, ECE {figures['ece']:.1f}%")
    for modality, real in figures["real"].items():
        if "top1" in real:
            own = real.get("own_names", real["competing"])
            print(
                f"{modality}, {real['samples']} recordings: top-1 {real['top1']:.1f}% among all "
                f"classes, {own['top1']:.1f}% among {len(own['labels'])} names of "
                f"{', '.join(real['sources'])}"
            )
    if figures["auroc_unknown"] is not None:
        print(f"unknown objects: AUROC {figures['auroc_unknown']:.3f}")


def _study(options: argparse.Namespace) -> int:
    from omnibind_ros.learning.commands import progress_bars

    from .study.plan import read_plan

    runs = read_plan(options.plan)
    datasets = {}
    for given in options.data:
        name, _, folder = given.partition("=")
        if not folder:
            raise ValueError(f"--data is {given}, but must be NAME=DIR")
        datasets[name] = Path(folder)

    from .study.run import run_study

    try:
        with progress_bars() as progress:
            done = run_study(
                runs,
                datasets,
                options.out,
                options.work,
                options.workers or os.cpu_count() or 1,
                progress,
            )
    except KeyboardInterrupt:
        print("interrupted: the same command continues the study", file=sys.stderr)
        raise
    print(f"{done} of {len(runs)} runs carried out; the others had results in {options.out}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from .report.write import write_report

    write_report(options.results, options.out)
    print(f"wrote {options.out}")
    return 0
