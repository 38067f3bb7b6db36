"""How often a thermal picture without a thing is 'known'.

Usage: python3 benchmarks/thermal_background.py FOLDER [--bundle household] [--json FILE]

FOLDER has the whole frames of HIT-UAV that `CELLS` names (640 x 512, 8 bits, from a drone). Their
cells of 128 x 128 pixels that show no thing, chosen by eye, are recognised by `omnibind recognise`
with the labels that the bundle ships. The right answer is 'unknown'.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image
from recognised import recognised

from omnibind_ros.encoders.names import DEFAULT_BUNDLE

SIDE = 128
"""Pixels of a cell's side."""

CELLS: dict[str, tuple[str, ...]] = {
    "0_60_30_0_06443": ("01234", "01234", "01234", "03"),
    "0_60_40_0_06495": ("012", "0134", "34", "234"),
    "1_60_30_0_04091": ("", "2", "123", "012"),
    "1_60_40_0_04124": ("", "", "4", "34"),
    "1_60_50_0_04160": ("", "", "4", "34"),
    "1_60_70_0_04210": ("34", "34", "34", "34"),
    "1_60_70_0_04216": ("", "4", "34", "234"),
    "1_70_40_0_04357": ("", "", "4", "34"),
    "1_70_80_0_07732": ("01", "012", "01", "0"),
}
"""Columns of the cells without a thing, for each row of a frame from the top."""


def main() -> int:
    """Measure, print a line and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="whole frames of HIT-UAV, .jpg")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    missing = [name for name in CELLS if not (options.folder / f"{name}.jpg").is_file()]
    if missing:
        print(
            f"thermal_background.py: {options.folder} has no {missing[0]}.jpg; give the folder of "
            "whole frames",
            file=sys.stderr,
        )
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "thermal" / "background"
        folder.mkdir(parents=True)
        for frame, rows in CELLS.items():
            with Image.open(options.folder / f"{frame}.jpg") as picture:
                _cut(picture, rows, folder, frame)
        found = recognised(folder.parent, "--modality", "thermal", "--bundle", options.bundle)
    print(f"{found['n']} cells without a thing: {found['known']:.1f}% known")
    if options.json:
        options.json.write_text(json.dumps({"n": found["n"], "known": found["known"]}) + "\n")
    return 0


def _cut(picture: Image.Image, rows: tuple[str, ...], folder: Path, frame: str) -> None:
    for row, columns in enumerate(rows):
        for column in map(int, columns):
            left, top = column * SIDE, row * SIDE
            cell = picture.convert("L").crop((left, top, left + SIDE, top + SIDE))
            cell.save(folder / f"{frame}-{column}-{row}.png")


if __name__ == "__main__":
    sys.exit(main())
