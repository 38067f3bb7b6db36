"""Fixtures of the simulation's tests."""

from __future__ import annotations

import pytest
import trimesh

from omnibind_ros.simulation.objects.meshes import ObjectModel, load_mesh


@pytest.fixture(scope="module")
def box(tmp_path_factory) -> ObjectModel:
    """A box, 1 m high, 0.4 m deep and 0.6 m wide."""
    path = tmp_path_factory.mktemp("mesh") / "box.stl"
    trimesh.creation.box((0.4, 0.6, 1.0)).export(path)
    return load_mesh(path, "Box", colour=(0.8, 0.2, 0.1), substance="wood")
