"""A robot with seven senses comes upon one object after the other: how long its labels are right.

Usage: python3 benchmarks/seven_senses.py [--objects N] [--runs all,missing,lying] [--json FILE]

For each run, the perception node with config/seven_senses.yaml and the robot simulator run in
processes of their own, in a ROS domain of their own. The robot looks at each object of the test
split for 6 s. Run `all` has all seven sensors and all objects; in `missing:SENSOR` one sensor is
unplugged; in `lying:SENSOR` it shows another object at every second object. These have a fixed
sample of the objects. All is rendered before the first run, and kept. An interrupted story
continues with the run that it was in. docs/explanation/evaluation.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from live_figure.leg import Leg, Setting, pooled, run_leg
from live_figure.listener import Listener
from live_figure.story import Parts, fingerprint, legs, needed, run_names
from live_figure.summary import summarise
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from timing import processor_name

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.household.things import find_things
from omnibind_ros.demo.processes import (
    ChildError,
    prepare_environment,
    private_domain,
    signals_as_exceptions,
)
from omnibind_ros.demo.room.truth import right_of
from omnibind_ros.encoders.bundle import resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.runtime.threads import limit_blas_threads
from omnibind_ros.simulation.robot.rendered import Thing, default_folder, render_all

BUSY = 0.2
"""Processors that others use from which on the figures are not to be published."""


def main() -> int:
    """Print a table, write JSON on request; the status is 1 if a run failed."""
    options = _options()
    try:
        with signals_as_exceptions(), private_domain(), tempfile.TemporaryDirectory() as logs:
            prepare_environment()
            limit_blas_threads()  # of the processes that are started
            runs = _story(options, Path(logs))
    except (ChildError, ValueError) as error:
        print(f"seven_senses.py: {error}", file=sys.stderr)
        return 1
    figures = _figures(runs, options)
    _print(figures)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--catalogue", default="", help="folder of .sh3f files (else fetched)")
    parser.add_argument("--meshes", default="", help="folder of ContactDB's STL files")
    parser.add_argument("--objects", type=int, default=0, help="a fixed sample; 0: all")
    parser.add_argument("--sample", type=int, default=40, help="objects of the other runs")
    parser.add_argument("--robots", type=int, default=4, help="robots with devices of their own")
    parser.add_argument("--seconds", type=float, default=6.0, help="at each object")
    parser.add_argument("--runs", default="all,missing,lying", help="also missing:SENSOR, ...")
    parser.add_argument("--cache", type=Path, default=default_folder(), help="rendered objects")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="render the objects")
    parser.add_argument("--render-only", action="store_true", help="render all, measure nothing")
    parser.add_argument("--json", type=Path, help="figures; FILE.parts has the finished runs")
    return parser.parse_args()


def _story(options: argparse.Namespace, logs: Path) -> dict[str, dict[str, Any]]:
    bundle = resolve_bundle(options.bundle)
    things = find_things("test", options.catalogue, options.meshes)
    plan = (things, options.objects, options.sample, options.robots, options.seconds)
    todo = {name: legs(name, *plan) for name in run_names(options.runs)}
    shown = {t.object_id: t for each in todo.values() for leg in each for t in leg.things}
    right = right_of(list(shown.values()), bundle)
    folder = options.json.with_name(f"{options.json.name}.parts") if options.json else logs
    parts = Parts(folder)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    runs: dict[str, dict[str, Any]] = {}
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        _render(bars, todo, things, options)
        if options.render_only:
            return {}
        listener = Listener()
        setting = Setting(
            str(bundle),
            options.seconds,
            options.cache,
            options.catalogue,
            options.meshes,
            logs,
            right,
        )
        try:
            for name, each in todo.items():
                total = sum(len(leg.things) for leg in each)
                bar = bars.add_task(name, total=total)
                ids = [[thing.object_id for thing in leg.things] for leg in each]
                key = fingerprint(bundle, name, ids, [leg.plan for leg in each])
                measure = partial(_run, listener, setting, each, bars, bar)
                runs[name] = parts.run(name, key, measure)
                bars.update(bar, completed=total)
                if options.json:
                    write_atomic(options.json, json.dumps(_figures(runs, options), indent=2) + "\n")
        finally:
            listener.close()
    return runs


def _render(
    bars: Progress,
    todo: Mapping[str, list[Leg]],
    pool: list[Thing],
    options: argparse.Namespace,
) -> None:
    wanted: dict[Any, dict[str, Thing]] = {}
    for leg in (leg for each in todo.values() for leg in each):
        of_robot = wanted.setdefault(leg.plan, {})
        of_robot |= {thing.object_id: thing for thing in needed(leg, pool)}
    bar = bars.add_task("rendering", total=sum(map(len, wanted.values())))
    before = 0
    for plan, of_robot in wanted.items():
        show = partial(_advance, bars, bar, before)
        pause = partial(time.sleep, 0.2)
        render_all(list(of_robot.values()), plan, options.cache, options.workers, show, pause)
        before += len(of_robot)


def _advance(bars: Progress, bar: Any, before: int, done: int, _total: int = 0) -> None:
    bars.update(bar, completed=before + done)


def _run(
    listener: Listener, setting: Setting, each: list[Leg], bars: Progress, bar: Any
) -> dict[str, Any]:
    outcomes = []
    before = 0
    for leg in each:
        outcomes.append(run_leg(listener, setting, leg, partial(_advance, bars, bar, before)))
        before += len(leg.things)
    return pooled(outcomes)


def _figures(runs: Mapping[str, Mapping[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    others = [run["other_cores"] for run in runs.values() if run["other_cores"] is not None]
    return {
        **summarise(runs),
        "arguments": f"--objects {options.objects} --sample {options.sample} --runs {options.runs}",
        "machine": {
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "busy": bool(others and max(others) > BUSY),
        },
    }


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"


def _print(figures: Mapping[str, Any]) -> None:
    table = Table("run", "right", "95 %", "others used [cores]", "load")
    intervals = figures["intervals"]
    for name, run in figures["runs"].items():
        kind, _, sensor = name.partition(":")
        share, ends = figures["right_share"], intervals["right_share"]
        if kind == "missing":
            share = figures["right_share_missing"][sensor]
            ends = intervals["right_share_missing"][sensor]
        elif kind == "lying":
            share, ends = figures["lying"][sensor]["right_share"], None
        span = f"{_percent(ends[0])} to {_percent(ends[1])}" if ends else ""
        table.add_row(name, _percent(share), span, str(run["other_cores"]), str(run["load"]))
    Console().print(table)
    for key, value in figures.items():
        if value is None or isinstance(value, (int, float)):
            print(f"{key}: {'-' if value is None else value}")
    if figures["machine"]["busy"]:
        print(
            "seven_senses.py: other processes used the machine meanwhile, so that these figures "
            "are not to be published; end them and measure again.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main())
