"""How well photographs are named: scikit-image's, and pictures that show nothing nameable.

Usage: python3 benchmarks/photographs.py [--bundle household] [--json FILE] [--record]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data
from rich.console import Console
from rich.table import Table

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.manifest_writing import record_figures
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

Picture = npt.NDArray[np.uint8]

# Every photograph in scikit-image's wheel that shows a thing with a name. The two pictures of the
# motorcycle are a stereo pair; horse.png is a silhouette, no photograph.
SUBJECTS = {
    "astronaut.png": "person",
    "camera.png": "camera",
    "chelsea.png": "cat",
    "clock_motion.png": "clock",
    "coffee.png": "cup",
    "coins.png": "coin",
    "motorcycle_left.png": "motorcycle",
    "rocket.jpg": "rocket",
}
# No sharp view of its subject (motion blur), and 24 tiny coins: counted apart.
HARD = {"clock_motion.png", "coins.png"}
TEXTURES = ("brick.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "page.png")


def load(name: str) -> Picture:
    """Read one of scikit-image's pictures, uint8 [H, W, 3], RGB."""
    image = cv2.imread(str(Path(skimage.data.__file__).parent / name), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def nothing() -> dict[str, Picture]:
    """Return pictures that show nothing: noise, and plain surfaces."""
    rng = np.random.default_rng(0)
    shape = (480, 640, 3)
    # Several seeds and sizes: a classifier may be sure of what it sees in one noise only.
    noise = {
        f"noise {height}x{width}, seed {seed}": np.random.default_rng(seed).integers(
            0, 256, (height, width, 3), np.uint8
        )
        for height, width in ((480, 640), (256, 256), (224, 224))
        for seed in range(5)
    }
    return noise | {
        "black": np.zeros(shape, np.uint8),
        "white": np.full(shape, 255, np.uint8),
        "grey": np.full(shape, 128, np.uint8),
        "dark noise": rng.integers(0, 12, shape, np.uint8),
        "gradient": np.tile(np.linspace(0, 255, 640).astype(np.uint8)[None, :, None], (480, 1, 3)),
    }


def _cell(value: object) -> str:
    """Return a value as it stands in the table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Print a table, and write JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--record", action="store_true", help="write the figures into the bundle's bundle.yaml"
    )
    options = parser.parse_args()
    bundle = Bundle.load(resolve_bundle(options.bundle))
    encoder = bundle.encoder("image")
    vocabulary, _ = Vocabulary.load(bundle, (), threads=1)
    recogniser = Recogniser(vocabulary.bank, bundle.manifest.calibration)
    table = Table("picture", "expected", "label", "known", "similarity", "quality", "right")
    rows: list[dict[str, Any]] = []
    pictures = {name: load(name) for name in (*SUBJECTS, *TEXTURES)} | nothing()
    for name, picture in pictures.items():
        encoding = encoder.encode(picture)
        member = Member("image", encoding.values, encoding.quality)
        result = recogniser.name(recogniser.distribution(encoding.values, [member]))
        expected = SUBJECTS.get(name, "unknown")
        answer = result.labels[0] if result.known or name in SUBJECTS else "unknown"
        row = {
            "picture": name,
            "expected": expected,
            "label": result.labels[0],
            "known": result.known,
            "similarity": result.similarity,
            "quality": result.quality,
            "right": answer == expected,
        }
        rows.append(row)
        table.add_row(*map(_cell, row.values()))
    clear = [row for row in rows if row["picture"] in SUBJECTS and row["picture"] not in HARD]
    hard = [row for row in rows if row["picture"] in HARD]
    rest = [row for row in rows if row["picture"] not in SUBJECTS]
    figures = {
        "right": sum(row["right"] for row in clear),
        "total": len(clear),
        "hard_right": sum(row["right"] for row in hard),
        "hard_total": len(hard),
        "unknown_right": sum(row["right"] for row in rest),
        "unknown_total": len(rest),
    }
    Console().print(table)
    print(
        f"clear subjects right: {figures['right']} of {figures['total']}; hard ones: "
        f"{figures['hard_right']} of {figures['hard_total']}; unknown: "
        f"{figures['unknown_right']} of {figures['unknown_total']}"
    )
    if options.record:
        record_figures(bundle.root, "photographs", figures)
    if options.json:
        options.json.write_text(json.dumps({**figures, "pictures": rows}, indent=2))


if __name__ == "__main__":
    main()
