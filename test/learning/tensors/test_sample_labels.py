"""The labels of samples: the finest names that a bundle has, and which answers are right."""

import shutil
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from embedding_sets import make_embeddings

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.tensors.sample_labels import (
    CLASSES,
    SHIPPED,
    label_sources,
    learned_labels,
    sample_labels,
)
from omnibind_ros.recognition.taxonomy import Group, Taxonomy


@dataclass
class Meta:
    meta: dict


@dataclass
class Samples:
    """A dataset of classes, objects and their names."""

    rows: list
    reads: list = field(default_factory=list)

    @property
    def labels(self):
        return tuple(sorted({label for label, _, _ in self.rows}))

    def column(self, name):
        return np.array([row[("label", "object_id").index(name)] for row in self.rows])

    def __getitem__(self, row):
        self.reads.append(row)
        return Meta({"name": self.rows[row][2]})


@pytest.fixture(scope="module")
def bundle(bundle_dir):
    return Bundle.load(bundle_dir)


def named(found, dataset):
    return [found.bank.labels[number] for number in found.labels[: len(dataset.rows)]]


def test_samples_have_the_finest_name_that_ships(bundle):
    dataset = Samples(
        [
            ("chair", "a", "Winchester armchair"),
            ("chair", "b", "Oak chair"),
            ("animal", "c", "Siamese cat"),
            ("animal", "c", "Siamese cat"),
            ("cutlery", "d", "Fork"),
        ]
    )

    found = sample_labels(dataset, bundle, bundle.encoder("text"), SHIPPED)

    assert named(found, dataset) == ["armchair", "chair", "cat", "cat", "fork"]
    assert found.added == ()
    assert len(found.bank.labels) > 100
    assert dataset.reads == [0, 1, 2, 4]  # once for each object


def test_a_class_that_does_not_ship_is_a_label_beside_them(bundle):
    dataset = Samples([("cup", "a", "Cup"), ("couch", "b", "x"), ("warp drive", "c", "y")])

    found = sample_labels(dataset, bundle, bundle.encoder("text"), SHIPPED)

    assert named(found, dataset) == ["cup", "sofa", "warp drive"]  # couch is a synonym of sofa
    assert found.added == ("warp drive",)


@pytest.mark.parametrize("which", [SHIPPED, CLASSES])
def test_classes_are_the_labels_where_none_ships(bundle, which):
    dataset = Samples([("zeroth thing", "a", ""), ("warp drive", "b", "")])

    found = sample_labels(dataset, bundle, bundle.encoder("text"), which)

    assert found.bank.labels == ("warp drive", "zeroth thing")
    assert found.labels.tolist() == [1, 0]


def test_the_classes_can_be_asked_for(bundle):
    dataset = Samples([("chair", "a", "Winchester armchair"), ("animal", "c", "Siamese cat")])

    found = sample_labels(dataset, bundle, bundle.encoder("text"), CLASSES)

    assert named(found, dataset) == ["chair", "animal"]
    assert found.bank.labels == ("animal", "chair")


def test_students_learn_the_labels_that_samples_have(bundle, bundle_dir):
    rows = [("chair", "a", "Winchester armchair"), ("animal", "c", "Siamese cat")]
    dataset, text = Samples([*rows, ("chair", "b", "Oak chair"), *rows]), bundle.encoder("text")

    found = learned_labels(dataset, str(bundle_dir), text)

    assert sorted(found.bank.labels) == ["armchair", "cat", "chair"]
    assert named(found, dataset) == ["armchair", "cat", "chair", "armchair", "cat"]
    own = sample_labels(dataset, bundle, text, SHIPPED).bank
    for name in found.bank.labels:  # with the prototypes of the bundle's label
        at, place = found.bank.labels.index(name), own.labels.index(name)
        mine = found.bank.prototypes[found.bank.owner == at]
        assert np.array_equal(mine, own.prototypes[own.owner == place])
    assert learned_labels(dataset, CLASSES, text).bank.labels == ("animal", "chair")


def test_what_the_labels_follow_from(bundle_dir, tmp_path):
    assert label_sources(CLASSES) == []
    before = label_sources(str(bundle_dir))
    copy = tmp_path / "bundle"
    shutil.copytree(bundle_dir, copy)
    assert label_sources(str(copy)) == before
    labels = copy / "labels.yaml"
    labels.chmod(0o644)
    text = labels.read_text()
    assert "name: armchair" in text
    labels.write_text(text.replace("name: armchair", "name: armchair two"))
    labels.write_text(labels.read_text().replace("[armchair,", "[armchair two,"))
    assert label_sources(str(copy)) != before


def test_an_answer_that_contains_the_label_is_right():
    data = make_embeddings(samples=8, classes=4)
    names = data.bank.labels
    taxonomy = Taxonomy.checked([Group(names[0], names[1:3])], names)
    data = replace(
        data,
        bank=replace(data.bank, taxonomy=taxonomy),
        labels=np.array([0, 1, 2, 3, 1, 0, 3, 2]),
    )

    said = np.array([0, 0, 0, 0, 2, 1, 3, 2])
    assert data.is_right(said).tolist() == [True, True, True, False, False, False, True, True]
    assert data.is_right(data.labels).all()


def test_classes_are_left_out_with_all_that_they_contain():
    data = make_embeddings(samples=200, classes=6)
    names = data.bank.labels
    groups = [Group("group", (names[1], names[2])), Group(names[3], (names[4],))]
    bank = replace(data.bank, taxonomy=Taxonomy.checked(groups, names))

    known, unknown = replace(data, bank=bank).without_classes(["group", names[3]])

    assert known.bank.labels == (names[0], names[5])
    assert set(np.unique(known.labels)) == {0, 1}
    assert len(unknown) == np.isin(data.labels, [1, 2, 3, 4]).sum()
