"""Ray casting on an object model: where rays hit, and which material."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.objects.meshes import MeshError, ObjectModel

try:
    import open3d as o3d
except (ImportError, OSError) as _error:  # OSError: a shared library that it needs is missing
    o3d = None  # type: ignore[assignment]
    _REASON = str(_error)
else:
    _REASON = ""

CUTOUT_LAYERS = 4
"""Most cut-out surfaces (such as leaves on a transparent texture) that a ray passes."""


def check_ray_caster() -> None:
    """Raise MeshError, with a sentence, if rays cannot be cast on this machine."""
    if o3d is None:
        raise MeshError(
            f"the ray caster Open3D cannot be imported ({_REASON}): install open3d and, on "
            "Debian and Ubuntu, libusb-1.0-0, libgl1 and libx11-6."
        )


def _tensor(values: NDArray[Any]) -> Any:
    return o3d.core.Tensor.from_numpy(np.ascontiguousarray(values))


@dataclass(frozen=True, eq=False)
class Hits:
    """The points that rays hit, one element a ray.

    Attributes:
        hit: bool [N], whether the ray hits anything.
        distance: float32 [N], along the ray in its direction's lengths; inf where nothing is hit.
        points: float32 [N, 3], metres, object frame; meaningless where nothing is hit.
        normals: float32 [N, 3], unit, smooth, towards the origin of the ray.
        uv: float32 [N, 2], texture coordinates.
        triangles: int32 [N]; -1 where nothing is hit.
        materials: int32 [N]; -1 where nothing is hit.
    """

    hit: NDArray[np.bool_]
    distance: Floats
    points: Floats
    normals: Floats
    uv: Floats
    triangles: NDArray[np.int32]
    materials: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of rays."""
        return len(self.hit)

    def select(self, mask: NDArray[np.bool_]) -> Hits:
        """Return the hits of some of the rays."""
        return Hits(*(getattr(self, field.name)[mask] for field in fields(self)))


class Scene:
    """An object model that rays can be cast at; it rests, sensors move around it.

    Attributes:
        model: The object model.
        mesh: The model together with the things around it, in the object's frame, whose triangles
            and materials come after its own; without such things the model itself. The triangles
            and materials of `Hits` are those of the mesh.
        transparent: bool [M], which of the mesh's materials are transparent.
    """

    def __init__(
        self, model: ObjectModel, threads: int = 1, mesh: ObjectModel | None = None
    ) -> None:
        """Build the ray caster.

        Args:
            model: The model.
            threads: Threads of a cast; one by default, as datasets are built by several processes.
            mesh: The model with the things around it; None: there are none.

        Raises:
            MeshError: Open3D cannot be imported.
        """
        check_ray_caster()
        self.model = model
        self.mesh = mesh = mesh or model
        self._threads = threads
        self.transparent = np.array([each.opacity < 0.9 for each in mesh.materials])
        self._cutout = np.array(
            [
                each.texture is not None and bool((each.texture[..., 3] < 128).any())
                for each in mesh.materials
            ]
        )
        clear = self.transparent[mesh.material_ids]
        self._parts: dict[bool, tuple[Any, NDArray[np.intp]]] = {}
        for which, mask in ((False, ~clear), (True, clear)):
            chosen = np.flatnonzero(mask)
            if len(chosen):
                self._parts[which] = (self._caster(mesh.triangles[chosen]), chosen)

    def _caster(self, triangles: NDArray[np.uint32]) -> Any:
        caster = o3d.t.geometry.RaycastingScene(nthreads=self._threads)
        caster.add_triangles(
            _tensor(self.mesh.vertices),
            _tensor(triangles),
        )
        return caster

    def cast(self, origins: Floats, directions: Floats, transparent: bool = False) -> Hits:
        """Cast rays; where a texture is cut out, they go on.

        Args:
            origins: float32 [N, 3] or [3], metres, object frame.
            directions: float32 [N, 3].
            transparent: Whether to hit transparent surfaces only, or opaque ones only.
        """
        directions = np.ascontiguousarray(directions, np.float32)
        origins = np.broadcast_to(np.asarray(origins, np.float32), directions.shape)
        count = len(directions)
        distance = np.full(count, np.inf, np.float32)
        triangles = np.full(count, -1, np.int32)
        weights = np.zeros((count, 2), np.float32)
        if transparent in self._parts:
            caster, numbers = self._parts[transparent]
            rays = np.concatenate([origins, directions], axis=1)
            todo = np.arange(count)
            passed = np.zeros(count, np.float32)
            for _ in range(CUTOUT_LAYERS):
                result = caster.cast_rays(_tensor(rays), nthreads=self._threads)
                near = result["t_hit"].numpy()
                index = result["primitive_ids"].numpy().astype(np.int64)
                hit = np.isfinite(near)
                ray = todo[hit]
                distance[ray] = passed[ray] + near[hit]
                triangles[ray] = numbers[index[hit]]
                weights[ray] = result["primitive_uvs"].numpy()[hit]
                ray = ray[self._is_cut_out(triangles[ray], weights[ray])]
                if not len(ray):
                    break
                passed[ray] = distance[ray] + 1e-4
                rays = np.concatenate(
                    [origins[ray] + passed[ray, None] * directions[ray], directions[ray]], axis=1
                )
                todo = ray
                distance[ray] = np.inf
                triangles[ray] = -1
        return self._hits(origins, directions, distance, triangles, weights)

    @property
    def extent(self) -> tuple[Floats, float]:
        """Middle, float32 [3], and radius of a sphere that has the mesh in it, metres."""
        if self.mesh is self.model:
            size = self.model.size
            middle = np.array([0, 0, float(size[2]) / 2], np.float32)
            return middle, float(np.linalg.norm(size)) / 2
        low, high = self.mesh.vertices.min(axis=0), self.mesh.vertices.max(axis=0)
        return (low + high) / 2, float(np.linalg.norm(high - low)) / 2

    def own(self, materials: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which materials of hits are the object's own, not of what is around it."""
        return (materials >= 0) & (materials < len(self.model.materials))

    def occluded(
        self, origins: Floats, directions: Floats, reach: float = np.inf
    ) -> NDArray[np.bool_]:
        """Return which rays an opaque part stops, bool [N]; cut-outs count as opaque.

        Args:
            origins: float32 [N, 3], metres, object frame.
            directions: float32 [N, 3].
            reach: Largest distance, in lengths of a direction.
        """
        if False not in self._parts or not len(origins):
            return np.zeros(len(origins), bool)
        rays = np.concatenate([origins, directions], axis=1).astype(np.float32)
        far = float(min(reach, 1e30))
        caster = self._parts[False][0]
        stopped = caster.test_occlusions(
            _tensor(rays), tnear=1e-4, tfar=far, nthreads=self._threads
        )
        return np.asarray(stopped.numpy(), bool)

    def _is_cut_out(self, triangles: NDArray[np.int32], weights: Floats) -> NDArray[np.bool_]:
        cut = self._cutout[self.mesh.material_ids[triangles]]
        if cut.any():
            uv = self._interpolate_uv(triangles[cut], weights[cut])
            alpha = sample_textures(self.mesh, self.mesh.material_ids[triangles[cut]], uv)[:, 3]
            cut[cut] = alpha < 0.5
        return cut

    def _interpolate_uv(self, triangles: NDArray[np.int32], weights: Floats) -> Floats:
        corners = self.mesh.uv[self.mesh.triangles[triangles]]
        return np.asarray((_barycentric(weights)[:, :, None] * corners).sum(axis=1), np.float32)

    def _hits(
        self,
        origins: Floats,
        directions: Floats,
        distance: Floats,
        triangles: NDArray[np.int32],
        weights: Floats,
    ) -> Hits:
        hit = triangles >= 0
        struck = triangles[hit]
        points = np.zeros_like(directions)
        points[hit] = origins[hit] + distance[hit, None] * directions[hit]
        normals = np.zeros_like(directions)
        corners = self.mesh.normals[struck]
        smooth = (_barycentric(weights[hit])[:, :, None] * corners).sum(axis=1)
        smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-12)
        # The winding of triangles differs between authors, and sheets are visible from both sides.
        away = (smooth * directions[hit]).sum(axis=1) > 0
        normals[hit] = np.where(away[:, None], -smooth, smooth)
        uv = np.zeros((len(hit), 2), np.float32)
        uv[hit] = self._interpolate_uv(struck, weights[hit])
        materials = np.full(len(hit), -1, np.int32)
        materials[hit] = self.mesh.material_ids[struck]
        return Hits(hit, distance, points, normals, uv, triangles, materials)


