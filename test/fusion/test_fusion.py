import numpy as np
import pytest
from fixture_bundle import copy_seven_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.fusion import AdaptiveFusion, MeanFusion, make_fusion
from omnibind_ros.modalities import MODALITIES


def unit(values):
    values = np.asarray(values, np.float32)
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def fuse(values, qualities):
    count = len(values)
    nothing = np.zeros(count, np.float32)
    return MeanFusion().fuse(
        unit(values), ["image"] * count, nothing, np.float32(qualities), nothing
    )


def test_one_member_is_itself():
    fused = fuse([[3, 4]], [0.2])
    np.testing.assert_allclose(fused.values, [0.6, 0.8], atol=1e-6)
    np.testing.assert_allclose(fused.weights, [1])


def test_quality_weighs():
    fused = fuse([[1, 0], [0, 1]], [0.75, 0.25])
    np.testing.assert_allclose(fused.weights, [0.75, 0.25], atol=1e-6)
    assert fused.values[0] > fused.values[1]
    assert np.linalg.norm(fused.values) == pytest.approx(1)


def test_worthless_and_opposite_members_still_give_a_unit_vector():
    assert np.linalg.norm(fuse([[1, 0], [0, 1]], [0, 0]).values) == pytest.approx(1)
    assert np.linalg.norm(fuse([[1, 0], [-1, 0]], [1, 1]).values) == pytest.approx(1)


def test_order_does_not_matter():
    rng = np.random.default_rng(0)
    values, qualities = unit(rng.normal(size=(6, 8))), rng.random(6)
    order = rng.permutation(6)
    np.testing.assert_allclose(
        fuse(values, qualities).values, fuse(values[order], qualities[order]).values, atol=1e-6
    )


def test_nothing_to_fuse():
    with pytest.raises(ValueError, match="at least one"):
        fuse(np.zeros((0, 4)), [])


def members(count, seed=0, size=384):
    rng = np.random.default_rng(seed)
    names = list(MODALITIES)
    return (
        unit(rng.normal(size=(count, size))),
        [names[i] for i in rng.integers(0, len(names), count)],
        rng.random(count).astype(np.float32),
        rng.random(count).astype(np.float32),
        rng.random(count).astype(np.float32),
    )


@pytest.fixture(scope="module")
def adaptive(seven_bundle):
    fusion, warning = make_fusion("adaptive", Bundle.load(seven_bundle))
    assert isinstance(fusion, AdaptiveFusion)
    assert warning == ""
    return fusion


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_the_untrained_network_is_the_quality_weighted_mean(adaptive, count):
    failures = adaptive.failures
    seen = members(count)
    fused, mean = adaptive.fuse(*seen), MeanFusion().fuse(*seen)
    np.testing.assert_allclose(fused.values, mean.values, atol=1e-5)
    np.testing.assert_allclose(fused.weights, mean.weights, atol=1e-6)
    assert adaptive.failures == failures


@given(count=st.integers(1, 64), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_the_order_of_members_changes_not_a_bit(adaptive, count, seed):
    values, modalities, *others = members(count, seed)
    order = np.random.default_rng(seed + 1).permutation(count)
    one = adaptive.fuse(values, modalities, *others)
    two = adaptive.fuse(
        values[order], [modalities[i] for i in order], *(other[order] for other in others)
    )
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.weights[order], two.weights)


class Faulty:
    """A model that gives what it is told to."""

    def __init__(self, answer):
        self.answer = answer

    def run(self, inputs):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(inputs)

    def cancel(self, thread):
        pass


def without_number(inputs):
    weights = np.full(len(inputs["age"]), 1 / len(inputs["age"]), np.float32)
    return [np.full(384, np.nan, np.float32), weights]


@pytest.mark.parametrize("answer", [RuntimeError("out of memory"), without_number])
def test_the_mean_stands_in_for_a_network_that_fails_and_it_is_said_once(
    seven_bundle, caplog, answer
):
    spec = Bundle.load(seven_bundle).manifest.fusion
    fusion = AdaptiveFusion(Faulty(answer), spec, 384)
    seen = members(5)
    for _ in range(3):
        np.testing.assert_array_equal(fusion.fuse(*seen).values, MeanFusion().fuse(*seen).values)
    assert fusion.failures == 3
    assert len(caplog.records) == 1
    assert "quality-weighted mean" in caplog.text


def test_more_members_than_the_network_is_made_for(seven_bundle):
    fusion, _ = make_fusion("adaptive", Bundle.load(seven_bundle))
    assert len(fusion.fuse(*members(65)).weights) == 65
    assert fusion.failures == 1


def test_qualities_that_are_no_numbers_still_give_a_unit_vector(adaptive):
    values, modalities, ages, qualities, entropies = members(3)
    qualities[1] = np.nan
    fused = adaptive.fuse(values, modalities, ages, qualities, entropies)
    assert np.linalg.norm(fused.values) == pytest.approx(1, abs=1e-5)


def test_adaptive_fusion_refuses_nothing_and_the_unknown(adaptive):
    nothing = np.zeros(0, np.float32)
    with pytest.raises(ValueError, match="at least one"):
        adaptive.fuse(np.zeros((0, 384), np.float32), [], nothing, nothing, nothing)
    values, _, *others = members(1)
    with pytest.raises(ValueError, match="'smell'"):
        adaptive.fuse(values, ["smell"], *others)


def test_a_bundle_without_fusion_falls_back_to_the_mean(bundle_dir):
    fusion, warning = make_fusion("adaptive", Bundle.load(bundle_dir))
    assert isinstance(fusion, MeanFusion)
    assert "no fusion network" in warning
    assert make_fusion("mean", Bundle.load(bundle_dir))[1] == ""


def test_a_damaged_fusion_falls_back_to_the_mean(tmp_path):
    folder = copy_seven_bundle(tmp_path / "bundle")
    (folder / "fusion.onnx").write_bytes(b"damaged")
    fusion, warning = make_fusion("adaptive", Bundle.load(folder))
    assert isinstance(fusion, MeanFusion)
    assert "SHA-256" in warning


def test_a_network_of_another_kind_is_no_fusion(seven_bundle):
    spec = Bundle.load(seven_bundle).manifest.encoders["touch"]
    with pytest.raises(BundleError, match="a fusion network has"):
        AdaptiveFusion(Faulty(without_number), spec, 384)


@pytest.mark.parametrize("age", [0.03, 0.2, 0.5])
def test_the_age_of_a_lone_member_does_not_count(age):
    fusion = AdaptiveFusion.load(Bundle.load(resolve_bundle("household")))
    values = unit(np.random.default_rng(0).normal(size=(2, 384)))
    ones = np.ones(2, np.float32)

    def fused(count, age):
        ages = np.float32([age, 0])[:count]
        return fusion.fuse(
            values[:count], ["image", "text"][:count], ages, ones[:count], 0.5 * ones[:count]
        ).values

    np.testing.assert_array_equal(fused(1, age), fused(1, 0.0))
    assert not np.allclose(fused(2, age), fused(2, 0.0), atol=1e-4)
