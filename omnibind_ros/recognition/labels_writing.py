"""Writes a file of labels, such as the labels.yaml of a bundle for one's own things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.atomic_files import write_atomic

from .labels import LabelFile

COMMENT = """\
# The labels of this bundle: what recognition can name, until ~/set_labels replaces them.
#
# templates: sentences around a label; {} is the label or a synonym.
# groups: `name` contains the labels and groups of `contains`; it may be a label itself.
# labels: `name` is published; synonyms are other words for it.
# After an edit: `omnibind bundle embed-labels DIR`, or else the next start embeds them.
"""


def write_labels(path: Path, file: LabelFile) -> None:
    """Write a file of labels as `read_labels` reads it.

    Args:
        path: The file.
        file: Its content.

    Raises:
        OSError: It cannot be written.
    """
    data: dict[str, Any] = {"templates": list(file.templates)}
    if file.taxonomy.groups:
        data["groups"] = [
            {"name": group.name, "contains": list(group.contains)} for group in file.taxonomy.groups
        ]
    data["labels"] = [
        {"name": label.name} | ({"synonyms": list(label.synonyms)} if label.synonyms else {})
        for label in file.labels
    ]
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    write_atomic(path, COMMENT + text)
