"""What is measured of a fusion is what can be counted, and every rule is asked the same."""

import json
from dataclasses import replace

import numpy as np
import pytest
from embedding_sets import make_embeddings

torch = pytest.importorskip("torch", reason="torch trains the perceptron, and is not installed")

from omnibind_ros.encoders.manifest import Calibration  # noqa: E402
from omnibind_ros.evaluation.measure.baselines import (  # noqa: E402
    LEARNED,
    all_rules,
    entropy_weighted,
    mean,
    plain_rules,
    train_rule,
)
from omnibind_ros.evaluation.measure.bundle import fuse_at_run_time  # noqa: E402
from omnibind_ros.evaluation.measure.combinations import (  # noqa: E402
    measure_combinations,
    select_modalities,
    summarise,
)
from omnibind_ros.evaluation.measure.fusion import MeasurementConfig, measure_fusion  # noqa: E402
from omnibind_ros.evaluation.measure.metrics import top_k  # noqa: E402
from omnibind_ros.evaluation.measure.retrieval import measure_retrieval  # noqa: E402
from omnibind_ros.evaluation.measure.robustness import FAULTS, measure_robustness  # noqa: E402
from omnibind_ros.evaluation.measure.unknown import measure_known  # noqa: E402
from omnibind_ros.fusion.mean import MeanFusion  # noqa: E402
from omnibind_ros.learning.af.config import FusionConfig  # noqa: E402
from omnibind_ros.learning.af.corruptions import members_of  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.modalities import MODALITIES, all_combinations  # noqa: E402

QUICK = FusionConfig(steps=40, batch_size=64)
THREE = ("image", "touch", "audio")


@pytest.fixture(scope="module")
def three():
    return make_embeddings(samples=400, modalities=THREE)


def mean_fuse(members):
    return fuse_at_run_time(MeanFusion())(members)


def test_there_are_127_combinations_in_the_order_of_the_modalities():
    found = list(all_combinations(tuple(MODALITIES)))
    assert len(found) == len(set(found)) == 127
    places = [[list(MODALITIES).index(name) for name in names] for names in found]
    assert all(place == sorted(place) for place in places)


def test_a_combination_is_measured_on_its_own_members(three):
    test = three.split("test")
    rules = all_rules(lambda members: mean_fuse(members)[0], test.bank)
    found, outcomes = measure_combinations(test, rules, 0.05)
    assert list(found) == [
        "image",
        "touch",
        "audio",
        "image+touch",
        "image+audio",
        "touch+audio",
        "image+touch+audio",
    ]
    alone = {
        m: top_k(test.bank.similarities(test.values[:, i]), test.labels)
        for i, m in enumerate(THREE)
    }
    for name in THREE:
        assert found[name]["mean"] == found[name]["best_single"] == alone[name]
    pair = test.values[:, 0] + test.values[:, 1]
    assert found["image+touch"]["mean"] == top_k(test.bank.similarities(pair), test.labels)
    assert found["image+touch"]["best_single"] == max(alone["image"], alone["touch"])
    assert outcomes.combinations == tuple(found)
    for name, figures in found.items():
        for rule in rules:
            assert outcomes.of(rule, name).mean() == pytest.approx(figures[rule])
    np.testing.assert_array_equal(outcomes.objects, test.objects)


def test_the_summary_is_what_is_counted_by_hand():
    rules = ("af", "mean", "best_single")
    found = {
        name: dict(zip(rules, values, strict=True))
        for name, values in {
            "image": (80, 80, 80),
            "text": (90, 90, 90),
            "touch": (50, 50, 50),
            "image+text": (95, 92, 90),
            "image+touch": (79, 70, 80),
            "text+touch": (91, 80, 90),
            "image+text+touch": (94, 85, 90),
        }.items()
    }
    said = summarise(found)
    assert said["all"]["combinations"] == 4
    assert said["all"]["gain_over_mean"] == pytest.approx((3 + 9 + 11 + 9) / 4)
    worst = {"combination": "image+touch", "points": -1}
    assert said["all"]["worst_against_best_single"] == worst
    assert said["all"]["worst_addition"] == {"addition": "touch to image", "points": -1}
    assert said["without_text"]["gain_over_mean"] == 9


def test_the_run_time_is_asked_with_who_is_there_only(three):
    members = select_modalities(members_of(three, 0.05), three, ("image", "audio"))
    fused, weights = mean_fuse(members)
    assert not weights[:, 1].any()
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    wanted = members.values * (members.quality / members.quality.sum(1, keepdims=True))[..., None]
    wanted = wanted.sum(1)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(fused, wanted, atol=1e-5)


def test_the_entropy_weighted_mean_turns_to_who_is_sure(three):
    members = members_of(three, 0.05)._replace(
        entropy=np.tile(np.float32([0, 1, 1]), (len(three), 1))
    )
    sure, plain = entropy_weighted(members, 50), mean(members)
    first = members.values[:, 0]
    assert ((sure * first).sum(1) > (plain * first).sum(1)).mean() > 0.95


@pytest.mark.parametrize("name", LEARNED)
def test_the_learned_baselines_learn_what_the_mean_cannot(name):
    noise = {"image": 3.0, "touch": 0.7, "audio": 3.0}
    data = make_embeddings(samples=400, modalities=THREE, noise=noise)
    data.values[:, 1] *= -1  # touch says the opposite
    trained = train_rule(name, data, FusionConfig(steps=100, batch_size=64), 0.05)
    test = data.split("test")
    members = members_of(test, 0.05)
    told = top_k(test.bank.similarities(mean(members)), test.labels)
    assert top_k(trained.rule(members), test.labels) > told + 20
    # The rule that is measured on the objects held back is another one, which has not seen them.
    scores = trained.before_refit(members)
    assert not np.allclose(scores, trained.rule(members))
    assert top_k(scores, test.labels) > told + 20


