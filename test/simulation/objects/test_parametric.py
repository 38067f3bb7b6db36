"""Parametric models: things of the kinds' dimensions, the same on each run."""

import numpy as np
import pytest

from omnibind_ros.simulation.objects.parametric import parametric_model
from omnibind_ros.simulation.objects.parametric_kinds import KINDS


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[each.names[0] for each in KINDS])
def test_each_kind_stands_on_the_ground_and_has_the_size_of_a_thing(kind):
    for number in range(3):
        model = parametric_model(kind, number)
        assert model.vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
        np.testing.assert_allclose(
            model.vertices[:, :2].min(0), -model.vertices[:, :2].max(0), atol=1e-5
        )
        assert 0.03 < max(model.size) < 2
        assert model.licence == "Apache-2.0"


def test_the_same_thing_is_made_again_and_another_one_differs():
    first, again, other = (parametric_model(0, number) for number in (4, 4, 5))
    np.testing.assert_array_equal(first.vertices, again.vertices)
    assert not np.allclose(first.size, other.size)
    assert not np.allclose(first.size, parametric_model(0, 4, seed=1).size)


def test_each_fourth_thing_lies_but_no_furniture():
    names = [each.names[0] for each in KINDS]
    upright = [parametric_model(names.index("cereal box"), number).size for number in range(3)]
    assert all(size[2] > max(size[0], 0.2) for size in upright)
    lying = [parametric_model(names.index("tube"), number).size for number in (3, 7, 11)]
    assert all(size[2] < 0.1 for size in lying)
    assert {int(np.argmax(size)) for size in lying} <= {0, 1}
    assert parametric_model(names.index("table"), 3).size[2] > 0.35


def test_a_mug_has_a_handle_and_is_hollow():
    kind = [each.names[0] for each in KINDS].index("mug")
    model = parametric_model(kind, 0)
    deep, wide, high = model.size
    assert deep > wide + 0.015  # the handle sticks out along x
    brim = model.vertices[np.isclose(model.vertices[:, 2], high, atol=1e-4)]
    middle = np.median(brim[:, :2], axis=0)
    assert np.linalg.norm(brim[:, :2] - middle, axis=1).min() > 0.02  # no lid


def test_a_milk_carton_has_a_ridge():
    kind = [each.names[0] for each in KINDS].index("milk carton")
    vertices = parametric_model(kind, 0).vertices
    top = vertices[vertices[:, 2] > vertices[:, 2].max() - 1e-4]
    assert np.ptp(top[:, 0]) < 1e-5
    assert np.ptp(top[:, 1]) > 0.05
