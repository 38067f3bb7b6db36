"""What is learned from the sensors, what is refused, and how long it is kept."""

import numpy as np
import pytest

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.recognition.embedding_space import FUSION, EmbeddingSpace
from omnibind_ros.recognition.enrolled_bank import EnrolledView
from omnibind_ros.recognition.enrolled_labels import EnrolledLabels
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.label_changes import LabelChanges
from omnibind_ros.recognition.labels import Label
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser
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
    with pytest.raises(ValueError, match=r"no sensor gave a result .* its reason in ~/sensors"):
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


def member(sensor, axis, quality=1.0, weight=0.5):
    modality = "touch" if sensor.startswith("pad") else "image"
    return Member(modality, AXES[axis], quality, weight, sensor=sensor)


def learn(spoiled, *shown):
    """Learn from results of these members."""
    enrolment = Enrolment()

    def show(_seconds):
        for members in shown:
            mean = np.mean([each.values for each in members], axis=0)
            names = [each.modality for each in members]
            enrolment.add(mean / np.linalg.norm(mean), 1.0, names, members)

    return enrolment.collect(1.0, show, 0.2, lambda: spoiled)


WHY = "the pad may have been touched; restart the node"


def test_nothing_is_learned_of_a_pad_whose_reference_is_doubtful_but_of_the_camera():
    both = [member("camera", 1), member("pad", 2)]
    for results in ([both, both], [both, both, [member("pad", 2, weight=1.0)]]):
        learned = learn({"pad": WHY, "other": "not fused"}, *results)
        assert [shown.modality for shown in learned.sensors] == ["image"]
        assert learned.modalities == ("image",)
        assert learned.results == 2
        np.testing.assert_allclose(learned.values, AXES[1], atol=1e-6)
        assert learned.left_out == {"pad": WHY}


def test_a_doubtful_pad_alone_or_beside_a_dark_camera_is_refused():
    with pytest.raises(ValueError, match=f"nothing can be learned of pad, as {WHY}"):
        learn({"pad": WHY}, [member("pad", 2, weight=1.0)])
    with pytest.raises(ValueError, match=f"of pad, as {WHY}; nothing can be learned of pad2, as"):
        learn({"pad": WHY, "pad2": WHY}, [member("pad", 2), member("pad2", 3)])
    with pytest.raises(ValueError, match=r"quality of at most 0\.01"):
        learn({"pad": WHY}, [member("pad", 2), member("camera", 1, quality=0.01)])


def test_without_a_doubt_both_are_learned():
    learned = learn({}, [member("camera", 1), member("pad", 2)])
    assert [shown.modality for shown in learned.sensors] == ["image", "touch"]
    assert learned.left_out == {}


def test_the_answer_says_which_sensor_was_left_out():
    bank = LabelBank(("cup", "pen"), AXES[:2], np.arange(2))
    enrolled = EnrolledLabels()
    enrolled.open(None, EmbeddingSpace("household", 8, {"image": "a", "touch": "b", FUSION: "f"}))
    changes = LabelChanges(
        Vocabulary(bank, ("{}",), Axes(), 0.8),
        enrolled,
        Recogniser(bank, Calibration(0.1, 0.2, {})),
    )
    said = changes.enroll("nut", learn({"pad": WHY}, [member("camera", 1), member("pad", 2)]))
    assert said.startswith("label 'nut' was enrolled from 1 results and ")
    assert said.endswith(f"; but nothing can be learned of pad, as {WHY}")
    said = changes.enroll("nut", learn({}, [member("camera", 1), member("pad", 2)]))
    assert "pad" not in said


def test_only_sensors_that_something_was_learned_from_are_named():
    """The pad is free: it is fused, but shows nothing."""
    enrolment = Enrolment()
    members = [
        Member("image", AXES[0], 0.9, 1.0, None, "camera"),
        Member("touch", AXES[1], 0.0, 0.0, None, "pad"),
    ]

    def show(_seconds):
        enrolment.add(AXES[0], 0.9, ["image", "touch"], members)

    learned = enrolment.collect(1.0, show)
    assert (learned.names, learned.modalities) == (("camera",), ("image",))
    assert [each.modality for each in learned.sensors] == ["image"]
