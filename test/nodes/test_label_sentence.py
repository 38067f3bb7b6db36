"""What ~/list_labels says of how many labels there are."""

import pytest

pytest.importorskip("rclpy")

from omnibind_ros.nodes.label_services import listed_sentence
from omnibind_ros.recognition.label_changes import LabelInfo

TEXT, BOTH, VIEWS, OTHER = (1, 0, 0), (1, 2, 0), (0, 1, 0), (0, 0, 3)


@pytest.mark.parametrize(
    ("labels", "enrolled_only", "sentence"),
    [
        ([TEXT, TEXT], False, "2 labels are in use"),
        (
            [TEXT],
            True,
            "1 label is in use; of all these, 0 labels are listed, those that were enrolled",
        ),
        (
            [TEXT, BOTH, VIEWS],
            True,
            "3 labels are in use; of all these, 2 labels are listed, those that were enrolled",
        ),
        (
            [TEXT, VIEWS, *[OTHER] * 9],
            False,
            "2 labels are in use; 9 labels are kept but not used, as other encoders learned them",
        ),
        (
            [TEXT, VIEWS, OTHER],
            True,
            "2 labels are in use; 1 label is kept but not used, as other "
            "encoders learned them; of all these, 2 labels are listed, those that were enrolled",
        ),
    ],
)
def test_each_number_says_what_it_counts(labels, enrolled_only, sentence):
    found = [LabelInfo(str(number), *counts) for number, counts in enumerate(labels)]
    assert listed_sentence(found, enrolled_only) == sentence
