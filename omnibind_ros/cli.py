"""The command `omnibind`."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that the others start without it
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from omnibind_ros import __version__
from omnibind_ros.datasets.commands import add_dataset
from omnibind_ros.evaluation.commands import add_evaluation
from omnibind_ros.export.commands import add_export
from omnibind_ros.learning.commands import add_train

DEFAULT_BUNDLE = "household"
TEACHER = "teacher"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: What was typed after `omnibind`; None for this process's own.
    """
    options = make_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130
    except ImportError as error:
        missing = error.name or str(error)
        return _fail(options, f"the Python module {missing} is missing: {options.needs}.")
    except (OSError, RuntimeError, ValueError) as error:
        return _fail(options, " ".join(str(error).split()) or type(error).__name__)


def _fail(options: argparse.Namespace, sentence: str) -> int:
    print(f"omnibind {options.command}: {sentence}", file=sys.stderr)
    return 1


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command and of all its subcommands."""
    parser = argparse.ArgumentParser(prog="omnibind", description="One sense out of many.")
    parser.add_argument("--version", action="version", version=f"omnibind {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="recognise photographs over real ROS topics")
    demo.add_argument(
        "--duration", type=float, default=30.0, metavar="S", help="length of the run (30 s)"
    )
    demo.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    demo.add_argument(
        "--no-table", action="store_true", help="print lines instead of the live table"
    )
    demo.set_defaults(
        run=_demo,
        needs="run `make setup` and `source env.sh`, or install omnibind_ros[demo] beside ROS 2",
    )

    bundle = commands.add_parser("bundle", help="build and check bundles of encoders")
    actions = bundle.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build-teacher", help="build the image and text encoders")
    build.add_argument("--out", type=Path, metavar="DIR", help=f"where to (models/{TEACHER})")
    build.set_defaults(run=_build_teacher, needs="install omnibind_ros[train]")
    build = actions.add_parser(
        "build-untrained", help="build all seven encoders, five of them untrained, to measure with"
    )
    build.add_argument("--out", type=Path, metavar="DIR", required=True, help="where to")
    build.add_argument(
        "--source",
        default=DEFAULT_BUNDLE,
        metavar="DIR",
        help=f"bundle to take image, text and labels from ({DEFAULT_BUNDLE})",
    )
    build.add_argument("--seed", type=int, default=0, help="of the weights (0)")
    build.set_defaults(run=_build_untrained, needs="install omnibind_ros[export]")
    for name, run, text in (
        ("check", _check, "check every hash and shape of a bundle"),
        ("embed-labels", _embed_labels, "compute a bundle's label embeddings anew"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument(
            "bundle",
            nargs="?",
            default=DEFAULT_BUNDLE,
            metavar="DIR",
            help=f"the bundle's folder, or its name ({DEFAULT_BUNDLE})",
        )
        action.set_defaults(run=run, needs="install what requirements/run.txt lists")

    add_dataset(commands)
    add_train(commands)
    add_export(commands)
    add_evaluation(commands)
    return parser


def _demo(options: argparse.Namespace) -> int:
    from omnibind_ros.nodes.demo_node import run_demo

    return run_demo(options.duration, options.json, not options.no_table)


def _build_teacher(options: argparse.Namespace) -> int:
    from omnibind_ros.learning.teachers.build import build_teacher

    models = Path(__file__).resolve().parent.parent / "models"
    # Built and installed, the package lies elsewhere than the models: then the present folder's.
    out = options.out or (models if models.is_dir() else Path("models")) / TEACHER
    build_teacher(out)
    print(f"built {out}")
    return 0


def _build_untrained(options: argparse.Namespace) -> int:
    from omnibind_ros.encoders.bundle import resolve_bundle
    from omnibind_ros.export.untrained import build_untrained

    build_untrained(options.out, resolve_bundle(options.source), seed=options.seed)
    print(f"built {options.out}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
    from omnibind_ros.fusion import AdaptiveFusion
    from omnibind_ros.recognition.labels import read_labels

    bundle = Bundle.load(resolve_bundle(options.bundle))
    labels = read_labels(bundle.root / bundle.manifest.labels.path).labels
    loads: dict[str, Callable[[], object]] = {
        name: partial(bundle.encoder, name) for name in bundle.manifest.encoders
    }
    if bundle.manifest.fusion is not None:
        loads["fusion"] = partial(AdaptiveFusion.load, bundle)
    broken = 0
    for name, load in loads.items():
        try:
            load()
        except ValueError as error:
            broken += 1
            print(f"{name}: {error}", file=sys.stderr)
        else:
            print(f"{name}: good")
    if broken:
        return _fail(options, f"{broken} of {len(loads)} networks are broken.")
    print(f"{bundle.manifest.model} with {len(labels)} labels is good")
    return 0


def _embed_labels(options: argparse.Namespace) -> int:
    from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
    from omnibind_ros.encoders.text import TextEncoder
    from omnibind_ros.recognition.label_bank import LabelBank

    bundle = Bundle.load(resolve_bundle(options.bundle))
    encoder = bundle.encoder("text")
    if not isinstance(encoder, TextEncoder):
        return _fail(options, f"the text encoder of {bundle.manifest.model} cannot embed labels.")
    labels = bundle.root / bundle.manifest.labels.path
    bank = LabelBank.load(bundle.root, labels, encoder)
    bank.save(bundle.root, labels, encoder)
    print(f"{bundle.manifest.model}: {len(bank.labels)} labels embedded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
