"""The catalogue, its models and what they are made of."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh

from omnibind_ros.simulation.objects import fetching
from omnibind_ros.simulation.objects.catalogue import CatalogueError, read_catalogue
from omnibind_ros.simulation.objects.fetching import fetch
from omnibind_ros.simulation.objects.meshes import MeshError, load_entry, load_mesh

# A box 2 wide (x), 1 high (y), 4 deep (z); its front, to z, is of another material than the rest.
OBJ = """
mtllib box.mtl
v 0 0 0
v 2 0 0
v 2 1 0
v 0 1 0
v 0 0 4
v 2 0 4
v 2 1 4
v 0 1 4
vt 0 0
vt 1 0
vt 1 1
vt 0 1
usemtl oak_front
f 5/1 6/2 7/3 8/4
usemtl steel
f 1/1 4/2 3/3 2/4
f 1/1 2/2 6/3 5/4
f 2/1 3/2 7/3 6/4
f 3/1 4/2 8/3 7/4
f 4/1 1/2 5/3 8/4
"""
MTL = """
newmtl oak_front
Kd 0.6 0.4 0.2
map_Kd front.png
newmtl steel
Kd 0.5 0.5 0.5
Ks 0.8 0.8 0.8
"""
PROPERTIES = """
# a comment
license=Creative Commons Attribution 3.0 Unported license
id#1=Maker#Box one
name#1=B\\u00f4x
tags#1=Storage, Square
category#1=Office
model#1=/m/box.obj
width#1=200
depth#1=400
height#1=100
elevation#1=50
movable#1=false
lightSourceX#1=50
lightSourceY#1=100
lightSourceZ#1=90
lightSourceDiameter#1=10
creator#1=Ann
"""


def archive(
    folder: Path, obj: str = OBJ, mtl: str = MTL, properties: str = PROPERTIES, picture=b""
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "Made.sh3f"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("PluginFurnitureCatalog.properties", properties.encode("latin-1"))
        package.writestr("m/box.obj", obj)
        package.writestr("m/box.mtl", mtl)
        if picture:
            package.writestr("m/Front.PNG", picture)  # as Windows does not mind the case
    return path


def png(colour=(0, 0, 255)) -> bytes:
    return cv2.imencode(".png", np.full((600, 1200, 3), colour, np.uint8))[1].tobytes()


def load(folder: Path, **parts):
    archive(folder, **parts)
    return load_entry(read_catalogue(folder).entries[0])


def test_an_entry_has_its_facts_in_metres(tmp_path):
    archive(tmp_path)
    found = read_catalogue(tmp_path)
    (entry,) = found.entries
    assert found.problems == ()
    assert (entry.object_id, entry.catalogue_id) == ("maker-box-one", "Maker#Box one")
    assert (entry.name, entry.category, entry.tags) == ("Bôx", "Office", ("Storage", "Square"))
    assert entry.size == (4, 2, 1)
    assert (entry.elevation, entry.movable, entry.opening) == (0.5, False, False)
    assert (entry.licence, entry.author) == ("CC-BY-3.0", "Ann")
    # The catalogue counts from the left and from the front edge.
    assert entry.lights[0].position == pytest.approx((1.0, -0.5, 0.9))
    assert entry.lights[0].diameter == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("width#1=2", "absurd"),
        ("width#1=nan", "no length"),
        ("modelRotation#1=1 0 0", "no 3 x 3 matrix"),
        ("model#1=/m/other.obj", "has no file m/other.obj"),
    ],
)
def test_a_bad_entry_is_left_out_and_told(tmp_path, line, reason):
    if line == "width#1=2":
        line = "width#1=2e9"
    second = PROPERTIES.replace("#1=", "#2=").replace("Box one", "Box two")
    archive(tmp_path, properties=f"{PROPERTIES}{line}\n{second}")
    found = read_catalogue(tmp_path)
    assert [entry.object_id for entry in found.entries] == ["maker-box-two"]
    (problem,) = found.problems
    assert reason in problem


def test_a_truncated_archive_is_told_and_the_others_are_read(tmp_path):
    whole = archive(tmp_path).read_bytes()
    (tmp_path / "Broken.sh3f").write_bytes(whole[: len(whole) // 2])
    found = read_catalogue(tmp_path)
    assert len(found.entries) == 1
    assert found.problems[0].startswith("Broken.sh3f cannot be read")


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(CatalogueError, match="is not a folder"):
        read_catalogue(tmp_path / "nowhere")
    with pytest.raises(CatalogueError, match=r"holds no \.sh3f files"):
        read_catalogue(tmp_path)
    (tmp_path / "Broken.sh3f").write_bytes(b"PK")
    with pytest.raises(CatalogueError, match="holds no models that can be read"):
        read_catalogue(tmp_path)


def test_what_is_installed_or_cached_is_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "INSTALLED", tmp_path / "installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    archive(tmp_path / "cache")
    assert fetch(tmp_path / "cache") == tmp_path / "cache"
    archive(tmp_path / "installed")
    assert fetch(tmp_path / "cache") == tmp_path / "installed"


def test_fetching_without_apt_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "INSTALLED", tmp_path / "installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CatalogueError, match=r"apt-get is not there .* name the folder"):
        fetch(tmp_path / "cache")


def executable(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_failed_download_leaves_nothing_behind(tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    executable(tools / "apt-get", "echo 'E: no network' >&2; exit 100")
    executable(tools / "dpkg", "exit 0")
    monkeypatch.setattr(fetching, "INSTALLED", tmp_path / "installed")
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    with pytest.raises(CatalogueError, match=r"could not be downloaded.*E: no network"):
        fetch(tmp_path / "kept" / "cache")
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.skipif(
    subprocess.run(["sh", "-c", "command -v dpkg-deb"], check=False, capture_output=True).returncode
    != 0,
    reason="dpkg-deb builds the package",
)
def test_the_package_is_unpacked_into_the_cache(tmp_path, monkeypatch):
    root = tmp_path / "root"
    installed = tmp_path / "installed"
    archive(root / installed.relative_to("/"))
    (root / "usr/share/doc/sweethome3d-furniture").mkdir(parents=True)
    (root / "usr/share/doc/sweethome3d-furniture/copyright").write_text("CC0")
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        "Package: sweethome3d-furniture\nVersion: 1\nArchitecture: all\n"
        "Maintainer: A <a@b.c>\nDescription: boxes\n"
    )
    package = tmp_path / "made.deb"
    subprocess.run(["dpkg-deb", "-b", root, package], check=True, capture_output=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    executable(tools / "apt-get", f"cp {package} .")
    monkeypatch.setattr(fetching, "INSTALLED", installed)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    cache = tmp_path / "kept" / "cache"
    assert fetch(cache) == cache
    assert len(read_catalogue(cache).entries) == 1
    assert (cache / "copyright").read_text() == "CC0"
    assert [path.name for path in cache.parent.iterdir()] == ["cache"]


def test_a_model_stands_upright_in_its_true_size(tmp_path):
    model = load(tmp_path, picture=png())
    low, high = model.vertices.min(axis=0), model.vertices.max(axis=0)
    assert low == pytest.approx([-2, -1, 0], abs=1e-6)
    assert high == pytest.approx([2, 1, 1], abs=1e-6)
    assert model.size == pytest.approx([4, 2, 1])
    assert model.notes == ()
    names = [material.name for material in model.materials]
    front = model.triangles[model.material_ids == names.index("oak_front")]
    assert model.vertices[front][..., 0] == pytest.approx(2)  # the front looks along x
    assert model.substance_shares() == pytest.approx({"metal": 26 / 28, "wood": 2 / 28})
    assert list(model.substance_shares()) == ["metal", "wood"]
    assert model.areas.sum() == pytest.approx(28)


def test_textures_are_found_whatever_their_case_and_reduced(tmp_path):
    model = load(tmp_path, picture=png())
    texture = next(m.texture for m in model.materials if m.name == "oak_front")
    assert texture.shape == (256, 512, 4)
    assert texture[0, 0].tolist() == [255, 0, 0, 255]


@pytest.mark.parametrize("name", ["C:\\\\Ann\\\\FRONT.png", "/home/ann/front.png", "old.jpg"])
def test_a_texture_that_lay_elsewhere_is_found_beside_the_model(tmp_path, name):
    model = load(tmp_path, picture=png(), mtl=MTL.replace("front.png", name))
    assert model.notes == ()
    assert any(material.texture is not None for material in model.materials)


@pytest.mark.parametrize(("picture", "reason"), [(b"", "is missing"), (png()[:200], "be read")])
def test_without_its_texture_a_material_keeps_its_colour(tmp_path, picture, reason):
    model = load(tmp_path, picture=picture)
    front = next(m for m in model.materials if m.name == "oak_front")
    assert front.texture is None
    assert front.colour == pytest.approx((0.6, 0.4, 0.2))
    (note,) = model.notes
    assert reason in note
    assert "front.png" in note


def test_degenerate_triangles_are_dropped_and_counted(tmp_path):
    model = load(tmp_path, picture=png(), obj=OBJ + "f 1/1 1/1 2/2\nf 2/1 2/2 3/3\n")
    assert len(model.triangles) == 12
    assert model.notes == ("maker-box-one (Made.sh3f): 2 degenerate triangles are dropped.",)


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        ("\n".join(line for line in OBJ.splitlines() if not line.startswith("f")), "no faces"),
        ("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "no faces with an area"),
        ("v 0 0 0\nv 1 0 0\nv nan 1 0\nf 1 2 3\n", "no numbers"),
        ("", "no faces"),
        ("f 1 2 three\nf", ""),
    ],
)
def test_a_model_that_cannot_be_used_is_an_error(tmp_path, obj, reason):
    with pytest.raises(MeshError, match=rf"maker-box-one.*{reason}"):
        load(tmp_path, obj=obj)


def test_an_archive_that_shrinks_after_it_was_listed_is_an_error(tmp_path):
    path = archive(tmp_path)
    (entry,) = read_catalogue(tmp_path).entries
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(MeshError, match="cannot be read from its archive"):
        load_entry(entry)
    path.unlink()
    with pytest.raises(MeshError, match="cannot be read from its archive"):
        load_entry(entry)


def test_a_mesh_file_is_loaded_as_it_lies(tmp_path):
    path = tmp_path / "thing.stl"
    trimesh.creation.box((0.2, 0.3, 0.4)).export(path)
    model = load_mesh(path, "Thing", substance="wood", licence="Apache-2.0")
    assert model.size == pytest.approx([0.2, 0.3, 0.4])
    assert model.vertices[:, 2].min() == 0
    assert (model.object_id, model.licence) == ("thing", "Apache-2.0")


def test_a_mesh_in_the_wrong_unit_or_format_is_an_error(tmp_path):
    path = tmp_path / "thing.stl"
    trimesh.creation.box((200, 300, 400)).export(path)
    with pytest.raises(MeshError, match="absurd"):
        load_mesh(path, "Thing")
    path.write_bytes(b"solid nothing")
    with pytest.raises(MeshError, match=r"thing\.stl"):
        load_mesh(path, "Thing")