def nearest(
    scene: Scene,
    origin: Floats,
    directions: Floats,
    stopped: NDArray[np.bool_] | None = None,
) -> Hits:
    """Cast rays that transparent parts stop, too.

    Args:
        scene: The object.
        origin: As `Scene.cast` takes it.
        directions: Likewise.
        stopped: bool [N], which rays transparent parts stop; None for all.
    """
    hits = scene.cast(origin, directions)
    if not scene.transparent.any():
        return hits
    panes = scene.cast(origin, directions, transparent=True)
    first = panes.distance < hits.distance
    if stopped is not None:
        first &= stopped
    return Hits(
        hits.hit | first,
        np.where(first, panes.distance, hits.distance),
        np.where(first[:, None], panes.points, hits.points),
        np.where(first[:, None], panes.normals, hits.normals),
        np.where(first[:, None], panes.uv, hits.uv),
        np.where(first, panes.triangles, hits.triangles),
        np.where(first, panes.materials, hits.materials),
    )


def _barycentric(weights: Floats) -> Floats:
    """Return the weights of all three corners; Embree gives those of the second and third."""
    return np.concatenate([1 - weights.sum(axis=1, keepdims=True), weights], axis=1)


def sample_textures(model: ObjectModel, materials: NDArray[np.int32], uv: Floats) -> Floats:
    """Return the colours of materials, interpolated between the pixels of their textures.

    Args:
        model: The model of the materials.
        materials: int32 [N], none negative.
        uv: float32 [N, 2].

    Returns:
        float32 [N, 4], sRGB and alpha, 0..1.
    """
    plain = np.array([(*each.colour, 1.0) for each in model.materials], np.float32)
    result = plain[materials]
    for number in np.unique(materials):
        texture = model.materials[number].texture
        if texture is not None:
            mask = materials == number
            result[mask] = _bilinear(texture, uv[mask])
    return result


def _bilinear(texture: NDArray[np.uint8], uv: Floats) -> Floats:
    height, width = texture.shape[:2]
    across = (uv[:, 0] % 1.0) * width - 0.5
    down = (1 - uv[:, 1] % 1.0) * height - 0.5
    left, top = np.floor(across), np.floor(down)
    share_x, share_y = (across - left)[:, None], (down - top)[:, None]
    columns = [(left.astype(np.int64) + step) % width for step in (0, 1)]
    rows = [(top.astype(np.int64) + step) % height for step in (0, 1)]
    upper = texture[rows[0], columns[0]] * (1 - share_x) + texture[rows[0], columns[1]] * share_x
    lower = texture[rows[1], columns[0]] * (1 - share_x) + texture[rows[1], columns[1]] * share_x
    return np.asarray((upper * (1 - share_y) + lower * share_y) / 255, np.float32)
