"""Which labels are right for an object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omnibind_ros.recognition.class_names import right_labels
from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.simulation.robot.rendered import Thing


def right_of(things: Sequence[Thing], bundle: Path) -> dict[str, frozenset[str]]:
    """Return, by object, the labels of a bundle that are right: its class's name, or a synonym.

    Raises:
        ValueError: The labels cannot be read, or have no name for an object.
    """
    labels = read_labels(bundle / "labels.yaml").labels
    right = {
        thing.object_id: frozenset(
            right_labels(thing.label, labels) or right_labels(thing.name, labels)
        )
        for thing in things
    }
    nameless = sorted({thing.name for thing in things if not right[thing.object_id]})
    if nameless:
        raise ValueError(
            f"{bundle} has no label for the objects {', '.join(nameless)}: give "
            "--bundle one whose labels name them"
        )
    return right
