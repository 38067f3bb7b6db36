"""Object models: loading and checking meshes with their materials, and turning them upright."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from .catalogue import SIZES, CatalogueEntry, LightSource
from .materials import Material, ZipFolder, read_material
from .normals import corner_normals

MAX_TRIANGLES = 2_000_000
"""Most triangles that a model may have; a ray caster for more takes over a gigabyte."""

UP = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.float64)
"""From the catalogue's frame (x right as seen from the front, y up, z to the front) to ours."""


class MeshError(ValueError):
    """A model that cannot be used; the text is one sentence."""


@dataclass(frozen=True, eq=False)
class ObjectModel:
    """The model of an object: x forward out of its front, y to its left, z up (ROS REP 103).

    The origin is below the middle of its bounding box, at its lowest point.

    Attributes:
        object_id: Unique in its source.
        name: The name that its author gives it.
        category: The catalogue's category; empty if none.
        vertices: float32 [V, 3], metres.
        triangles: uint32 [T, 3], vertex indices.
        normals: float32 [T, 3, 3], outward unit normal at each triangle's corners, smooth but
            for sharp edges.
        uv: float32 [V, 2], texture coordinates, origin at the lower left, repeating.
        material_ids: int32 [T], each triangle's material.
        materials: The materials.
        elevation: Height above the floor at which it hangs or stands, metres.
        opening: Whether it is a door or a window.
        movable: Whether it stands free and is no part of a building.
        lights: Its bulbs.
        licence: SPDX identifier, or the licence's name.
        author: Its author.
        source: The name of its archive or file.
        notes: A sentence for each defect that was repaired.
    """

    object_id: str
    name: str
    category: str
    vertices: NDArray[np.float32]
    triangles: NDArray[np.uint32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    material_ids: NDArray[np.int32]
    materials: tuple[Material, ...]
    elevation: float = 0.0
    opening: bool = False
    movable: bool = True
    lights: tuple[LightSource, ...] = ()
    licence: str = "unknown"
    author: str = "unknown"
    source: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def size(self) -> NDArray[np.float32]:
        """Extents forward, to the left and up, metres, float32 [3]."""
        return np.asarray(np.ptp(self.vertices, axis=0), np.float32)

    @cached_property
    def areas(self) -> NDArray[np.float32]:
        """Area of each triangle, m2, float32 [T]."""
        return np.asarray(_areas(self.vertices[self.triangles]), np.float32)

    def substance_shares(self) -> dict[str, float]:
        """Return the share of the surface that is of each substance, largest first."""
        by_material = np.bincount(self.material_ids, self.areas, len(self.materials))
        shares: dict[str, float] = {}
        for material, area in zip(self.materials, by_material, strict=True):
            shares[material.substance] = shares.get(material.substance, 0.0) + float(area)
        total = sum(shares.values()) or 1.0
        return {
            name: area / total for name, area in sorted(shares.items(), key=lambda each: -each[1])
        }


@dataclass
class _Parts:
    """A model's parts, as they are read."""

    vertices: list[NDArray[np.float64]] = field(default_factory=list)
    triangles: list[NDArray[np.int64]] = field(default_factory=list)
    uv: list[NDArray[np.float64]] = field(default_factory=list)
    material_ids: list[NDArray[np.int32]] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    count: int = 0

    def add(self, mesh: Any, uv: NDArray[np.float64] | None, material: Material) -> None:
        vertices = np.asarray(mesh.vertices, np.float64)
        triangles = np.asarray(mesh.faces, np.int64)
        if uv is None or uv.shape != (len(vertices), 2):
            uv = np.zeros((len(vertices), 2))
        self.vertices.append(vertices)
        self.uv.append(np.nan_to_num(uv))
        self.triangles.append(triangles + self.count)
        self.material_ids.append(np.full(len(triangles), len(self.materials), np.int32))
        self.materials.append(material)
        self.count += len(vertices)


def load_entry(entry: CatalogueEntry) -> ObjectModel:
    """Load a model of the catalogue, scaled to the size that the catalogue gives.

    Textures that are missing or broken are replaced by the material's colour, and triangles without
    an area are removed; `ObjectModel.notes` lists them.

    Raises:
        MeshError: It cannot be read, has no faces, or no sensible size.
    """
    what = f"{entry.object_id} ({entry.archive.name})"
    try:
        with zipfile.ZipFile(entry.archive) as package:
            folder = ZipFolder(package, posixpath.dirname(entry.model_path))
            data = package.read(entry.model_path)
            parts, notes = _read_obj(data, folder, entry.name, what)
    except (OSError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        reason = str(error).strip("'\"")
        raise MeshError(
            f"{what} cannot be read from its archive ({reason}): fetch it again."
        ) from error
    rotation = UP @ np.reshape(entry.rotation, (3, 3))
    return _finish(
        parts,
        rotation,
        entry.size,
        what,
        notes,
        {
            "object_id": entry.object_id,
            "name": entry.name,
            "category": entry.category,
            "elevation": entry.elevation,
            "opening": entry.opening,
            "movable": entry.movable,
            "lights": entry.lights,
            "licence": entry.licence,
            "author": entry.author,
            "source": entry.archive.name,
        },
    )


def load_mesh(
    path: Path,
    name: str,
    colour: tuple[float, float, float] = (0.7, 0.7, 0.7),
    substance: str = "plastic",
    **attributes: Any,
) -> ObjectModel:
    """Load a mesh without materials, such as an STL file: metres, z up, front to x.

    Args:
        path: The file, in any format that trimesh reads.
        name: The object's name.
        colour: sRGB 0..1.
        substance: One of `SUBSTANCES`.
        attributes: More attributes of `ObjectModel`, e.g. licence and author.

    Raises:
        MeshError: It cannot be read, has no faces, or no sensible size.
    """
    parts = _Parts()
    try:
        mesh = trimesh.load(path, force="mesh", process=False)
    except Exception as error:  # whatever trimesh's many parsers raise at a broken file
        raise MeshError(f"{path.name} cannot be read as a mesh ({error}): replace it.") from error
    if len(getattr(mesh, "faces", ())):
        parts.add(mesh, None, Material(name, colour, 0.3, 1.0, None, substance))
    given = {"object_id": path.stem, "category": "", "source": path.name, **attributes}
    return _finish(parts, np.eye(3), None, path.name, [], {"name": name, **given})


def model_of(mesh: Any, material: Material, **attributes: Any) -> ObjectModel:
    """Return the model of a mesh that was made: metres, z up, front to x.

    Args:
        mesh: A trimesh.Trimesh.
        material: Of all its faces.
        attributes: Attributes of `ObjectModel`: object_id, name, category and others.

    Raises:
        MeshError: It has no faces, or no sensible size.
    """
    parts = _Parts()
    parts.add(mesh, None, material)
    return _finish(parts, np.eye(3), None, attributes["object_id"], [], attributes)


def _read_obj(
    data: bytes, folder: ZipFolder, object_name: str, what: str
) -> tuple[_Parts, list[str]]:
    """Read an OBJ file with its materials."""
    parts = _Parts()
    notes: list[str] = []
    try:
        with np.errstate(invalid="ignore"):
            # One mesh a material; vertices are split where texture coordinates are.
            scene = trimesh.load(
                io.BytesIO(data),
                file_type="obj",
                resolver=folder,
                process=False,
                group_material=True,
                force="scene",
            )
    except Exception as error:  # whatever trimesh's parser raises at a broken file
        raise MeshError(f"{what} is no OBJ file that can be read ({error}).") from error
    for mesh in scene.geometry.values():
        if len(getattr(mesh, "faces", ())) == 0:
            continue
        visual = mesh.visual
        material = read_material(getattr(visual, "material", None), object_name, notes, what)
        parts.add(mesh, getattr(visual, "uv", None), material)
    # Some authors left folders of their own machine in the paths.
    missing = dict.fromkeys(re.split(r"[\\/]", name)[-1] for name in folder.missing)
    notes.extend(f"{what}: {name} is missing; the material's colour is used." for name in missing)
    return parts, notes


def _areas(corners: NDArray[Any]) -> NDArray[Any]:
    edges = corners[:, 1:] - corners[:, :1]
    return np.asarray(np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2)


def _finish(
    parts: _Parts,
    rotation: NDArray[np.float64],
    size: Sequence[float] | None,
    what: str,
    notes: list[str],
    attributes: dict[str, Any],
) -> ObjectModel:
    """Turn upright, scale, centre and check the parts that were read."""
    if not parts.triangles:
        raise MeshError(f"{what} has no faces: it cannot be seen or touched.")
    vertices = np.concatenate(parts.vertices) @ rotation.T
    triangles = np.concatenate(parts.triangles)
    material_ids = np.concatenate(parts.material_ids)
    if len(triangles) > MAX_TRIANGLES:
        raise MeshError(f"{what} has {len(triangles)} triangles, more than {MAX_TRIANGLES}.")
    within = ((triangles >= 0) & (triangles < len(vertices))).all(axis=1)
    used = np.zeros(len(vertices), bool)
    used[triangles[within]] = True
    if not used.any() or not np.isfinite(vertices[used]).all():
        raise MeshError(f"{what} has vertices that are no numbers: it cannot be placed.")
    vertices = _place(np.where(used[:, None], vertices, 0), used, size, what)
    good: NDArray[np.bool_] = np.array(within, bool)
    # Ray casters and normals need an area; this one is far below any sensor's resolution.
    good[within] = _areas(vertices[triangles[within]]) > 1e-12
    if not good.any():
        raise MeshError(f"{what} has no faces with an area: it cannot be seen or touched.")
    if not good.all():
        notes.append(f"{what}: {int((~good).sum())} degenerate triangles are dropped.")
    triangles, material_ids = triangles[good], material_ids[good]
    return ObjectModel(
        vertices=vertices.astype(np.float32),
        triangles=triangles.astype(np.uint32),
        normals=corner_normals(vertices, triangles),
        uv=np.concatenate(parts.uv).astype(np.float32),
        material_ids=material_ids,
        materials=tuple(parts.materials),
        notes=tuple(notes),
        **attributes,
    )


def _place(
    vertices: NDArray[np.float64],
    used: NDArray[np.bool_],
    size: Sequence[float] | None,
    what: str,
) -> NDArray[np.float64]:
    """Scale to the size if one is given, and put the box's middle above the origin."""
    low, high = vertices[used].min(axis=0), vertices[used].max(axis=0)
    extent = high - low
    if size is not None:
        wanted = np.asarray(size, np.float64)
        # A flat object has one extent of 0, which no scale changes.
        vertices = vertices * np.where(extent > 1e-9, wanted / np.maximum(extent, 1e-9), 1)
        low, high = vertices[used].min(axis=0), vertices[used].max(axis=0)
        extent = high - low
    if not SIZES[0] <= extent.max() <= SIZES[1]:
        raise MeshError(
            f"{what} is {extent.max():.3g} m long, which is absurd: its unit must be the metre."
        )
    middle = (low + high) / 2
    return np.asarray(vertices - np.array([middle[0], middle[1], low[2]]))
