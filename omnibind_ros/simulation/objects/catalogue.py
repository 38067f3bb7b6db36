"""The catalogue of object models: that of Debian's sweethome3d-furniture.

The package holds five archives (.sh3f, which are zips) of OBJ models under CC0 and CC BY, each
with a PluginFurnitureCatalog.properties that names, sizes and credits them.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "sweethome3d-furniture"
"""The Debian package that holds the models."""

PROPERTIES = "PluginFurnitureCatalog.properties"

SIZES = (0.001, 50.0)
"""Smallest and largest length of an object's longest side, in metres."""

LICENCES = (
    ("public domain", "CC0-1.0"),
    ("attribution 3.0 united states", "CC-BY-3.0-US"),
    ("attribution 3.0", "CC-BY-3.0"),
)
"""SPDX identifiers of the licences that the archives name, by a part of the name."""


class CatalogueError(ValueError):
    """Models that cannot be found or read; the text is one sentence."""


@dataclass(frozen=True)
class LightSource:
    """A lamp's bulb, in the object's frame (see `ObjectModel`).

    Attributes:
        position: Centre, metres.
        diameter: Metres; 0 where the catalogue gives none.
    """

    position: tuple[float, float, float]
    diameter: float


@dataclass(frozen=True)
class CatalogueEntry:
    """An object model that can be loaded.

    Attributes:
        object_id: Unique in the catalogue; letters, digits, '-' and '_'.
        catalogue_id: The id that the catalogue gives, e.g. 'Scopia#bed1'.
        name: The name that its author gives it, in English.
        category: The catalogue's category, e.g. 'Kitchen'.
        tags: More words for it.
        archive: The zip that holds the model.
        model_path: The OBJ file in the zip.
        size: Extents forward, to the left and up, metres.
        elevation: Height of its lowest point above the floor, metres.
        movable: Whether it stands free and is no part of a building.
        opening: Whether it is a door or a window.
        rotation: 3 x 3, row by row: turns the file's vertices upright (y up, front to z).
        lights: Its bulbs.
        licence: SPDX identifier; of an unknown licence the text in the archive.
        author: Author of the model.
    """

    object_id: str
    catalogue_id: str
    name: str
    category: str
    tags: tuple[str, ...]
    archive: Path
    model_path: str
    size: tuple[float, float, float]
    elevation: float
    movable: bool
    opening: bool
    rotation: tuple[float, ...]
    lights: tuple[LightSource, ...]
    licence: str
    author: str


@dataclass(frozen=True)
class Catalogue:
    """The content of a folder of archives.

    Attributes:
        entries: The models, in the archives' order.
        problems: A sentence for each model or archive that cannot be read.
    """

    entries: tuple[CatalogueEntry, ...]
    problems: tuple[str, ...]


def find_archives(folder: Path) -> list[Path]:
    """List the model archives of a folder, or below it, by name.

    Raises:
        CatalogueError: There is no such folder, or no archive in it.
    """
    if not folder.is_dir():
        raise CatalogueError(
            f"{folder} is not a folder: name the one that holds {PACKAGE}'s .sh3f files."
        )
    found = sorted(folder.rglob("*.sh3f"), key=lambda path: (path.name, path))
    if not found:
        raise CatalogueError(f"{folder} holds no .sh3f files: unpack {PACKAGE} there.")
    return found


