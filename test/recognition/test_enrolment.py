"""What is learned from the sensors, what is refused, and how long it is kept."""

import numpy as np
import pytest

from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.vocabulary import Vocabulary

AXES = np.eye(8, dtype=np.float32)


def collect(qualities, least=0.2):
    enrolment = Enrolment()

    def show(_seconds):
        for axis, quality in zip(AXES, qualities, strict=False):
            enrolment.add(axis, quality)

    return enrolment.collect(1.0, show, least)


def test_results_of_a_low_quality_are_left_out():
    values, count = collect([1.0, 0.0, 0.1, 0.3])
    assert count == 2
    assert values == pytest.approx((AXES[0] + AXES[3]) / np.sqrt(2))


@pytest.mark.parametrize(
    ("qualities", "least"), [([0.0] * 5, 0.0), ([0.1, 0.19], 0.2), ([0.0], 0.5)]
)
def test_nothing_is_learned_from_sensors_that_see_nothing(qualities, least):
    with pytest.raises(ValueError, match="see nothing that can be learned"):
        collect(qualities, least)


def test_no_result_is_another_sentence():
    with pytest.raises(ValueError, match="no sensor gave a result"):
        collect([])


class Axes:
    """Embeds the text 'axis N' as the unit vector along axis N."""

    def encode_batch(self, texts):
        return np.stack([AXES[int(text.rpartition(" ")[2])] for text in texts])


def vocabulary(model="one"):
    bank = LabelBank(("cup", "pen"), AXES[:2], np.arange(2))
    return Vocabulary(bank, ("{}",), Axes(), 0.8, model)


def test_what_was_enrolled_stays_when_the_texts_are_replaced():
    words = vocabulary()
    words.enroll("my mug", AXES[5])
    bank, _ = words.set_labels(["axis 2", "axis 3"])
    assert set(bank.labels) == {"axis 2", "axis 3", "my mug"}
    assert bank.labels[int(np.argmax(bank.similarities(AXES[5])))] == "my mug"
    assert set(words.set_labels(["axis 1"])[0].labels) == {"axis 1", "my mug"}


def test_what_was_enrolled_goes_on_to_the_next_vocabulary_of_the_same_bundle():
    before, after, other = vocabulary(), vocabulary(), vocabulary("two")
    before.enroll("my mug", AXES[5])
    assert after.take_enrolled(before) == []
    assert "my mug" in after.bank.labels
    (problem,) = other.take_enrolled(before)
    assert "my mug" in problem
    assert "my mug" not in other.bank.labels
    assert vocabulary("two").take_enrolled(vocabulary()) == []
