"""Which labels are right for a folder's name."""

import pytest

from omnibind_ros.recognition.class_names import class_text, right_labels
from omnibind_ros.recognition.labels import Label

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
        ("car", ()),  # a part of a word is no word
        ("___", ()),
    ],
)
def test_right_labels(name, right):
    assert right_labels(name, LABELS) == right


def test_class_text():
    assert class_text("Brown-Cap_Mushroom") == "Brown Cap Mushroom"