def read_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue of every archive in a folder.

    Args:
        folder: A folder with .sh3f files, or with folders of them.

    Raises:
        CatalogueError: There is no such folder, or nothing in it can be read.
    """
    entries: dict[str, CatalogueEntry] = {}
    problems: list[str] = []
    for archive in find_archives(folder):
        try:
            found = list(_read_archive(archive, problems))
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            reason = str(error).strip("'\"")
            problems.append(
                f"{archive.name} cannot be read and is left out ({reason}): fetch it again."
            )
            continue
        for entry in found:
            if entry.object_id in entries:
                problems.append(f"{archive.name}: {entry.object_id} is there twice: one is used.")
            else:
                entries[entry.object_id] = entry
    if not entries:
        raise CatalogueError(f"{folder} holds no models that can be read: {' '.join(problems)}")
    return Catalogue(tuple(entries.values()), tuple(problems))


def _read_archive(archive: Path, problems: list[str]) -> Iterator[CatalogueEntry]:
    with zipfile.ZipFile(archive) as package:
        members = set(package.namelist())
        general, pieces = _read_properties(package.read(PROPERTIES))
    licence = _licence(general.get("license", ""))
    for piece in pieces.values():
        try:
            entry = _entry(archive, piece, licence)
        except (KeyError, ValueError) as error:
            name = piece.get("id") or piece.get("name") or "an entry without a name"
            problems.append(f"{archive.name}: {name} is left out: {_reason(error)}.")
            continue
        if entry.model_path not in members:
            problems.append(f"{archive.name}: {entry.object_id} has no file {entry.model_path}.")
            continue
        yield entry


def _reason(error: KeyError | ValueError) -> str:
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _read_properties(data: bytes) -> tuple[dict[str, str], dict[int, dict[str, str]]]:
    """Split a catalogue into the properties of all of it and those of each piece."""
    general: dict[str, str] = {}
    pieces: dict[int, dict[str, str]] = {}
    # Java's property files are Latin-1, with \uXXXX for other characters.
    for line in data.decode("latin-1").splitlines():
        match = re.match(r"\s*(\w+)(?:#(\d+))?\s*=\s*(.*?)\s*$", line)
        if match is None:
            continue
        key, number, value = match.groups()
        value = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), value)
        (pieces.setdefault(int(number), {}) if number else general)[key] = value
    return general, pieces


def _licence(text: str) -> str:
    small = text.lower()
    return next((spdx for part, spdx in LICENCES if part in small), text or "unknown")


def _entry(archive: Path, piece: Mapping[str, str], licence: str) -> CatalogueEntry:
    width, depth, height = (_metres(piece[key]) for key in ("width", "depth", "height"))
    longest = max(width, depth, height)
    if not (SIZES[0] <= longest <= SIZES[1] and min(width, depth, height) >= 0):
        raise ValueError(f"its size of {width:g} x {depth:g} x {height:g} m is absurd")
    rotation = tuple(float(value) for value in piece.get("modelRotation", "").split())
    if len(rotation) not in (0, 9):
        raise ValueError("its rotation is no 3 x 3 matrix")
    return CatalogueEntry(
        object_id=_identifier(piece["id"]),
        catalogue_id=piece["id"],
        name=piece["name"],
        category=piece.get("category", ""),
        tags=tuple(tag.strip() for tag in piece.get("tags", "").split(",") if tag.strip()),
        archive=archive,
        model_path=piece["model"].lstrip("/"),
        size=(depth, width, height),
        elevation=_metres(piece.get("elevation", "0")),
        movable=piece.get("movable", "true") == "true",
        opening=piece.get("doorOrWindow", "false") == "true",
        rotation=rotation or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        lights=tuple(_lights(piece, width, depth)),
        licence=licence,
        author=piece.get("creator", "unknown"),
    )


def _metres(centimetres: str) -> float:
    value = float(centimetres) / 100
    if not math.isfinite(value):
        raise ValueError(f"'{centimetres}' is no length")
    return value


def _lights(piece: Mapping[str, str], width: float, depth: float) -> Iterator[LightSource]:
    """Turn the catalogue's bulbs (from the left and front edges) into the object's frame."""
    keys = ("lightSourceX", "lightSourceY", "lightSourceZ")
    columns = [piece.get(key, "").split() for key in keys]
    diameters = piece.get("lightSourceDiameter", "").split()
    for index, (across, back, up) in enumerate(zip(*columns, strict=False)):
        diameter = _metres(diameters[index]) if index < len(diameters) else 0.0
        position = (depth / 2 - _metres(back), _metres(across) - width / 2, _metres(up))
        yield LightSource(position, diameter)


def _identifier(text: str) -> str:
    """Turn a catalogue's id, 'Blend Swap CC-0#armchair', into letters, digits, '-' and '_'."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-").lower()
