"""Builds the set that benchmarks/enrolment.py measures with: many views of each test object.

Usage: python3 benchmarks/enrolment_views.py --out DIR [--furniture DIR] [--recordings DIR]
           [--objects 60] [--views 8] [--other-views 4] [--workers N]

The objects are those of the household set's split test, which no encoder was trained on. The
simulated scenes are drawn with another seed than those of the household set.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omnibind_ros.datasets.building.command import add_build_options, run_build
from omnibind_ros.datasets.household.objects import HouseholdObject
from omnibind_ros.datasets.household.plan import Household, plan_household
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.objects.fetching import fetch

SEED = 17


@dataclass(frozen=True)
class ManyViews(Household):
    """A household set of chosen objects.

    Attributes:
        order: The object of each sample.
    """

    order: tuple[HouseholdObject, ...] = ()

    def object_at(self, index: int) -> HouseholdObject:
        """Return the object of a simulated sample."""
        return self.order[index]


def many_views(plan: Household, objects: int, views: int, other_views: int) -> ManyViews:
    """Return the plan of `views` views of as many test objects, and `other_views` of the others.

    The objects to enrol are drawn class by class, so that they are of as many classes as possible.
    """
    rng = np.random.default_rng(SEED)
    by_class = []
    for label in sorted(plan.objects):
        members = [each for each in plan.objects[label] if each.split == "test"]
        by_class.append([members[i] for i in rng.permutation(len(members))])
    rounds = range(max(map(len, by_class)))
    turns = [members[i] for i in rounds for members in by_class if i < len(members)]
    order = [
        each for i, each in enumerate(turns) for _ in range(views if i < objects else other_views)
    ]
    values = {name: getattr(plan, name) for name in Household.__dataclass_fields__}
    return ManyViews(**(values | {"samples": len(order), "order": tuple(order)}))


def main() -> int:
    """Build the set, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--objects", type=int, default=60, metavar="N", help="objects with many views (60)")
    add("--views", type=int, default=8, metavar="N", help="views of each of them (8)")
    add("--other-views", type=int, default=4, metavar="N", help="views of each other object (4)")
    add("--furniture", type=Path, metavar="DIR", help="folder of the models (fetched)")
    add("--recordings", type=Path, metavar="DIR", help="folder with ContactDB's meshes (none)")
    add_build_options(parser)
    options = parser.parse_args()
    catalogue = read_catalogue(options.furniture or fetch())
    plan = plan_household(0, SEED, catalogue, recordings=options.recordings)
    views = many_views(plan, options.objects, options.views, options.other_views)
    print(f"{len(views)} samples", file=sys.stderr)
    return run_build(views, options)


if __name__ == "__main__":
    sys.exit(main())
