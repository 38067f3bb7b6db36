"""Recognition of enrolled things: by all sensors, by each alone, by three; and of other things.

Usage: python3 benchmarks/enrolment.py DATA [--bundle DIR] [--things 60] [--views 5] [--json FILE]

DATA is a dataset with at least --views + 1 views of each thing in its split test, such as
benchmarks/enrolment_views.py builds. Everything goes through the bundle's encoders, the store of
enrolled labels and the recogniser with the bundle's own labels. `among` is the share of views whose
most probable enrolled label is right, `first` that of those where no other label is more probable,
`named` that of those that are known too, and `nearest_mean` that of the nearest mean of the same
features, centred at the mean of all enrolled ones: like `among`, it has no other labels.

Other things are those that were not enrolled. Each is shown twice: among all labels, where some
are of its own class, and with the enrolled labels of its class left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from timing import median_ms

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.fusion import make_fusion
from omnibind_ros.learning.matching.samples import encode_views
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.embedding_space import EmbeddingSpace
from omnibind_ros.recognition.enrolled_bank import with_match
from omnibind_ros.recognition.enrolled_labels import EnrolledLabels
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.label_changes import LabelChanges
from omnibind_ros.recognition.matching import Matching
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser, Recognition
from omnibind_ros.recognition.vocabulary import Vocabulary

PROTOTYPES = 5000

Members = dict[str, Member]


class Samples:
    """The test views of a dataset, encoded.

    Attributes:
        members: By row of the dataset, what each sensor makes of a view.
        things: By row, the name of the thing.
        classes: By row, its class.
    """

    def __init__(self, bundle: Bundle, dataset: Dataset) -> None:
        """Encode the views that have every modality."""
        test = dataset.column("split").astype(np.str_) == "test"
        for modality in MODALITIES:
            test &= dataset.has(modality) & ~dataset.recorded(modality)
        self.members: dict[int, Members] = {}
        for modality in MODALITIES:
            print(f"{modality} ...", file=sys.stderr)
            views = encode_views(bundle, dataset, modality, np.flatnonzero(test))
            for i, row in enumerate(views.rows.tolist()):
                features = views.features[i] if views.features.shape[1] else None
                member = Member(modality, views.values[i], float(views.quality[i]), 1.0, features)
                self.members.setdefault(row, {})[modality] = member
        self.members = {r: of for r, of in self.members.items() if len(of) == len(MODALITIES)}
        things = dataset.column("object_id").astype(np.str_)
        classes = dataset.column("label").astype(np.str_)
        self.things = {row: str(things[row]) for row in self.members}
        self.classes = {row: str(classes[row]) for row in self.members}


class Robot:
    """What a node holds of labels."""

    def __init__(self, bundle: Bundle, folder: Path) -> None:
        """Load the bundle's labels."""
        self.fusion, _ = make_fusion("adaptive", bundle)
        vocabulary, _ = Vocabulary.load(bundle, [], 1)
        self.recogniser = Recogniser(vocabulary.bank, bundle.manifest.calibration)
        self.enrolled = EnrolledLabels()
        self.enrolled.open(folder, EmbeddingSpace.of(bundle, "adaptive"))
        matching = Matching.load(bundle)
        self.changes = LabelChanges(vocabulary, self.enrolled, self.recogniser, matching)
        self.words = vocabulary.texts
        self.matching = matching

    def fuse(self, members: Sequence[Member]) -> tuple[npt.NDArray[np.float32], list[Member]]:
        """Return the fused embedding, and the members with their weights."""
        zeros = np.zeros(len(members), np.float32)
        fused = self.fusion.fuse(
            np.stack([member.values for member in members]),
            [member.modality for member in members],
            zeros,
            np.array([member.quality for member in members], np.float32),
            np.array([self.recogniser.entropy(m.values) for m in members], np.float32),
        )
        weighted = [
            Member(m.modality, m.values, m.quality, float(w), m.features, m.modality)
            for m, w in zip(members, fused.weights, strict=True)
        ]
        return fused.values, weighted

    def enroll(self, label: str, views: Sequence[Members]) -> None:
        """Enroll a thing from several views by all sensors, as the service does."""
        enrolment = Enrolment()

        def show(_seconds: float) -> None:
            for view in views:
                values, members = self.fuse(list(view.values()))
                enrolment.add(values, 1.0, list(view), members)

        self.changes.enroll(label, enrolment.collect(1.0, show))

    def without(self, labels: set[str]) -> LabelBank:
        """Return the label bank without some of the enrolled labels."""
        parts = [(name, of) for name, of in self.enrolled.parts() if name not in labels]
        return with_match(self.words, self.matching.match(parts))

    def recognise(self, members: Sequence[Member]) -> tuple[Recognition, str]:
        """Return what is said of a view, and the most probable enrolled label."""
        values, weighted = self.fuse(members)
        found = self.recogniser.distribution(values, weighted)
        places = found.bank.enrolled_places
        best = places[int(np.argmax(found.probabilities[places]))]
        return self.recogniser.name(found), found.bank.labels[best]


def share(values: Sequence[bool]) -> float:
    """Return the share of what is true, percent."""
    return round(100 * float(np.mean(values)), 1) if len(values) else 0.0


