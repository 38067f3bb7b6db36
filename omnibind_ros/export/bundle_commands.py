"""The commands `omnibind bundle ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omnibind_ros.encoders.names import DEFAULT_BUNDLE, TEACHER_BUNDLE
from omnibind_ros.lazy import LazyFunction


def add_bundle(commands: Any) -> None:
    """Add `bundle` and its actions to the parser of `omnibind`."""
    bundle = commands.add_parser("bundle", help="build and check bundles of encoders")
    actions = bundle.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build-teacher", help="build the image and text encoders")
    build.add_argument(
        "--out", type=Path, metavar="DIR", help=f"where to (models/{TEACHER_BUNDLE})"
    )
    build.set_defaults(
        run=LazyFunction("omnibind_ros.export.run_build_teacher", "run_build_teacher"),
        needs="install omnibind_ros[train]",
    )
    for name, function, text in (
        ("check", "run_check", "check every hash and shape of a bundle"),
        ("embed-labels", "run_embed_labels", "compute a bundle's label embeddings anew"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument(
            "bundle",
            nargs="?",
            default=DEFAULT_BUNDLE,
            metavar="DIR",
            help=f"the bundle's folder, or its name ({DEFAULT_BUNDLE})",
        )
        action.set_defaults(
            run=LazyFunction("omnibind_ros.export.run_bundle_actions", function),
            needs="install what requirements/run.txt lists",
        )
