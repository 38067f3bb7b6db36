"""Normals of meshes, and the substances of materials."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.simulation.objects.normals import corner_normals
from omnibind_ros.simulation.objects.substance_guess import infer_substance
from omnibind_ros.simulation.objects.substances import SUBSTANCES

# A box 2 wide (x), 1 high (y), 4 deep (z); its front, to z, is of another material than the rest.


def test_a_box_has_sharp_edges_and_a_ball_none():
    box = trimesh.creation.box()
    normals = corner_normals(box.vertices, box.faces)
    assert normals == pytest.approx(np.repeat(box.face_normals[:, None], 3, axis=1), abs=1e-6)
    ball = trimesh.creation.icosphere(subdivisions=3)
    smooth = corner_normals(ball.vertices, ball.faces)
    assert smooth == pytest.approx(ball.vertices[ball.faces], abs=0.02)


def test_split_vertices_are_smoothed_as_one():
    ball = trimesh.creation.icosphere(subdivisions=2)
    together = corner_normals(ball.vertices, ball.faces)
    apart = ball.vertices[ball.faces].reshape(-1, 3)
    split = corner_normals(apart, np.arange(len(apart)).reshape(-1, 3))
    assert split == pytest.approx(together, abs=1e-5)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.floats(0, 1))
def test_a_substance_is_always_found(material, texture, thing, opacity):
    assert infer_substance(material, texture, thing, opacity=opacity) in SUBSTANCES


@pytest.mark.parametrize(
    ("arguments", "substance"),
    [
        (("oak_front", "", "Lamp"), "wood"),
        (("fusta_llit", "rojiza.jpg", "Bed"), "wood"),
        (("Material.003", "cuir.jpg", "Chair"), "leather"),
        (("Material", "", "Coffee mug"), "ceramic"),
        (("Material", "", "Washing machine"), "metal"),
        (("Material", "", "Thingamajig"), "plastic"),
        (("Material", "", "Palm tree"), "leaf"),
    ],
)
def test_words_tell_the_substance(arguments, substance):
    assert infer_substance(*arguments) == substance


def test_looks_tell_the_substance_where_words_do_not():
    assert infer_substance("a", "", "b", opacity=0.3) == "glass"
    assert infer_substance("a", "", "b", colour=(0.5, 0.5, 0.5), specular=0.9) == "metal"


def test_substances_are_physical():
    for substance in SUBSTANCES.values():
        assert 0 < substance.emissivity < 1
        assert 0 <= substance.poisson < 0.5
        assert 0 < substance.loss_factor < 1
        assert 0 < substance.reflectance < 1
        assert substance.texture.height < substance.texture.period
