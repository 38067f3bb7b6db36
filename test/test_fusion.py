import numpy as np
import pytest

from omnibind_ros.fusion import MeanFusion


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
