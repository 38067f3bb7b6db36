"""Which labels are right for an object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omnibind_ros.plain_text import same_text
from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.recognition.taxonomy import Categories
from omnibind_ros.simulation.robot.rendered import Thing


def right_of(things: Sequence[Thing], bundle: Path) -> dict[str, frozenset[str]]:
    """Return, by object, the labels of a bundle that are right.

    That are its finest label, and each label that contains this one and not too many others
    (`Categories.right_answers`).

    Raises:
        ValueError: The labels cannot be read, or have no name for an object.
    """
    file = read_labels(bundle / "labels.yaml")
    names = [label.name for label in file.labels]
    answers = Categories(names, file.taxonomy).right_answers
    place = {same_text(name): number for number, name in enumerate(names)}
    wanted = {thing.object_id: same_text(thing.finest or thing.label) for thing in things}
    nameless = sorted({name for name in wanted.values() if name not in place})
    if nameless:
        raise ValueError(
            f"{bundle} has no label for {', '.join(nameless)}: give --bundle one whose labels name "
            "the test objects"
        )
    return {
        object_id: frozenset(
            name for name, right in zip(names, answers[place[own]], strict=True) if right
        )
        for object_id, own in wanted.items()
    }
