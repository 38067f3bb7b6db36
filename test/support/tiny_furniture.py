"""Furniture archives of a few boxes, in the format of sweethome3d-furniture's."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

CUBE = """\
mtllib box.mtl
v 0 0 0
v {w} 0 0
v {w} {h} 0
v 0 {h} 0
v 0 0 {d}
v {w} 0 {d}
v {w} {h} {d}
v 0 {h} {d}
usemtl {material}
f 1 4 3 2
f 5 6 7 8
f 1 2 6 5
f 2 3 7 6
f 3 4 8 7
f 4 1 5 8
"""
MATERIALS = "newmtl {material}\nKd 0.6 0.4 0.2\n"


def furniture(
    folder: Path, pieces: Sequence[tuple[str, str]], name: str = "Tiny", empty: Sequence[str] = ()
) -> Path:
    """Write an archive.

    Args:
        folder: Where to.
        pieces: Id and name of each piece; each has a size of its own.
        name: Of the archive.
        empty: Ids of pieces whose model has no faces.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["license=Public domain"]
    with zipfile.ZipFile(folder / f"{name}.sh3f", "w") as archive:
        for number, (identity, title) in enumerate(pieces, 1):
            width, depth, height = 40 + 3 * number, 50, 60 + 5 * number
            properties = {
                "id": identity,
                "name": title,
                "category": "Living room",
                "model": f"/{identity}/box.obj",
                "width": width,
                "depth": depth,
                "height": height,
                "creator": f"Author {number}",
            }
            lines += [f"{key}#{number}={value}" for key, value in properties.items()]
            text = CUBE.format(w=width, h=height, d=depth, material="wood")
            if identity in empty:
                text = "".join(line for line in text.splitlines(True) if line[0] != "f")
            archive.writestr(f"{identity}/box.obj", text)
            archive.writestr(f"{identity}/box.mtl", MATERIALS.format(material="wood"))
        archive.writestr("PluginFurnitureCatalog.properties", "\n".join(lines))
    return folder
