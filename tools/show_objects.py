"""Writes objects/, the object models that the package ships: some of sweethome3d-furniture.

Usage: python3 tools/show_objects.py [FOLDER]

FOLDER has the .sh3f files of that Debian package; without it, they are downloaded. Each archive is
written anew with the chosen models alone, its licence and its properties; objects/AUTHORS.md
credits the authors. All are test objects: no shipped encoder was trained on them.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path, PurePosixPath

from omnibind_ros.datasets.household.things import find_things
from omnibind_ros.simulation.objects.catalogue import (
    PROPERTIES,
    CatalogueEntry,
    find_archives,
    read_catalogue,
)
from omnibind_ros.simulation.objects.fetching import fetch

OUT = Path(__file__).resolve().parent.parent / "objects"

CHOSEN = [
    "blend-swap-cc-0-armchair2",
    "blend-swap-cc-0-littleplant",
    "blend-swap-cc-0-slippers",
    "blend-swap-cc-0-stool2",
    "blend-swap-cc-by-backpack",
    "blend-swap-cc-by-coffee_cup",
    "blend-swap-cc-by-laptop",
    "blend-swap-cc-by-siamesecat",
    "blend-swap-cc-by-wirelessofficephone3",
    "kator-legaz-bullet-trash-can",
    "kator-legaz-exterior-door-01",
    "kator-legaz-folding-table",
    "reallusion-male01",
    "scopia-apples",
    "scopia-basic_camera",
    "scopia-bed1",
    "scopia-bowl",
    "scopia-casque",
    "scopia-desk_lamp2",
    "scopia-dog",
    "scopia-littlebank",
    "scopia-montre-with-pose",
    "scopia-scooter",
    "scopia-seat_leon",
    "scopia-simple_sofa",
    "scopia-small-urinal",
    "scopia-teapot",
    "scopia-tournevis",
    "scopia-vase1",
    "scopia-wall-flat-tv",
    "scopia-wine_bottle",
]
"""One object of each of as many kinds as a home has: chosen by kind and by size of the file."""

# A fixed time, so that the same models give the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    """Write the folder; the status is 1 if a model is missing or no test object."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else fetch()
    test = {thing.object_id for thing in find_things("test", str(source))}
    entries = {entry.object_id: entry for entry in read_catalogue(source).entries}
    wrong = [name for name in CHOSEN if name not in test or name not in entries]
    if wrong:
        print(f"show_objects: no test objects: {', '.join(wrong)}", file=sys.stderr)
        return 1
    chosen = [entries[name] for name in CHOSEN]
    OUT.mkdir(exist_ok=True)
    for archive in find_archives(source):
        pieces = [entry for entry in chosen if entry.archive == archive]
        if pieces:
            _write(archive, pieces, OUT / archive.name)
    (OUT / "AUTHORS.md").write_text(_authors(chosen), encoding="utf-8")
    size = sum(file.stat().st_size for file in OUT.iterdir())
    print(f"{len(chosen)} models, {size / 1e6:.1f} MB in {OUT.name}/")
    return 0


def _write(archive: Path, pieces: list[CatalogueEntry], path: Path) -> None:
    folders = {str(PurePosixPath(piece.model_path).parent) + "/" for piece in pieces}
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(path, "w") as made:
        for member in sorted(source.namelist()):
            if member == PROPERTIES:
                content = _properties(source.read(member), {p.catalogue_id for p in pieces})
            elif member == "LICENSE.TXT" or (
                any(member.startswith(folder) for folder in folders) and not member.endswith("/")
            ):
                content = source.read(member)
            else:
                continue
            info = zipfile.ZipInfo(member, EPOCH)
            made.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=9)


def _properties(content: bytes, ids: set[str]) -> bytes:
    """Keep the general lines of a catalogue, and those of some pieces."""
    text = content.decode("latin-1")
    numbers = {
        number
        for number, name in re.findall(r"^id#(\d+)\s*=\s*(.*?)\s*$", text, re.MULTILINE)
        if name in ids
    }
    kept = []
    for line in text.splitlines():
        found = re.match(r"\s*\w+#(\d+)\s*=", line)
        if found is None or found[1] in numbers:
            kept.append(line)
    return ("\n".join(kept) + "\n").encode("latin-1")


def _authors(entries: list[CatalogueEntry]) -> str:
    rows = [
        f"| {entry.object_id} | {entry.name} | {entry.author} | {entry.licence} |"
        for entry in entries
    ]
    return "\n".join(
        [
            "# Object models of the simulated robot",
            "",
            "From Debian's package sweethome3d-furniture, by `python3 tools/show_objects.py`. Each",
            "archive has its licence. Changed: other models of the archives are left out.",
            "",
            "| object | name | author | licence |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
