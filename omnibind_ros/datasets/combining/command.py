"""The command `omnibind dataset combine`."""

from __future__ import annotations

import argparse
from pathlib import Path

from omnibind_ros.datasets.building.command import run_build
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.worker_options import add_worker_options

from .labels import LabelMatcher, read_mapping
from .plan import PER_CLASS, CombinePlan
from .sets import SourceSet, named_apart, synonyms_of
from .suggestions import THRESHOLD, suggest, write_suggestions

HOUSEHOLD = "household"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = parser.add_argument
    add("sets", nargs="+", metavar="SET", help="READER:FOLDER, or a built dataset's folder")
    add("--out", type=Path, metavar="DIR", help="folder of the combined dataset")
    add_worker_options(parser, "build")
    add("--seed", type=int, default=0, metavar="N", help="seed of the pairing (0)")
    add("--samples", type=int, default=0, metavar="N", help="most samples (all)")
    add(
        "--per-class",
        type=int,
        default=PER_CLASS,
        metavar="N",
        help=f"most recordings of a class, split and set ({PER_CLASS})",
    )
    add(
        "--min-modalities",
        type=int,
        default=0,
        metavar="N",
        help="leave out classes with fewer modalities (2, or 1 if there is one modality alone)",
    )
    add(
        "--labels",
        metavar="FILE",
        help=f"labels.yaml with the only labels to use, or '{HOUSEHOLD}' (any label)",
    )
    add("--mapping", type=Path, metavar="FILE", help="YAML file that maps labels of the sets")
    add(
        "--suggest",
        type=Path,
        metavar="FILE",
        help="write a mapping file of labels with similar texts, and build nothing",
    )
    add(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="X",
        help=f"smallest similarity of a suggestion ({THRESHOLD})",
    )
    add(
        "--bundle",
        default=HOUSEHOLD,
        metavar="DIR",
        help=f"bundle whose text encoder suggests ({HOUSEHOLD})",
    )


def make_matcher(labels: str | None, mapping: Path | None) -> LabelMatcher:
    """Return a matcher of labels.

    Args:
        labels: A labels.yaml, 'household' for the classes of that set, None for any label.
        mapping: A mapping file of the user.

    Raises:
        ValueError: A file cannot be used; the text is one sentence.
    """
    matcher = LabelMatcher(
        mapping=read_mapping(mapping) if mapping else {}, closed=labels is not None
    )
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
        ValueError: The text is one sentence: what is wrong, and what to do.
        OSError: A file cannot be written.
    """
    sets = named_apart([SourceSet.parse(text) for text in options.sets])
    matcher = make_matcher(options.labels, options.mapping)
    if options.suggest:
        for each in sets:
            for item in each.items(SkipLog()):
                matcher.match(each.name, item.label, synonyms_of(item))
        suggestions = suggest(matcher, _text_encoder(options.bundle), options.threshold)
        write_suggestions(options.suggest, suggestions)
        print(f"wrote {options.suggest}: {len(suggestions)} suggestions to confirm")
        return 0
    if options.out is None:
        raise DatasetError("name a folder to build in by --out, or ask for suggestions (--suggest)")
    plan = CombinePlan(
        sets,
        matcher,
        seed=options.seed,
        samples=options.samples,
        per_class=options.per_class,
        min_modalities=options.min_modalities,
    )
    return run_build(plan, options)
