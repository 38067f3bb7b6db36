"""The command `omnibind dataset combine`."""

from __future__ import annotations

import argparse
from pathlib import Path

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.recognition.labels import read_labels

from .labels import THRESHOLD, Matcher, read_mapping, suggest, write_suggestions
from .plan import PER_CLASS, CombinePlan
from .sets import Part, synonyms_of

HOUSEHOLD = "household"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add = parser.add_argument
    add("sets", nargs="+", metavar="SET", help="READER:FOLDER, or a built dataset's folder")
    add("--out", type=Path, metavar="DIR", help="where to build")
    add("--workers", type=int, default=0, metavar="N", help="processes (one a core)")
    add("--seed", type=int, default=0, metavar="N", help="decides the pairing (0)")
    add("--samples", type=int, default=0, metavar="N", help="at most so many (all)")
    add(
        "--per-class",
        type=int,
        default=PER_CLASS,
        metavar="N",
        help=f"recordings of a class, split and set ({PER_CLASS})",
    )
    add(
        "--min-modalities",
        type=int,
        default=2,
        metavar="N",
        help="leave out classes with fewer (2)",
    )
    add(
        "--labels",
        metavar="FILE",
        help=f"labels.yaml with the only labels there shall be, or '{HOUSEHOLD}' (any label)",
    )
    add("--mapping", type=Path, metavar="FILE", help="YAML that says which labels are the same")
    add(
        "--suggest",
        type=Path,
        metavar="FILE",
        help="write what may be the same by similarity of the texts, and build nothing",
    )
    add(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="X",
        help=f"least similarity of a suggestion ({THRESHOLD})",
    )
    add("--bundle", default=HOUSEHOLD, metavar="DIR", help=f"its text encoder ({HOUSEHOLD})")


def make_matcher(labels: str | None, mapping: Path | None) -> Matcher:
    """Return what joins labels.

    Args:
        labels: labels.yaml, 'household' for that set's classes, None for any label.
        mapping: What a person has said.

    Raises:
        ValueError: A file is not as it should be.
    """
    matcher = Matcher(mapping=read_mapping(mapping) if mapping else {}, closed=labels is not None)
    if labels == HOUSEHOLD:
        for entry in ClassMap.load().classes.values():
            matcher.add(entry.label, entry.synonyms)
    elif labels is not None:
        for label in read_labels(Path(labels)).labels:
            matcher.add(label.name, label.synonyms)
    return matcher


def _text_encoder(name: str) -> TextEncoder:
    encoder = Bundle.load(resolve_bundle(name)).encoder("text")
    if not isinstance(encoder, TextEncoder):
        raise DatasetError(f"the text encoder of bundle {name} cannot embed labels; choose another")
    return encoder


def run(options: argparse.Namespace) -> int:
    """Build the combined set, or write suggestions.

    Args:
        options: As `add_arguments` adds them.

    Raises:
        ValueError: One sentence that says what is wrong.
        OSError: A file cannot be written.
    """
    parts = [Part.parse(text) for text in options.sets]
    matcher = make_matcher(options.labels, options.mapping)
    if options.suggest:
        for part in parts:
            for item in part.items(SkipLog()):
                matcher.match(part.name, item.label, synonyms_of(item))
        found = suggest(matcher, _text_encoder(options.bundle), options.threshold)
        write_suggestions(options.suggest, found)
        print(f"wrote {options.suggest}: {len(found)} suggestions to confirm")
        return 0
    if options.out is None:
        raise DatasetError("name a folder to build in by --out, or ask for suggestions (--suggest)")
    from omnibind_ros.datasets.commands import run_build  # noqa: PLC0415 - it imports this module for its parser

    plan = CombinePlan(
        parts,
        matcher,
        seed=options.seed,
        samples=options.samples,
        per_class=options.per_class,
        min_modalities=options.min_modalities,
    )
    return run_build(plan, options)
