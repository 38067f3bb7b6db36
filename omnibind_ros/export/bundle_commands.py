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
    _add_import(actions)
    _add_merge(actions)
    _add_checkpoints(actions)
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


def _add_import(actions: Any) -> None:
    """Add `import-teacher`."""
    action = actions.add_parser(
        "import-teacher", help="make a bundle of a CLIP, SigLIP or OpenCLIP model"
    )
    action.add_argument(
        "model",
        metavar="MODEL",
        help="huggingface:NAME, openclip:NAME, or a folder that one of the libraries saved",
    )
    action.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the bundle's folder"
    )
    action.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="pictures of yours to set thresholds by, CLASS/FILE or without classes",
    )
    action.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help=f"labels, as in a bundle's labels.yaml (those of {TEACHER_BUNDLE})",
    )
    action.add_argument(
        "--precision",
        choices=("fp32", "fp16", "int8"),
        default="fp32",
        help="of both encoders (fp32)",
    )
    action.add_argument(
        "--licence", default="", metavar="TEXT", help="of the weights (what the model's card says)"
    )
    action.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    action.set_defaults(
        run=LazyFunction("omnibind_ros.export.run_import_teacher", "run_import_teacher"),
        needs="install omnibind_ros[train,sim] with teachers-transformers or teachers-openclip",
    )


def _add_merge(actions: Any) -> None:
    """Add `merge`."""
    action = actions.add_parser(
        "merge", help="put encoders of one bundle into another one of the same space"
    )
    action.add_argument("into", metavar="A", help="the bundle that gets them, its folder or name")
    action.add_argument("other", metavar="B", help="the bundle that has them")
    action.add_argument(
        "--take",
        required=True,
        metavar="MODALITIES",
        help="such as touch,thermal: the encoders of B that are taken",
    )
    action.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the new bundle's folder"
    )
    action.set_defaults(
        run=LazyFunction("omnibind_ros.export.run_merge", "run_merge"),
        needs="install omnibind_ros[train]",
    )


def _add_checkpoints(actions: Any) -> None:
    """Add `checkpoints`."""
    action = actions.add_parser(
        "checkpoints", help="write the weights that a bundle was made of, to be trained further"
    )
    action.add_argument(
        "bundle",
        nargs="?",
        default=DEFAULT_BUNDLE,
        metavar="DIR",
        help=f"the bundle's folder, or its name ({DEFAULT_BUNDLE})",
    )
    for name, required, text in (
        ("--run", True, "what `omnibind train students` left"),
        ("--fusion", False, "what `omnibind train fusion` left"),
        ("--out", False, "the folder (BUNDLE_checkpoints, where `omnibind adapt` looks)"),
    ):
        action.add_argument(
            name,
            dest="training_run" if name == "--run" else name[2:],
            type=Path,
            metavar="DIR",
            required=required,
            help=text,
        )
    action.set_defaults(
        run=LazyFunction("omnibind_ros.export.run_merge", "run_checkpoints"),
        needs="install omnibind_ros[train]",
    )
