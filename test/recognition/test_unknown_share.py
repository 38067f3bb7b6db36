"""Probabilities and `known` are one statement: what the labels do not have is `unknown`."""

import math

import numpy as np
import pytest

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser

AXES = np.eye(8, dtype=np.float32)
BANK = LabelBank(("cup", "pen", "hat"), AXES[:3], np.arange(3))


def seen(similarities):
    """Return a unit vector with these similarities to the first axes."""
    rest = math.sqrt(1 - sum(s * s for s in similarities))
    return np.array([*similarities, *[0.0] * (7 - len(similarities)), rest], np.float32)


def recognise(similarities, quality=1.0, threshold=0.4, least=0.45, temperature=0.02, bank=BANK):
    recogniser = Recogniser(bank, Calibration(temperature, least, {"image": threshold}), 20_000)
    return named(recogniser, seen(similarities), quality)


def named(recogniser, values, quality=1.0, modality="image"):
    values = np.asarray(values, np.float32)
    return recogniser.name(recogniser.distribution(values, [Member(modality, values, quality)]))


def test_a_certain_choice_among_labels_that_do_not_fit_is_unknown():
    result = recognise([0.30, 0.05, 0.0])
    assert not result.known
    # By hand: the margin is -0.10, five temperatures.
    assert result.unknown == pytest.approx(1 / (1 + math.exp(-5)), abs=1e-4)
    assert result.probabilities[0] == pytest.approx(1 / (1 + math.exp(5)), abs=1e-4)


def test_a_thing_that_is_known_keeps_its_probabilities():
    result = recognise([0.60, 0.55, 0.10])
    logits = np.array([0.60, 0.55, 0.10]) / 0.02
    softmax = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert result.known
    assert result.probabilities == pytest.approx(softmax, abs=2e-4)
    assert result.unknown < 1e-4


@pytest.mark.parametrize(
    ("similarity", "quality"),
    [(0.4, 1.0), (0.9, 0.45), (0.4, 0.45)],
    ids=["label", "quality", "both"],
)
def test_at_a_threshold_unknown_is_as_probable_as_known(similarity, quality):
    result = recognise([similarity, 0.1, 0.0], quality)
    assert result.unknown == pytest.approx(0.5, abs=1e-4)
    assert recognise([similarity, 0.1, 0.0], quality + 0.01, 0.39).known
    assert not recognise([similarity, 0.1, 0.0], quality, 0.41, 0.46).known


@pytest.mark.parametrize("quality", [0.0, 0.2, 0.44])
def test_a_bad_quality_leaves_nothing_certain(quality):
    result = recognise([0.95, 0.0, 0.0], quality)
    assert not result.known
    # By hand: the logistic function of the quality, of width 0.1 * 0.45.
    assert result.unknown == pytest.approx(1 / (1 + math.exp((quality - 0.45) / 0.045)), abs=1e-4)


def test_without_a_smallest_quality_it_does_not_count():
    result = recognise([0.9, 0.1, 0.0], 0.0, least=0.0)
    assert result.known
    assert result.probabilities[0] > 0.999


@pytest.mark.parametrize("temperature", [0.002, 0.0142, 0.3])
@pytest.mark.parametrize("labels", [1, 2, 50])
def test_known_and_probabilities_agree(labels, temperature):
    rng = np.random.default_rng(labels)
    values = rng.normal(size=(labels, 8)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    bank = LabelBank(tuple(map(str, range(labels))), values, np.arange(labels))
    found = set()
    for _ in range(300):
        least, threshold = rng.choice([0.0, 0.45]), rng.uniform(-0.5, 0.9)
        calibration = Calibration(temperature, least, {"image": threshold})
        shown = rng.normal(size=8).astype(np.float32)
        shown /= np.linalg.norm(shown)
        result = named(Recogniser(bank, calibration, labels), shown, rng.uniform(0, 1))
        assert result.probabilities.sum() + result.unknown == pytest.approx(1, abs=1e-5)
        assert np.all(np.diff(result.probabilities) <= 0)
        assert result.labels[0] == str(np.argmax(values @ shown))
        if result.known:
            assert result.unknown <= 0.5
        else:
            assert result.unknown >= 0.5
            assert result.probabilities.max() <= 0.5
        found.add(result.known)
    assert found == {True, False}


def test_an_enrolled_label_obeys_too():
    own = AXES[4]
    likeness = np.array([np.nan, np.nan, np.nan, 0.8], np.float32)
    bank = LabelBank(
        (*BANK.labels, "my mug"), np.vstack([BANK.prototypes, own]), np.arange(4), likeness
    )
    recogniser = Recogniser(bank, Calibration(0.02, 0.45, {"touch": 0.2}))
    for cosine in (0.99, 0.5):
        # No text is near: it counts as a text of similarity 0 and the cosine less the likeness.
        shown = cosine * own + math.sqrt(1 - cosine**2) * AXES[7]
        result = named(recogniser, shown, modality="touch")
        assert not result.known
        assert result.probabilities[0] <= 0.5
    near = 0.9 * own + math.sqrt(1 - 0.9**2) * AXES[0]
    result = named(recogniser, near, modality="touch")
    assert result.labels[0] == "my mug"
    assert result.known
    assert result.probabilities[0] == pytest.approx(1 / (1 + math.exp(-0.1 / 0.02)), abs=1e-3)


def test_a_distribution_has_each_label_of_the_bank_and_unknown():
    """The threshold and the quality are means by weight: 0.25 * 0.5 + 0.75 * 0.3, and so on."""
    recogniser = Recogniser(BANK, Calibration(0.05, 0.2, {"image": 0.5, "touch": 0.3}), top_k=2)
    values = seen([0.5, 0.45, 0.1])
    members = [Member("image", values, 1.0, 0.25), Member("touch", values, 0.6, 0.75)]
    found = recogniser.distribution(values, members)
    assert found.bank is BANK
    assert found.probabilities.sum() + found.unknown == pytest.approx(1, abs=1e-9)
    assert found.similarity == pytest.approx(0.5)
    assert found.quality == pytest.approx(0.25 * 1.0 + 0.75 * 0.6)
    # The one label "cup" against "none", and it alone among the labels, by hand.
    threshold = recogniser.calibration.threshold(["image", "touch"], np.array([0.25, 0.75]))
    assert found.unknown == pytest.approx(1 / (1 + math.exp((0.5 - threshold) / 0.05)), abs=1e-6)
    ratio = found.probabilities[1] / found.probabilities[0]
    assert ratio == pytest.approx(math.exp(-1), rel=1e-5)
    result = recogniser.name(found)
    assert result.labels == ("cup", "pen")
    assert result.probabilities == pytest.approx(found.probabilities[:2])
    assert (result.since, result.category, result.contradicting) == (0.0, "cup", ())


def test_a_label_far_from_what_is_shown_keeps_a_probability():
    recogniser = Recogniser(BANK, Calibration(0.005, 0.0, {"image": -1.0}))
    found = recogniser.distribution(seen([0.95, -0.2, 0.0]), [Member("image", BANK.prototypes[0])])
    # exp(-230) is below the smallest float32.
    assert found.probabilities[1] == pytest.approx(math.exp(-1.15 / 0.005), rel=1e-3)
