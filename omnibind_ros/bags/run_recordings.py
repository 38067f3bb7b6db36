"""Runs `omnibind labels list` and `delete` with --recordings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.bags.files import bag_problems, open_bag
from omnibind_ros.datasets.readers.bags.labels import read_bag_labels
from omnibind_ros.datasets.readers.bags.reader import LABELS
from omnibind_ros.datasets.readers.bags.teaching import taught_spans
from omnibind_ros.datasets.readers.base import ReaderError
from omnibind_ros.plain_text import same_text
from omnibind_ros.recognition.enrolled_folder import AUTO, EnrolledFolder, enrolled_path

from .deleting import NS, delete_label, recordings
from .errors import RecordingError
from .places import recordings_folder


class _Held(NamedTuple):
    """What a recording holds of a label: its name, the seconds, and whether it was deleted."""

    label: str
    seconds: float
    deleted: bool


def run_list(options: argparse.Namespace) -> int:
    """Print the labels of recordings, with number and length of their enrolments.

    Args:
        options: With recordings, a folder or '', and node.

    Returns:
        The exit status: 1 if a recording cannot be read.
    """
    root = _root(options)
    bags = recordings(root)
    labels: set[str] = set()
    status = 0
    for bag in bags:
        size = sum(path.stat().st_size for path in bag.rglob("*") if path.is_file())
        print(f"{bag} ({size / 1e6:.1f} MB)")
        try:
            held = _held(bag)
            problems = bag_problems(bag)
        except (SkipError, ReaderError) as error:
            held, problems = [], [str(error)]
            status = 1
        keys = {same_text(each.label): each.label for each in held}
        for key, name in sorted(keys.items()):
            print(f"  {name}: {_amount([each for each in held if same_text(each.label) == key])}")
        for problem in problems:
            print(f"{bag.name}: {problem}", file=sys.stderr)
        labels |= keys.keys()
    print(f"{_count(len(labels), 'label')} in {_count(len(bags), 'recording')} in {root}")
    return status


def run_delete(options: argparse.Namespace) -> int:
    """Delete what recordings hold of a label, and the enrolled label; return the exit status.

    Args:
        options: With label, recordings, node and folder.

    Returns:
        The exit status: 1 if a recording may still hold the label.

    Raises:
        RecordingError: Neither a recording nor the enrolled labels have the label.
        EnrolledError: The folder of enrolled labels cannot be written.
    """
    root = _root(options)
    found, status = _delete_enrolled(options), 0
    for bag in recordings(root):
        try:
            done = delete_label(bag, options.label)
        except (RecordingError, ReaderError, SkipError, ValueError) as error:
            print(f"{bag} may still hold '{options.label}': {error}", file=sys.stderr)
            status = 1
            continue
        if done is not None:
            found = True
            amount = f"{_count(done.enrolments, 'enrolment')}, {done.seconds:.1f} s"
            print(
                f"{bag}: {amount} and {_count(done.messages, 'message')} were deleted"
                + (", nothing else was in it, so that it was removed" if done.removed else "")
            )
    if not found and not status:
        raise RecordingError(
            f"no recording in {root} has the label '{options.label}', and it is not enrolled; "
            "`omnibind labels list --recordings` names the labels"
        )
    return status


def _delete_enrolled(options: argparse.Namespace) -> bool:
    path = options.folder or enrolled_path(AUTO, options.node)
    if path is None or not Path(path).is_dir():
        return False
    folder = EnrolledFolder(Path(path))
    label = folder.labels()[0].get(same_text(options.label))
    if label is None:
        return False
    folder.delete(label.name)
    print(f"label '{label.name}' was deleted with {_count(len(label.views), 'view')}")
    return True


def _root(options: argparse.Namespace) -> Path:
    root = Path(options.recordings) if options.recordings else recordings_folder(options.node)
    if not root.is_dir():
        raise RecordingError(
            f"there is no folder {root}: nothing was recorded there; name another one after "
            "--recordings"
        )
    return root


def _held(bag: Path) -> list[_Held]:
    open_bag.cache_clear()
    held = [_Held(s.label, (s.end - s.start) / NS, s.deleted) for s in taught_spans(bag)]
    spans = read_bag_labels(bag / LABELS).spans
    return [*held, *(_Held(span.label, span.end - span.start, False) for span in spans)]


def _amount(held: list[_Held]) -> str:
    seconds = sum(each.seconds for each in held)
    deleted = sum(each.deleted for each in held)
    said = f"{_count(len(held), 'enrolment')}, {seconds:.1f} s"
    return said + (f" ({deleted} of a label deleted since, still in the bag)" if deleted else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
