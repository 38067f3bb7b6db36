"""Ours against a synchroniser and a timer: seven senses over real DDS, on the same load.

Usage: python3 benchmarks/runtime.py [--seconds 30] [--json FILE] [--picture FILE]

docs/explanation/performance.md says what is compared and what each figure means.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from timing import processor_name

from omnibind_ros.demo.processes import (
    ChildError,
    ChildProcess,
    prepare_environment,
    private_domain,
    signals_as_exceptions,
)
from omnibind_ros.encoders.bundle import resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.threads import limit_blas_threads
from runtime_designs import scenario
from runtime_designs.content import write_reference
from runtime_designs.observer import Observer
from runtime_designs.scenario import Outcome, Setting, random_pulls

HERE = Path(__file__).resolve().parent
MISSING = "thermal"
"""The sensor that is missing where one is; some are cheaper to encode, some dearer."""

SLOW = {"image": 10.0, "thermal": 10.0, "touch": 10.0}
"""Rates of slow cameras, Hz."""

BUDGET = 0.9
"""Share of the other design's work that ours may do: its many results cost more DDS, and in all it
shall take no more processor time."""


def main() -> int:
    """Run every scenario; print a table, and write figures and a picture on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each scenario")
    parser.add_argument("--settle", type=float, default=6.0, help="seconds before each one")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path, help="PNG of the run with sensors being pulled")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--sensors", default=",".join(MODALITIES))
    parser.add_argument(
        "--cpu-budget", type=float, default=0.0, help="of ours; 0: what the design beside it spends"
    )
    parser.add_argument(
        "--only", default="", help="scenarios (or fusion) to run, by name; empty: all"
    )
    options = parser.parse_args()
    logs = Path(tempfile.mkdtemp(prefix="omnibind-runtime-"))
    try:
        with private_domain(), signals_as_exceptions():
            prepare_environment()
            limit_blas_threads()  # of the processes that are started
            os.environ["PYTHONPATH"] = os.pathsep.join(
                [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
            )
            figures, outcomes = _run(options, logs)
    except (ChildError, ValueError) as error:
        print(f"runtime.py: {error}\nThe logs are in {logs}.", file=sys.stderr)
        return 1
    shutil.rmtree(logs)
    console = Console()
    Console(width=max(console.width, 175)).print(_table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if options.picture:
        from runtime_designs.picture import draw  # noqa: PLC0415 - needs matplotlib

        draw({name: outcomes[f"{name}_pulled"] for name in scenario.DESIGNS}, options.picture)
    return 0


def _run(options: argparse.Namespace, logs: Path) -> tuple[dict[str, Any], dict[str, Outcome]]:
    bundle = resolve_bundle(options.bundle)
    write_reference(logs)
    sensors = tuple(options.sensors.split(","))
    setting = Setting(bundle, logs, sensors, options.seconds, options.settle)
    figures: dict[str, Any] = {"machine": machine(), "seconds": options.seconds}
    wanted = options.only.split(",") if options.only else None
    if wanted is None or "fusion" in wanted:
        figures["fusion_p99_ms"] = _fusion(bundle, logs)
    outcomes: dict[str, Outcome] = {}
    observer = Observer()
    try:
        for name, arguments in _scenarios(sensors, options.seconds).items():
            if wanted is not None and name not in wanted:
                continue
            given = dict(arguments)
            shown = replace(
                setting, sensors=given.pop("sensors", sensors), rates=given.pop("rates", {})
            )
            spender = given.pop("budget_of", None)
            if spender is not None:
                given["cpu_budget"] = options.cpu_budget or _budget(figures.get(spender))
            print(f"{name} ...", file=sys.stderr)
            outcomes[name] = scenario.run(observer, shown, name, **given)
            figures[name] = outcomes[name].figures
    finally:
        observer.close()
    if "ours" in figures:
        figures["rss_growth_mb"] = figures["ours"]["rss_growth_mb"]
    return figures, outcomes


def _scenarios(sensors: tuple[str, ...], seconds: float) -> dict[str, dict[str, Any]]:
    """Return the scenarios by name: arguments of `scenario.run`, and of this module.

    `budget_of` names the scenario, an earlier one, whose processor time ours may use; `sensors`
    those of the load, if not all; `rates` those that are not the usual ones.
    """
    missing = [(MISSING, 0.0, seconds + 1.0)]
    pulls = random_pulls(sensors, seconds)
    timer: dict[str, Any] = {"design": "ours", "budget_of": "timer"}
    plain: dict[str, Any] = {"sensors": tuple(name for name in sensors if name != "text")}
    synchroniser = {**plain, "design": "synchroniser", "depth": 10}
    equal = {**plain, "design": "ours", "budget_of": "synchroniser_no_text"}
    # With slow cameras one core suffices for a synchroniser that encodes everything.
    slow = {**synchroniser, "rates": SLOW}
    slow_equal = {**equal, "rates": SLOW, "budget_of": "synchroniser_slow"}
    return {
        "timer": {"design": "timer"},
        "ours": timer,
        "ours_each_embedding": {**timer, "result_rate": 0.0},
        "ours_unlimited": {"design": "ours"},
        "ours_unlimited_each_embedding": {"design": "ours", "result_rate": 0.0},
        "synchroniser": {"design": "synchroniser"},
        "synchroniser_queued": {"design": "synchroniser", "depth": 10},
        "ours_one_missing": {**timer, "pulls": missing},
        "synchroniser_one_missing": {"design": "synchroniser", "pulls": missing},
        "ours_pulled": {**timer, "pulls": pulls},
        "synchroniser_pulled": {"design": "synchroniser", "pulls": pulls},
        "timer_pulled": {"design": "timer", "pulls": pulls},
        "synchroniser_no_text": synchroniser,
        "ours_no_text": equal,
        "synchroniser_no_text_one_missing": {**synchroniser, "pulls": missing},
        "ours_no_text_one_missing": {**equal, "pulls": missing},
        "synchroniser_slow": slow,
        "ours_slow": slow_equal,
        "synchroniser_slow_one_missing": {**slow, "pulls": missing},
        "ours_slow_one_missing": {**slow_equal, "pulls": missing},
    }


def _budget(spender: Mapping[str, Any] | None) -> float:
    """Return the parameter cpu_budget with which ours spends no more than another design.

    Args:
        spender: The other design's figures; None if it was not run: then there is no limit.
    """
    if spender is None:
        return 1.0
    share = BUDGET * spender["workers_share"] / (os.cpu_count() or 1)
    return min(max(round(share, 3), 0.01), 1.0)


def _fusion(bundle: Path, logs: Path) -> float:
    """Return the p99 of fusing and recognising with seven sensors and 100 labels."""
    report = logs / "fusion.json"
    child = ChildProcess("fusion", "fusion", ["--bundle", str(bundle), "--json", str(report)], logs)
    try:
        child.wait(120.0)
    finally:
        child.stop()
    rows = json.loads(report.read_text(encoding="utf-8"))["fusion"]
    return float(next(r["p99_ms"] for r in rows if (r["sensors"], r["labels"]) == (7, 100)))


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _table(figures: Mapping[str, Any]) -> Table:
    columns = {
        "results_per_s": "results/s",
        "latency_p50_ms": "latency p50",
        "latency_p99_ms": "p99 [ms]",
        "freshness_ms": "freshness [ms]",
        "evidence_age_ms": "evidence age [ms]",
        "longest_gap_ms": "longest gap [ms]",
        "cpu_share": "cores used",
        "cpu_ms_per_result": "cpu/result [ms]",
        "overhead_share": "own share",
        "rss_growth_mb": "growth [MB]",
    }
    table = Table("scenario", *columns.values())
    for name, row in figures.items():
        if isinstance(row, dict) and "results_per_s" in row:
            table.add_row(name, *("-" if row[key] is None else str(row[key]) for key in columns))
    return table


if __name__ == "__main__":
    sys.exit(main())
