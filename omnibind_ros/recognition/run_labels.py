"""Runs the commands `omnibind labels list`, `rename` and `delete`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from omnibind_ros.plain_text import same_text

from .enrolled_file import EnrolledError, EnrolledLabel
from .enrolled_folder import AUTO, EnrolledFolder, enrolled_path
from .labels import clean_label


def run_list(options: argparse.Namespace) -> int:
    """Print the labels, how often each was enrolled, and with which modalities and bundle.

    Args:
        options: With folder or node.

    Returns:
        The exit status: 1 if a file cannot be used.
    """
    path = _path(options)
    labels, problems = EnrolledFolder(path).labels()
    for label in sorted(labels.values(), key=lambda label: label.name.casefold()):
        kinds = Counter((view.model, "+".join(view.modalities)) for view in label.views)
        seen = ", ".join(
            f"{_enrolments(count)} with {names} ({model})"
            for (model, names), count in kinds.items()
        )
        print(f"{label.name}: {seen}")
    print(f"{len(labels)} enrolled labels in {path}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def run_rename(options: argparse.Namespace) -> int:
    """Rename a label, and return the exit status.

    Args:
        options: With label, new_label, and folder or node.

    Raises:
        EnrolledError: There is no such label, another label has the new name, or the folder cannot
            be written.
        LabelError: The new name cannot be a label.
    """
    folder, label = _find(options)
    new_name = clean_label(options.new_label)
    key = same_text(new_name)
    other = folder.labels()[0].get(key)
    if other is not None and key != same_text(label.name):
        raise EnrolledError(f"label '{other.name}' is there already; delete it first")
    folder.rename(label.name, new_name)
    print(f"label '{label.name}' was renamed to '{new_name}'")
    return 0


def run_delete(options: argparse.Namespace) -> int:
    """Delete a label, and return the exit status.

    Args:
        options: With label, and folder or node.

    Raises:
        EnrolledError: There is no such label, or the folder cannot be written.
    """
    folder, label = _find(options)
    folder.delete(label.name)
    print(f"label '{label.name}' was deleted with {len(label.views)} views")
    return 0


def _enrolments(count: int) -> str:
    return f"{count} enrolment{'s' if count != 1 else ''}"


def _path(options: argparse.Namespace) -> Path:
    path = options.folder or enrolled_path(AUTO, options.node)
    if path is None or not path.is_dir():
        raise EnrolledError(
            f"there is no folder {path}: nothing was enrolled yet, or the node's parameter "
            "enrolled names another folder; give it with --folder"
        )
    return Path(path)


def _find(options: argparse.Namespace) -> tuple[EnrolledFolder, EnrolledLabel]:
    folder = EnrolledFolder(_path(options))
    label = folder.labels()[0].get(same_text(options.label))
    if label is None:
        raise EnrolledError(
            f"there is no enrolled label '{options.label}' in {folder.path}; `omnibind labels "
            "list` names them"
        )
    return folder, label
