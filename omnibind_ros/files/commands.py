"""The commands `omnibind recognise` and `omnibind embed`."""

from __future__ import annotations

import argparse
from typing import Any

from omnibind_ros.lazy import LazyFunction

MODALITIES = ("image", "text", "touch", "thermal", "event", "points", "audio")
AXES = ("auto", "x_forward", "z_forward", "z_backward")
UNITS = ("auto", "centikelvin", "decikelvin", "kelvin", "celsius", "counts")


def add_recognise(commands: Any) -> None:
    """Add `recognise` to the parser of `omnibind`."""
    parser = commands.add_parser(
        "recognise",
        help="recognise files: pictures, sounds, clouds, events, thermal and touch pictures, texts",
        description="Recognises files by the decoders, encoders and fusion of the perception node. "
        "Several files are fused. A folder per class gives a table. Exit status: 0 if every file "
        "was used, 1 if none could be, 3 if some were left out.",
    )
    add = parser.add_argument
    add(
        "--labels",
        metavar="a,b,c|FILE.yaml|folders",
        help="labels to choose from, or a file of labels with synonyms, as the parameter "
        "labels_file takes; folders: the names of the classes (the bundle's own)",
    )
    add(
        "--enrolled",
        metavar="DIR",
        help="folder of enrolled labels that are recognised too, such as a node's (none)",
    )
    add("--json", metavar="FILE", help="write all figures to FILE; - for standard output")
    add_file_options(parser)
    parser.set_defaults(
        run=LazyFunction("omnibind_ros.files.run_recognise", "run_recognise"),
        needs="install omnibind_ros[cpu]",
    )


def add_embed(commands: Any) -> None:
    """Add `embed` to the parser of `omnibind`."""
    parser = commands.add_parser(
        "embed",
        help="write the embeddings of files, to search among them or to compare them",
        description="Encodes files by the decoders and encoders of the perception node, and writes "
        "one row a file: embedding, features, quality and distance. Exit status: 0 if every file "
        "was used, 1 if none could be, 3 if some were left out.",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="FILE.npz, or FILE.parquet (needs pyarrow, extra sim)",
    )
    parser.add_argument(
        "--fuse",
        action="store_true",
        help="one row a moment, fused: files that are named together are of one moment, and files "
        "of folders whose names differ in the modality alone",
    )
    add_file_options(parser)
    parser.set_defaults(
        run=LazyFunction("omnibind_ros.files.run_embed", "run_embed"),
        needs="install omnibind_ros[cpu], and omnibind_ros[sim] for parquet",
    )


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Add what the commands on files have in common: the files, the bundle, and how to read them.

    Args:
        parser: The command's.
    """
    add = parser.add_argument
    add(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files (MODALITY:FILE says the modality, text:SENTENCE is a text), or folders",
    )
    add(
        "--bundle",
        default="household",
        metavar="B",
        help="the bundle's folder, or its name (household)",
    )
    add(
        "--modality",
        default="",
        choices=MODALITIES,
        metavar="M",
        help=f"modality of the files, of {', '.join(MODALITIES)} (as names and contents say)",
    )
    add(
        "--reference",
        default="nearest",
        metavar="FILE|nearest",
        help="picture of the tactile pad at rest; nearest: reference.png in the file's folder or "
        "above (nearest)",
    )
    add("--axes", default="", choices=AXES, help="axes of clouds (auto)")
    add("--unit", default="", choices=UNITS, help="unit of thermal pictures (auto)")
    add(
        "--roi",
        metavar="x,y,w,h",
        help="part of each picture that is encoded, in shares of its width and height (all)",
    )
