"""What is learned from the sensors, what is refused, and how long it is kept."""

import numpy as np
import pytest

from omnibind_ros.recognition.enrolled_bank import EnrolledView
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import Label
from omnibind_ros.recognition.vocabulary import Vocabulary

AXES = np.eye(8, dtype=np.float32)


def collect(qualities, least=0.2):
    enrolment = Enrolment()

    def show(_seconds):
        for axis, quality in zip(AXES, qualities, strict=False):
            enrolment.add(axis, quality, [str(quality)])

    return enrolment.collect(1.0, show, least)


def test_results_of_a_low_quality_are_left_out():
    learned = collect([1.0, 0.0, 0.1, 0.3])
    assert learned.results == 2
    assert learned.modalities == ("0.3", "1.0")  # of the results that were used
    assert learned.values == pytest.approx((AXES[0] + AXES[3]) / np.sqrt(2))


@pytest.mark.parametrize(
    ("qualities", "least"), [([0.0] * 5, 0.0), ([0.1, 0.19], 0.2), ([0.0], 0.5)]
)
def test_nothing_is_learned_from_sensors_that_see_nothing(qualities, least):
    with pytest.raises(ValueError, match="see nothing that can be learned"):
        collect(qualities, least)


def test_no_result_is_another_sentence():
    with pytest.raises(ValueError, match="no sensor gave a result"):
        collect([])


def test_results_that_cancel_each_other_are_refused():
    enrolment = Enrolment()

    def show(_seconds):
        enrolment.add(AXES[0], 1.0)
        enrolment.add(-AXES[0], 1.0)

    with pytest.raises(ValueError, match="nothing in common"):
        enrolment.collect(1.0, show)


class Axes:
    """Embeds the text 'axis N' as the unit vector along axis N."""

    def encode_batch(self, texts):
        return np.stack([AXES[int(text.rpartition(" ")[2])] for text in texts])


def test_what_was_enrolled_stays_when_the_texts_are_replaced():
    bank = LabelBank(("cup", "pen"), AXES[:2], np.arange(2))
    words = Vocabulary(bank, ("{}",), Axes(), 0.8)
    words.set_enrolled([EnrolledView("my mug", AXES[5])])
    bank = words.set_labels([Label("axis 2"), Label("axis 3")]).bank
    assert set(bank.labels) == {"axis 2", "axis 3", "my mug"}
    assert bank.labels[int(np.argmax(bank.similarities(AXES[5])))] == "my mug"
    assert set(words.set_labels([Label("axis 1")]).bank.labels) == {"axis 1", "my mug"}
    assert words.set_enrolled([]).labels == words.texts.labels == ("axis 1",)
