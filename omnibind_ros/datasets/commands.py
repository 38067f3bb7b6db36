"""The commands `omnibind dataset ...`."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that the others start without it
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .building.builder import Plan, Progress

NEEDS = "install omnibind_ros[sim]"


class LateParser(argparse.ArgumentParser):
    """A parser that gets its arguments when it is first used.

    The modules that know them are slow to import, and most commands do without.
    """

    def __init__(
        self, *args: Any, fill: Callable[[argparse.ArgumentParser], None] | None = None, **more: Any
    ) -> None:
        """Take what argparse takes, and the function that adds the arguments."""
        super().__init__(*args, **more)
        self._fill = fill

    def fill(self) -> None:
        """Add the arguments, unless they are there.

        Raises:
            ImportError: A package of the extra `sim` is missing.
        """
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the arguments, then parse; end with a sentence where a package is missing."""
        try:
            self.fill()
        except ImportError as error:
            self.exit(1, f"{self.prog}: the Python module {error.name} is missing: {NEEDS}.\n")
        return super().parse_known_args(args, namespace)


def add_dataset(commands: Any) -> None:
    """Add `dataset` and its actions to the parser of `omnibind`."""
    dataset = commands.add_parser("dataset", help="build, join and inspect datasets")
    actions = dataset.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=LateParser
    )
    _add_build(actions)
    actions.add_parser("combine", help="join sets by what their labels mean", fill=_fill_combine)
    _add_inspect(actions)


def _fill_combine(parser: argparse.ArgumentParser) -> None:
    from .combining.command import add_arguments, run

    add_arguments(parser)
    parser.set_defaults(run=run, needs=NEEDS)


def _fill_digits(parser: argparse.ArgumentParser) -> None:
    from .digits.plan import add_arguments, make_plan

    add_arguments(parser)
    add_build_options(parser)
    parser.set_defaults(run=lambda options: run_build(make_plan(options), options), needs=NEEDS)


def _add_build(actions: Any) -> None:
    build = actions.add_parser("build", help="build a dataset; interrupted, it goes on")
    sets = build.add_subparsers(dest="set", metavar="SET", required=True, parser_class=LateParser)
    sets.add_parser("digits", help="recorded digits in four modalities", fill=_fill_digits)
    household = sets.add_parser("household", help="object models in seven simulated modalities")
    household.add_argument(
        "--samples", type=int, default=2000, metavar="N", help="simulated samples (2000)"
    )
    household.add_argument(
        "--seed", type=int, default=0, metavar="N", help="decides all chance (0)"
    )
    household.add_argument(
        "--furniture",
        type=Path,
        metavar="DIR",
        help="folder of sweethome3d-furniture's .sh3f files (fetched by apt-get download)",
    )
    household.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help="folder of published sets, whose recordings join (none)",
    )
    household.add_argument(
        "--share",
        default="",
        metavar="touch=10,...",
        help="percent of training samples that keep a student modality (100 each)",
    )
    add_build_options(household)
    household.set_defaults(run=_build_household, needs=NEEDS)


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """Add what every build takes: --out and --workers."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes (one a core)"
    )


def _add_inspect(actions: Any) -> None:
    inspect = actions.add_parser("inspect", help="count a dataset and draw its contact sheet")
    inspect.add_argument("dataset", type=Path, metavar="DIR", help="the dataset")
    inspect.add_argument("--json", type=Path, metavar="FILE", help="write the counts to FILE")
    inspect.add_argument(
        "--sheet", type=Path, metavar="FILE", help="draw a contact sheet (.png, .jpg)"
    )
    inspect.add_argument("--labels", default="", metavar="A,B", help="classes on the sheet (all)")
    inspect.add_argument(
        "--rows", type=int, default=1, metavar="N", help="objects of each class on the sheet (1)"
    )
    inspect.add_argument(
        "--probe", action="store_true", help="probe what each modality says of the class"
    )
    inspect.set_defaults(run=_inspect, needs=NEEDS)


def run_build(plan: Plan, options: argparse.Namespace) -> int:
    """Build what a plan says, with a progress bar, and say what came of it.

    Args:
        plan: The plan.
        options: With out and workers, as `add_build_options` adds them.
    """
    from .building.builder import build_dataset

    try:
        with _progress_bar(f"building {options.out}") as progress:
            built = build_dataset(plan, options.out, workers=options.workers, progress=progress)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on with what is missing", file=sys.stderr)
        raise
    again = f" ({built.resumed} of them were there)" if built.resumed else ""
    print(f"built {built.out}: {built.samples} samples{again}")
    if len(built.skipped):
        print(f"left out: {len(built.skipped)}; {built.out / 'README.md'} says what and why")
    return 0


@contextmanager
def _progress_bar(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _build_household(options: argparse.Namespace) -> int:
    from .storage.splits import parse_shares

    shares = parse_shares(options.share)  # before the slow imports, as it is what one mistypes

    from omnibind_ros.simulation.objects.catalogue import read_catalogue
    from omnibind_ros.simulation.objects.fetching import fetch
    from omnibind_ros.simulation.scene.ray_casting import check_ray_caster

    from .household.plan import plan_household

    if options.samples > 0:  # or every sample would be left out, one by one
        check_ray_caster()
    if options.furniture is None:
        print("looking for sweethome3d-furniture ...", file=sys.stderr)
    catalogue = read_catalogue(options.furniture or fetch())
    plan = plan_household(
        options.samples, options.seed, catalogue, recordings=options.recordings, shares=shares
    )
    return run_build(plan, options)


def _inspect(options: argparse.Namespace) -> int:
    from .inspection.counts import count
    from .inspection.sheet import contact_sheet, write_sheet
    from .storage.dataset import Dataset

    dataset = Dataset.open(options.dataset)
    figures = count(options.dataset, dataset.manifest.size)
    if options.probe:
        from omnibind_ros.encoders.bundle import Bundle, resolve_bundle

        from .inspection.probe import household_labels, probe, zero_shot

        figures["probe"] = probe(dataset)
        bundle = Bundle.load(resolve_bundle("teacher"))
        figures["zero_shot"] = zero_shot(dataset, bundle, household_labels(dataset))
    _print_figures(figures)
    if options.sheet is not None:
        labels = [label.strip() for label in options.labels.split(",") if label.strip()]
        write_sheet(options.sheet, contact_sheet(dataset.select(labels=labels), options.rows))
        print(f"drew {options.sheet}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def _print_figures(figures: dict[str, Any]) -> None:
    print(
        f"{figures['samples']} samples ({figures['paired']} with all modalities) of "
        f"{figures['objects']} objects in {figures['classes']} classes, "
        f"{figures['bytes'] / 1e6:.1f} MB"
    )
    for what in ("objects_by_split", "samples_by_split"):
        parts = ", ".join(f"{name} {number}" for name, number in figures[what].items())
        print(f"{what.replace('_', ' ')}: {parts}")
    for name, number in figures["samples_by_modality"].items():
        line = f"  {name:<8}{number:>8} samples, {figures['recorded_by_modality'][name]} recorded"
        if name in figures.get("probe", {}):
            found = figures["probe"][name]
            line += f"; nearest centroid {found['accuracy']:.1%} (chance {found['chance']:.1%})"
        print(line)
    if "zero_shot" in figures:
        found = figures["zero_shot"]
        print(f"image teacher, zero-shot: {found['accuracy']:.1%} of {found['samples']} pictures")