def nearest_mean(
    samples: Samples, enrolled: dict[str, list[int]], tests: list[int], m: str
) -> float:
    """Return the share of views whose nearest mean of the same features is their thing's."""

    def vector(row: int) -> npt.NDArray[np.float32]:
        member = samples.members[row][m]
        return member.values if member.features is None else member.features

    means = np.stack([np.mean([vector(r) for r in rows], axis=0) for rows in enrolled.values()])
    centre = means.mean(0)
    means = means - centre
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    names = list(enrolled)
    found = [names[int(np.argmax(means @ (vector(row) - centre)))] for row in tests]
    return share([name == samples.things[row] for name, row in zip(found, tests, strict=True)])


def matching_ms(robot: Robot, bundle: Bundle, samples: Samples) -> float:
    """Return the time of matching members of all modalities with `PROTOTYPES` each, ms."""
    enrolled = itertools.cycle(parts for _, parts in robot.enrolled.parts())
    labels = [(str(i), parts) for i, parts in zip(range(PROTOTYPES), enrolled, strict=False)]
    match = Matching.load(bundle).match(labels)
    if match is None:
        return 0.0
    members = list(next(iter(samples.members.values())).values())
    return median_ms(lambda: [match.log_ratios(member) for member in members], repeats=51)


def measure(bundle: Bundle, samples: Samples, things: int, views: int, seed: int) -> dict[str, Any]:
    """Enroll things and recognise other views; return the figures."""
    rng = np.random.default_rng(seed)
    rows_of: dict[str, list[int]] = {}
    for row, thing in samples.things.items():
        rows_of.setdefault(thing, []).append(row)
    many = sorted(thing for thing, rows in rows_of.items() if len(rows) > views)
    chosen = [many[i] for i in rng.permutation(len(many))[:things]]
    mixed = {thing: rng.permutation(rows_of[thing]).tolist() for thing in chosen}
    enrolled = {thing: rows[:views] for thing, rows in mixed.items()}
    tests = [row for rows in mixed.values() for row in rows[views:]]
    others = [row for row, thing in samples.things.items() if thing not in mixed]
    kinds = {samples.classes[rows[0]] for rows in enrolled.values()}
    with tempfile.TemporaryDirectory() as folder:
        robot = Robot(bundle, Path(folder))
        for thing, rows in enrolled.items():
            robot.enroll(thing, [samples.members[row] for row in rows])

        everything = robot.recogniser.bank
        classes = {thing: samples.classes[rows[0]] for thing, rows in enrolled.items()}
        banks = {
            kind: robot.without({thing for thing, of in classes.items() if of == kind})
            for kind in set(samples.classes.values())
        }

        def said(row: int, names: Sequence[str]) -> tuple[Recognition, str]:
            return robot.recognise([samples.members[row][name] for name in names])

        def figures(names: Sequence[str]) -> dict[str, float]:
            both = [said(row, names) for row in tests]
            among = [
                name == samples.things[row] for (_, name), row in zip(both, tests, strict=True)
            ]
            found = [(of, samples.things[row]) for (of, _), row in zip(both, tests, strict=True)]
            of_others = {row: said(row, names)[0] for row in others}
            without = {}
            for kind in {samples.classes[row] for row in others}:
                robot.recogniser.bank = banks[kind]
                rows = [row for row in others if samples.classes[row] == kind]
                without |= {row: said(row, names)[0] for row in rows}
            robot.recogniser.bank = everything
            return {
                "among": share(among),
                "first": share([f.labels[0] == thing for f, thing in found]),
                "named": share([f.known and f.labels[0] == thing for f, thing in found]),
                "named_other_enrolled": share(
                    [f.known and f.labels[0] in mixed and f.labels[0] != t for f, t in found]
                ),
                "others_named_so": share(
                    [f.known and f.labels[0] in mixed for f in of_others.values()]
                ),
                "others_of_another_kind_named_so": share(
                    [f.known and f.labels[0] in mixed for f in without.values()]
                ),
            }

        alone = {
            name: {**figures([name]), "nearest_mean": nearest_mean(samples, enrolled, tests, name)}
            for name in MODALITIES
        }
        triples = {
            "+".join(names): share([said(r, names)[1] == samples.things[r] for r in tests])
            for names in itertools.combinations(MODALITIES, 3)
        }
        worst = min(triples, key=lambda names: triples[names])
        return {
            "things": len(enrolled),
            "views": views,
            "test_views": len(tests),
            "other_views": len(others),
            "other_views_of_the_same_kind": sum(samples.classes[r] in kinds for r in others),
            "all": figures(list(MODALITIES)),
            "alone": alone,
            "triples_mean": round(float(np.mean(list(triples.values()))), 1),
            "triples_worst": {worst: triples[worst]},
            "triples": triples,
            "matching_ms": round(matching_ms(robot, bundle, samples), 3),
        }


def main() -> int:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("data", type=Path, metavar="DATA", help="the dataset's folder")
    add("--bundle", default=DEFAULT_BUNDLE, metavar="DIR", help=f"({DEFAULT_BUNDLE})")
    add("--things", type=int, default=60, metavar="N", help="things to enroll (60)")
    add("--views", type=int, default=5, metavar="N", help="views of each that are enrolled (5)")
    add("--seed", type=int, default=0, metavar="N", help="which things and views (0)")
    add("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    bundle = Bundle.load(resolve_bundle(options.bundle))
    samples = Samples(bundle, Dataset.open(options.data))
    found = measure(bundle, samples, options.things, options.views, options.seed)
    print(json.dumps(found, indent=1))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
