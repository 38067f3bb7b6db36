"""The labels of a bundle for one's own dataset."""

import numpy as np
import pytest

from omnibind_ros.learning.tensors.own_labels import label_numbers, own_labels
from omnibind_ros.recognition.labels import Label, LabelFile
from omnibind_ros.recognition.taxonomy import Group, Taxonomy

SHIPPED = LabelFile(
    ("a photo of a {}",),
    (Label("sofa", ("couch",)), Label("cup", ("mug",)), Label("dog")),
    Taxonomy.checked(
        [
            Group("thing", ("furniture", "drinkware")),
            Group("furniture", ("sofa",)),
            Group("drinkware", ("cup",)),
            Group("animal", ("dog",)),
        ],
        ["sofa", "cup", "dog"],
    ),
)


class Classes:
    """What the functions use of a dataset: the label of each sample, and the distinct ones."""

    def __init__(self, *labels):
        self._labels = np.array(labels)
        self.labels = sorted(set(labels))

    def column(self, name):
        assert name == "label"
        return self._labels


def test_classes_take_the_shipped_synonyms_and_groups():
    found = own_labels(Classes("Couch", "gearbox", "Couch"), SHIPPED)
    assert found.labels == (Label("sofa", ("couch",)), Label("gearbox"))
    assert [group.name for group in found.taxonomy.groups] == ["thing", "furniture"]
    assert found.taxonomy.groups[0].contains == ("furniture",)
    assert found.templates == SHIPPED.templates


def test_the_shipped_labels_stay_if_wanted():
    found = own_labels(Classes("gearbox", "mug"), SHIPPED, keep=True)
    assert [label.name for label in found.labels] == ["sofa", "cup", "dog", "gearbox"]
    assert found.taxonomy == SHIPPED.taxonomy


def test_classes_without_shipped_names_have_no_groups():
    found = own_labels(Classes("gearbox", "flange"), SHIPPED)
    assert [label.name for label in found.labels] == ["flange", "gearbox"]
    assert not found.taxonomy.groups


@pytest.mark.parametrize("keep", [False, True])
def test_each_sample_has_its_label(keep):
    data = Classes("mug", "couch", "gearbox", "cup", "mug")
    file = own_labels(data, SHIPPED, keep)
    names = [file.labels[number].name for number in label_numbers(data, file)]
    assert names == ["cup", "sofa", "gearbox", "cup", "cup"]
