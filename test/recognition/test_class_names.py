"""Which labels are right for a folder's name."""

import pytest

from omnibind_ros.recognition.class_names import class_text, right_labels
from omnibind_ros.recognition.labels import Label
from omnibind_ros.recognition.taxonomy import Group, Taxonomy

LABELS = (
    Label("cup", ("coffee mug", "cup of coffee")),
    Label("box", ("carton", "crate")),
    Label("chair", ("folding chair",)),
    Label("armchair", ("easy chair",)),
    Label("coffee machine", ("espresso maker",)),
    Label("washing machine", ()),
    Label("glass", ()),
    Label("glasses", ("sunglasses",)),
    Label("computer monitor", ()),
)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("cup", ("cup",)),  # its own name
        ("Cups", ("cup",)),
        ("Coffee-Mug", ("cup",)),  # a synonym
        ("mug", ("cup",)),  # words of a synonym
        ("machine", ("coffee machine", "washing machine")),  # words of labels
        ("monitor", ("computer monitor",)),
        ("milk_carton", ("box",)),  # a kind of
        ("office_chair", ("chair",)),
        ("easy chair", ("armchair",)),  # a synonym comes before the wider word
        ("glass", ("glass",)),
        ("glasses", ("glasses",)),
        ("hourglass", ()),
        ("Coffee machine hum", ()),
        ("cup holder", ()),
        ("bark", ()),
        ("car", ()),  # a part of a word is no word
        ("___", ()),
    ],
)
def test_right_labels(name, right):
    assert right_labels(name, LABELS) == right


@pytest.mark.parametrize(
    ("name", "right"),
    [("Coffee machine hum", ("coffee machine",)), ("cup_clicking sound", ("cup",)), ("hum", ())],
)
def test_of_a_sound_what_makes_it_is_right(name, right):
    assert right_labels(name, LABELS, sound=True) == right


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("truck_or_van", ("car", "truck", "vehicle")),  # of each of them, and what contains both
        ("cars or machines", ("car", "vehicle")),
        ("or", ()),
        ("minivan", ("car", "vehicle")),
        ("beetle", ("beetle",)),  # insect covers six labels, too many to be right about one
        ("insect", ("insect",)),
    ],
)
def test_alternatives_and_labels_that_contain_the_right_one(name, right):
    insects = ("ant", "bee", "beetle", "cricket", "fly")
    labels = [Label("car", ("van", "minivan")), Label("truck"), Label("vehicle"), Label("insect")]
    labels += [Label(each) for each in insects]
    groups = [Group("vehicle", ("car", "truck")), Group("insect", insects)]
    taxonomy = Taxonomy.checked(groups, [label.name for label in labels])

    assert right_labels(name, labels, taxonomy) == right


def test_class_text():
    assert class_text("Brown-Cap_Mushroom") == "Brown Cap Mushroom"
