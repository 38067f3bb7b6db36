"""Materials of models: colours, textures and their files."""

from __future__ import annotations

import posixpath
import zipfile
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from trimesh.resolvers import Resolver

from .substance_guess import infer_substance

TEXTURE_SIDE = 512
"""Longest side of a texture in pixels; larger ones are reduced, as no sensor shows more."""

TEXTURE_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tga", ".tif", ".tiff")


@dataclass(frozen=True, eq=False)
class Material:
    """Colour, texture and substance of a part of a model.

    Attributes:
        name: The name that its author gives it.
        colour: Diffuse colour, sRGB 0..1, where there is no texture.
        specular: Strength of its highlight, 0..1.
        opacity: 1 for opaque.
        texture: uint8 [H, W, 4] RGBA sRGB, first row at the top; None for `colour` everywhere.
        substance: One of `SUBSTANCES`.
    """

    name: str
    colour: tuple[float, float, float]
    specular: float
    opacity: float
    texture: NDArray[np.uint8] | None
    substance: str


class ZipFolder(Resolver):
    """Gives trimesh the files beside a model in a zip; upper and lower case count as the same.

    Attributes:
        missing: Files that trimesh wanted and that are not there.
    """

    def __init__(self, package: zipfile.ZipFile, folder: str) -> None:
        """Index a folder of a zip; `folder` is its path there."""
        self._package = package
        self._folder = folder
        self._names = {name.lower(): name for name in package.namelist()}
        self.missing: list[str] = []

    def get(self, name: str) -> bytes:
        """Return a file's contents."""
        path = posixpath.normpath(posixpath.join(self._folder, name.replace("\\", "/")))
        member = self._names.get(path.lower()) or self._replacement(path)
        if member is None:
            self.missing.append(name)
            raise FileNotFoundError(name)
        return self._package.read(member)

    def _replacement(self, path: str) -> str | None:
        """Find a picture that an author renamed or named by a path of her own machine.

        That is the one of the same name in this folder, or else the only one there.
        """
        if not path.lower().endswith(TEXTURE_SUFFIXES):
            return None
        folder = f"{self._folder}/".lower()
        same = self._names.get(folder + posixpath.basename(path).lower())
        beside = [
            name
            for small, name in self._names.items()
            if small.startswith(folder) and small.endswith(TEXTURE_SUFFIXES)
        ]
        return same or (beside[0] if len(beside) == 1 else None)

    def keys(self) -> list[str]:
        """Return the names of all files."""
        return list(self._names.values())

    def write(self, name: str, data: bytes) -> None:
        """Refuse: the zip is only read."""
        raise PermissionError(name)

    def namespaced(self, namespace: str) -> ZipFolder:
        """Return a folder below this one."""
        return ZipFolder(self._package, posixpath.join(self._folder, namespace))


def read_material(given: Any, object_name: str, notes: list[str], what: str) -> Material:
    """Turn trimesh's material into ours; missing properties get neutral values.

    Args:
        given: trimesh's SimpleMaterial; None for none.
        object_name: The object's name, for the guess of the substance.
        notes: Gets a sentence if the texture is broken.
        what: Names the model in that sentence.
    """
    values = getattr(given, "kwargs", None) or {}
    name = str(getattr(given, "name", None) or "unnamed")
    colour = _triple(values.get("kd"), 0.7)
    specular = float(np.mean(_triple(values.get("ks"), 0.0)))
    opacity = _opacity(values)
    image = getattr(given, "image", None)
    texture = None
    file = ""
    if image is not None:
        file = str(image.info.get("file_path", ""))
        texture = _texture(image)
        if texture is None:
            notes.append(f"{what}: {file} cannot be read; the material's colour is used.")
    substance = infer_substance(name, file, object_name, colour, opacity, specular)
    return Material(name, colour, specular, opacity, texture, substance)


def _triple(value: Any, default: float) -> tuple[float, float, float]:
    numbers = np.atleast_1d(np.asarray(default if value is None else value, np.float64))
    numbers = np.clip(np.nan_to_num(numbers, nan=default), 0, 1)
    red, green, blue = (numbers if len(numbers) == 3 else np.repeat(numbers[:1], 3)).tolist()
    return red, green, blue


def _opacity(values: dict[str, Any]) -> float:
    """Read MTL's d (opacity) or Tr (transparency)."""
    try:
        if "d" in values:
            opacity = float(values["d"][-1])
        else:
            opacity = 1 - float(values["tr"][-1]) if "tr" in values else 1.0
    except (ValueError, IndexError, TypeError):
        return 1.0
    return min(max(opacity, 0.0), 1.0)


def _texture(image: Any) -> NDArray[np.uint8] | None:
    """Decode a texture to RGBA, at most TEXTURE_SIDE long; None if that fails."""
    try:
        pixels = np.asarray(image.convert("RGBA"), np.uint8)
    except (OSError, ValueError, SyntaxError):  # what Pillow raises at broken files
        return None
    scale = TEXTURE_SIDE / max(pixels.shape[:2])
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in pixels.shape[1::-1])
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    return np.ascontiguousarray(pixels, np.uint8)
