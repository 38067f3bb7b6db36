"""The command `omnibind dataset build household`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from omnibind_ros.datasets.building.command import add_build_options, run_build
from omnibind_ros.datasets.storage.splits import parse_shares
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.objects.fetching import fetch
from omnibind_ros.simulation.scene.ray_casting import check_ray_caster

from .plan import plan_household

SAMPLES = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = parser.add_argument
    add("--samples", type=int, default=SAMPLES, metavar="N", help=f"simulated samples ({SAMPLES})")
    add("--seed", type=int, default=0, metavar="N", help="seed of all random draws (0)")
    add(
        "--furniture",
        type=Path,
        metavar="DIR",
        help="folder of sweethome3d-furniture's .sh3f files (fetched by apt-get download)",
    )
    add(
        "--recordings",
        type=Path,
        metavar="DIR",
        help="folder of published sets, whose recordings are added (none)",
    )
    add(
        "--parametric",
        type=int,
        default=0,
        metavar="N",
        help="made-up things of each kind, such as cans and boxes, whose clouds are added for "
        "training (0)",
    )
    add(
        "--share",
        default="",
        metavar="touch=10,...",
        help="percent of training samples that keep a student modality (100 each)",
    )
    add_build_options(parser)


def run(options: argparse.Namespace) -> int:
    """Build the set.

    Args:
        options: As `add_arguments` adds them.

    Returns:
        The exit status.

    Raises:
        ValueError: The text is one sentence: what is wrong, and what to do.
    """
    shares = parse_shares(options.share)
    # Without a ray caster each sample would be left out, one by one.
    if options.samples > 0 or options.parametric > 0:
        check_ray_caster()
    if options.furniture is None:
        print("looking for sweethome3d-furniture ...", file=sys.stderr)
    catalogue = read_catalogue(options.furniture or fetch())
    plan = plan_household(
        options.samples,
        options.seed,
        catalogue,
        recordings=options.recordings,
        shares=shares,
        parametric=options.parametric,
    )
    return run_build(plan, options)