def test_a_lying_sensor_costs_the_mean_and_its_absence_is_the_measure():
    noise = {"image": 0.4, "touch": 1.5, "audio": 1.5}
    test = make_embeddings(samples=400, modalities=THREE, noise=noise).split("test")
    rules = {"mean": lambda members: test.bank.similarities(mean(members))}
    found = measure_robustness(test, rules, 0.05, 0, {})
    assert {name: set(of) for name, of in found.items()} == {m: set(FAULTS) for m in THREE}
    lying = found["image"]["other_object"]
    assert lying["mean"] < lying["mean_whole"] - 10
    rest = select_modalities(members_of(test, 0.05), test, ("touch", "audio"))
    left = top_k(rules["mean"](rest), test.labels)
    assert lying["mean_left_out"] == pytest.approx(left)
    assert lying["mean_loss"] == pytest.approx(left - lying["mean"])


def test_what_encoders_say_of_faulty_samples_is_used(three):
    test = three.split("test")
    seen = []

    def watch(members):
        seen.append(members.values[:, 1].copy())
        return test.bank.similarities(mean(members))

    only_this = np.zeros((1, test.size), np.float32)
    only_this[0, 0] = 1
    recorded = {("noise", "touch"): (only_this, np.float32([0.2]))}
    measure_robustness(test, {"mean": watch}, 0.05, 0, recorded)
    assert any((values == only_this).all() for values in seen)


def test_retrieval_finds_other_objects_of_the_class_and_never_its_own():
    data = make_embeddings(samples=40, classes=2, modalities=("image", "touch"))
    data.values[:] = np.eye(2, data.size)[data.labels][:, None]
    found = measure_retrieval(data)
    assert found["image>touch"]["recall1"] == found["touch>image"]["map"] == 100
    data.objects[:] = [f"class-{label}" for label in data.labels]
    assert measure_retrieval(data) == {}


def test_everything_is_measured_and_json_can_hold_it(three):
    training = replace(QUICK, left_out=["class 1"])  # as a study's fusion is trained
    plan = MeasurementConfig(
        Calibration(0.05, 0, dict.fromkeys(THREE, 0.2)), ("class 1",), training
    )
    steps = set()
    found = measure_fusion(three, mean_fuse, plan, lambda what, *_: steps.add(what))
    assert steps == {*LEARNED, "combinations", "faults"}
    json.dumps(found)
    rules = {"af", "best_single", *plain_rules(three.bank), *LEARNED}
    assert all(rules <= set(of) for of in found["combinations"].values())
    test = three.without_classes(["class 1"])[0].split("test")
    assert found["samples"] == len(test) == np.sum(found["confusion"]["counts"])
    assert found["objects"] == len(set(test.objects))
    assert found["classes"] == len(set(test.labels)) == 7
    assert 0.5 < found["auroc_unknown"] <= 1
    whole = three.split("test")
    right = whole.bank.similarities(mean(members_of(whole, 0.05))).argmax(1) == whole.labels
    new = whole.labels == whole.bank.labels.index("class 1")
    named = found["unknown"]["open_vocabulary"]["mean"]
    assert named == pytest.approx(
        {"known": 100 * right[~new].mean(), "new": 100 * right[new].mean()}
    )
    assert 0 <= found["ece"] <= 100
    best = found["best_learned"]["all"]
    assert best["baseline"] in {*plain_rules(three.bank), *LEARNED}
    assert found["gain_over_best_learned"] == best["gain"]
    assert best["gain"] == pytest.approx(
        found["summary"]["all"]["top1"]["af"] - found["summary"]["all"]["top1"][best["baseline"]]
    )
    touch = {"ours": "af"} | {r: r for r in ("mean", "mean_logits", "linear", "unseen")}
    assert list(found["paper"]) == ["image+touch", "three", "total"]
    assert found["paper"]["image+touch"] == pytest.approx(
        {name: found["combinations"]["image+touch"][rule] for name, rule in touch.items()}
    )


def test_what_cannot_be_measured_is_said(three):
    calibration = Calibration(0.05, 0, {})
    with pytest.raises(TrainingError, match="no test sample has all of image, touch, audio"):
        measure_fusion(three.split("validation"), mean_fuse, MeasurementConfig(calibration))
    with pytest.raises(TrainingError, match="there is image only"):
        measure_fusion(three.only(["image"]), mean_fuse, MeasurementConfig(calibration))


@pytest.mark.parametrize(
    ("threshold", "least", "known"), [(-1.0, 0.0, True), (1.1, 0.0, False), (-1.0, 1.1, False)]
)
def test_known_needs_similarity_and_quality(three, threshold, least, known):
    test = three.split("test").complete()
    calibration = Calibration(0.05, least, dict.fromkeys(THREE, threshold))
    found = measure_known(test, mean_fuse, calibration)
    answers = test.bank.similarities(mean_fuse(members_of(test, 0.05))[0]).argmax(1)
    right = 100 * test.is_right(answers).mean()
    assert found["right"] == pytest.approx(right if known else 0)
    assert found["wrong"] == pytest.approx(100 - right if known else 0)
