"""Names photographs of ImageNet's classes that have a label: the encoder alone, and as in the node.

The photographs are those of the public repository EliSchwartz/imagenet-sample-images, one a class,
for measuring only. 157 of the 1000 classes have a label; docs/results/photographs.csv names them.
This list stays as it is when the label bank grows. Right is the label of the list, or one that
contains it and covers few labels (`taxonomy.WIDEST`).

    git clone https://github.com/EliSchwartz/imagenet-sample-images DIR
    python3 benchmarks/imagenet_photographs.py DIR
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.fusion import make_fusion
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser

TEACHER = "teacher"

LIST = Path(__file__).resolve().parents[1] / "docs" / "results" / "photographs.csv"
"""Classes of the photographs, and the label of each."""


def labelled(folder: Path) -> list[tuple[Path, str]]:
    """Return the photographs whose class has a label, with it."""
    with LIST.open(encoding="utf-8", newline="") as file:
        label_of = {row["class"]: row["label"] for row in csv.DictReader(file)}
    found = []
    for path in sorted(folder.glob("n*.JPEG")):
        name = path.stem.partition("_")[2].replace("_", " ").lower()
        if name in label_of:
            found.append((path, label_of[name]))
    return found


def measure(bundle: Bundle, photographs: list[tuple[Path, str]]) -> dict[str, float]:
    """Return percentages: right by the encoder alone; right, known, wrong and known in the node."""
    text = bundle.encoder("text")
    if not isinstance(text, TextEncoder):
        raise SystemExit(f"{bundle.manifest.model} has no text encoder of its own")
    bank = LabelBank.load(bundle.root, bundle.root / bundle.manifest.labels.path, text)
    encoder, (fusion, _) = bundle.encoder("image"), make_fusion("adaptive", bundle)
    recogniser = Recogniser(bank, bundle.manifest.calibration)
    place, answers = bank.labels.index, bank.categories.right_answers
    rows = []
    for path, label in photographs:
        encoding = encoder.encode(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))
        alone = int(bank.similarities(encoding.values).argmax())
        quality = np.array([encoding.quality], np.float32)
        entropy = np.array([recogniser.entropy(encoding.values)], np.float32)
        age = np.zeros(1, np.float32)
        fused = fusion.fuse(encoding.values[None], ["image"], age, quality, entropy)
        member = Member("image", encoding.values, encoding.quality)
        result = recogniser.name(recogniser.distribution(fused.values, [member]))
        accepted = answers[place(label)]
        right = accepted[place(result.labels[0])]
        rows.append((accepted[alone], right, result.known, result.known and not right))
    shares = 100 * np.mean(rows, axis=0)
    names = ("encoder", "right", "known", "wrong_known")
    return {name: round(float(share), 1) for name, share in zip(names, shares, strict=True)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the photographs")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="the bundle's folder or name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    bundle = Bundle.load(resolve_bundle(options.bundle))
    photographs = labelled(options.folder)
    if not photographs:
        raise SystemExit(f"{options.folder} has no file n*_NAME.JPEG of a class that has a label")
    figures = {
        each.manifest.model: measure(each, photographs)
        for each in (bundle, Bundle.load(resolve_bundle(TEACHER)))
    }
    table = Table(title=f"{len(photographs)} photographs, percent")
    for name in ("bundle", "encoder alone, right", "node, right", "known", "wrong and known"):
        table.add_column(name)
    for name, row in figures.items():
        table.add_row(name, *map(str, row.values()))
    Console().print(table)
    if options.json is not None:
        content = {"photographs": len(photographs), "bundles": figures}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
