"""Adaptive Fusion against the best baseline, its members and smaller sets, and the paper's rows."""

import numpy as np
import pytest
from embedding_sets import make_embeddings

torch = pytest.importorskip("torch", reason="the measurements import torch")

from omnibind_ros.evaluation.measure.bootstrap import ObjectBootstrap  # noqa: E402
from omnibind_ros.evaluation.measure.comparisons import (  # noqa: E402
    compare_with_parts,
    gains_over_best,
    validation_accuracies,
)
from omnibind_ros.evaluation.measure.fusion import headline  # noqa: E402
from omnibind_ros.evaluation.measure.outcomes import Outcomes, several  # noqa: E402
from omnibind_ros.evaluation.measure.paper import PRINTED, combinations_of  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.modalities import (  # noqa: E402
    MODALITIES,
    all_combinations,
    combination_name,
)

SAMPLES = 400


def outcomes_of(modalities, accuracy, seed=0):
    """Outcomes of the given accuracy (0..1) by rule and combination, two samples an object.

    A sample that a rule of lower accuracy is right about, one of higher accuracy is right about
    too, so that differences have little spread.
    """
    names = tuple(combination_name(each) for each in all_combinations(modalities))
    luck = np.repeat(np.random.default_rng(seed).permutation(SAMPLES // 2), 2) / (SAMPLES // 2)
    rules = {rule for rule, _ in accuracy}
    correct = {
        rule: np.stack([luck < accuracy.get((rule, name), 0.5) for name in names]) for rule in rules
    }
    objects = np.array([f"object {i // 2}" for i in range(SAMPLES)])
    return Outcomes(names, objects, correct)


THREE = {
    **{("mean", name): value for name, value in (("image", 0.6), ("text", 0.7), ("touch", 0.3))},
    **{("af", name): value for name, value in (("image", 0.6), ("text", 0.7), ("touch", 0.3))},
    ("af", "image+text"): 0.8,
    ("af", "image+touch"): 0.5,  # 10 points below the image
    ("af", "text+touch"): 0.7,
    ("af", "image+text+touch"): 0.79,  # 1 point below the set without touch
    ("mean", "image+text"): 0.7,
    ("mean", "image+touch"): 0.6,
    ("mean", "text+touch"): 0.5,
    ("mean", "image+text+touch"): 0.6,
    ("linear", "image+text"): 0.75,
    ("linear", "image+touch"): 0.3,
    ("linear", "text+touch"): 0.75,
    ("linear", "image+text+touch"): 0.7,
}


@pytest.fixture(scope="module")
def three():
    return outcomes_of(("image", "text", "touch"), THREE)


def test_each_combination_is_compared_with_its_best_member(three):
    found = compare_with_parts(three, ObjectBootstrap(three.objects))["against_best_single"]
    assert found["tested"] == 4
    assert found["mean"] == pytest.approx((10 - 10 + 0 + 9) / 4)
    worst = found["worst"]
    assert (worst["name"], worst["points"]) == ("image+touch", pytest.approx(-10))
    assert worst["interval"][0] < -10 < worst["interval"][1] < -0.5
    assert [each["name"] for each in found["significant"]] == ["image+touch"]
    assert found["significant"][0]["p"] < 0.001


def test_each_addition_is_compared_with_the_set_before(three):
    found = compare_with_parts(three, ObjectBootstrap(three.objects))["additions"]
    assert found["tested"] == 3 * 2 + 3
    assert found["worst"]["name"] == "touch to image"
    assert [each["name"] for each in found["significant"]] == ["touch to image"]
    # 1 point is not more than 1.
    assert found["mean"] == pytest.approx(
        np.mean([80 - 60, 80 - 70, 50 - 60, 50 - 30, 70 - 70, 70 - 30, 79 - 70, 79 - 50, 79 - 80])
    )


def test_all_of_the_seven_are_compared():
    accuracy = {("af", "image"): 0.5, ("mean", "image"): 0.5}
    found = compare_with_parts(
        seven := outcomes_of(tuple(MODALITIES), accuracy), ObjectBootstrap(seven.objects, 200)
    )
    assert found["against_best_single"]["tested"] == 120
    assert found["additions"]["tested"] == sum(
        len(names) for names in all_combinations(tuple(MODALITIES)) if len(names) > 1
    )
    assert found["additions"]["significant"] == []


def test_the_gain_is_over_the_rule_that_validation_chose_and_not_test(three):
    validation = {
        "all": {"mean": 61.0, "linear": 60.0},
        "without_text": {"mean": 50.0, "linear": 70.0},
    }
    found = gains_over_best(three, validation, ObjectBootstrap(three.objects))
    assert found["all"]["baseline"] == "mean"  # linear is better on the test objects
    assert found["all"]["gain"] == pytest.approx(np.mean([80 - 70, 50 - 60, 70 - 50, 79 - 60]))
    assert found["all"]["gains"]["linear"] == pytest.approx(
        np.mean([80 - 75, 50 - 30, 70 - 75, 79 - 70])
    )
    low, high = found["all"]["interval"]
    assert low < found["all"]["gain"] < high
    assert found["without_text"]["baseline"] == "linear"
    assert found["without_text"]["gain"] == pytest.approx(20)


def test_rules_are_measured_on_the_validation_samples_that_have_the_members():
    data = make_embeddings(samples=60, modalities=("image", "text", "touch"))
    data.present[::2, 2] = False

    def right(members):
        """Right where touch is a member, else wrong."""
        rows = np.arange(len(members.present))
        truth = data.labels if len(rows) == 60 else data.labels[1::2]
        touch = members.present[:, 2]
        scores = np.zeros((len(rows), 8))
        scores[rows, np.where(touch, truth, (truth + 1) % 8)] = 1
        return scores

    found = validation_accuracies(data, {"touched": right}, 0.05)
    # Right in image+touch, text+touch and all three, wrong in image+text.
    assert found == {"all": {"touched": 75}, "without_text": {"touched": 100}}
    data.present[:, 1:] = False
    with pytest.raises(TrainingError, match="has two modalities"):
        validation_accuracies(data, {"touched": right}, 0.05)


def test_the_headline_has_every_figure_with_its_interval(three):
    validation = {"all": {"mean": 1.0, "linear": 2.0}, "without_text": {"mean": 2.0, "linear": 1.0}}
    found = headline(three, validation)
    assert found["gain_over_best_learned"] == found["best_learned"]["all"]["gain"]
    assert found["gain_over_best_learned_without_text"] == pytest.approx(-10)
    assert found["paper"] == {
        "image+touch": pytest.approx({"ours": 50, "mean": 60, "linear": 30}),
        "three": pytest.approx({"ours": 79, "mean": 60, "linear": 70}),
        "total": pytest.approx({"ours": 79, "mean": 60, "linear": 70}),
    }
    low, high = found["intervals"]["everything"]
    error = 100 * np.sqrt(0.79 * 0.21 / (SAMPLES / 2))
    assert [low, high] == pytest.approx([79 - 1.96 * error, 79 + 1.96 * error], abs=0.2 * error)
    assert found["paper_intervals"]["three"]["ours"] == pytest.approx([low, high])
    assert set(found["intervals"]["without_text"]) == {"af", "mean", "linear"}
    only_text = outcomes_of(("image", "text"), {("af", "image"): 0.5, ("mean", "image"): 0.5})
    assert (
        headline(only_text, {"all": {"mean": 1.0}})["gain_over_best_learned_without_text"] is None
    )


def test_the_rows_of_the_paper_are_the_combinations_of_their_sizes():
    names = [combination_name(each) for each in all_combinations(tuple(MODALITIES))]
    counts = {row: len(combinations_of(row, names)) for row in PRINTED}
    assert counts.pop("three") == counts.pop("four") == 35
    assert counts.pop("five") == 21
    assert counts.pop("total") == 91
    assert set(counts.values()) == {1}
    assert several(names, "text") == [n for n in names if "+" in n and "text" not in n]
    assert len(several(names, "text")) == 57
    # The paper's own arithmetic: what it prints as the gain over the best learned baseline.
    pairs = {"text+points": 7.90, "image+touch": 7.28, "image+thermal": 10.30, "points+audio": 1.61}
    for row, gain in pairs.items():
        of = PRINTED[row]
        learned = max(of["mean"], of["linear"], of["unseen"])
        assert of["ours"] - learned == pytest.approx(gain)
