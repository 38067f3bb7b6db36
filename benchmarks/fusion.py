"""How long fusing and recognising take, by the number of sensors and of labels.

The second table has how long it takes to match what sensors show anew with enrolled labels.

Usage: python3 benchmarks/fusion.py [--bundle DIR] [--json FILE]
"""

from __future__ import annotations

from omnibind_ros.runtime.threads import limit_blas_threads

if __name__ == "__main__":
    limit_blas_threads()  # before NumPy is imported

# isort: split
import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.fusion import AdaptiveFusion
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.enrolled_file import Part
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.match_statistics import read_statistics
from omnibind_ros.recognition.matching import Matching
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser

SENSORS, LABELS = (1, 7, 16, 64), (100, 1_000, 10_000)

ENROLLED = (50, 1_000, 5_000)
"""Enrolled labels, of one prototype in each modality."""


def _unit(rng: np.random.Generator, count: int, size: int) -> npt.NDArray[np.float32]:
    values = rng.normal(size=(count, size))
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def measure(
    bundle: Bundle, sensors: int, labels: int, repeats: int = 2000
) -> npt.NDArray[np.float64]:
    """Fuse and recognise many times.

    Args:
        bundle: A bundle with a fusion network.
        sensors: Embeddings to fuse, of all modalities in turn.
        labels: Labels to compare with.
        repeats: How often.

    Returns:
        Seconds that each time took.
    """
    rng = np.random.default_rng(0)
    size = bundle.manifest.embedding_size
    names = tuple(f"label {i}" for i in range(labels))
    bank = LabelBank(names, _unit(rng, labels, size), np.arange(labels))
    recogniser = Recogniser(bank, bundle.manifest.calibration)
    fusion = AdaptiveFusion.load(bundle)
    values = _unit(rng, sensors, size)
    modalities = (list(MODALITIES) * sensors)[:sensors]
    ages, qualities, entropies = rng.random((3, sensors), np.float32)
    took = np.empty(repeats)
    for turn in range(-repeats // 10, repeats):  # the first ones warm up and are overwritten
        before = time.perf_counter()
        fused = fusion.fuse(values, modalities, ages, qualities, entropies)
        members = [
            Member(modality, value, float(quality), float(weight))
            for modality, value, quality, weight in zip(
                modalities, values, qualities, fused.weights, strict=True
            )
        ]
        recogniser.name(recogniser.distribution(fused.values, members))
        took[turn] = time.perf_counter() - before
    if fusion.failures:
        raise RuntimeError("the fusion network failed, so this is not its speed")
    return took


def measure_enrolled(
    bundle: Bundle, enrolled: int, modalities: Sequence[str], repeats: int = 300
) -> npt.NDArray[np.float64]:
    """Match with enrolled labels many times; what each member shows is new each time.

    Args:
        bundle: A bundle with statistics of matching.
        enrolled: Labels, enrolled with one view by all seven modalities.
        modalities: Of the members.
        repeats: How often.

    Returns:
        Seconds that each time took.
    """
    rng = np.random.default_rng(0)
    matching = Matching.load(bundle)
    if matching.problem or bundle.manifest.matching is None:
        raise RuntimeError(matching.problem or "the bundle has no statistics of matching")
    statistics = read_statistics(bundle.place(bundle.manifest.matching))
    sizes = {
        name: len(found.by_kind["features"].mean) if "features" in found.by_kind else 0
        for name, found in statistics.items()
    }

    def part(modality: str) -> Part:
        embedding = _unit(rng, 1, bundle.manifest.embedding_size)
        return Part(
            modality, "", embedding, _unit(rng, 1, max(sizes[modality], 1))[:, : sizes[modality]]
        )

    match = matching.match(
        [(f"thing {i}", [part(modality) for modality in MODALITIES]) for i in range(enrolled)]
    )
    if match is None:
        raise RuntimeError("nothing is enrolled")
    took = np.empty(repeats)
    for turn in range(-repeats // 10, repeats):
        members = [
            Member(each.modality, each.values[0], 1.0, 1.0, each.features[0], each.modality)
            for each in map(part, modalities)
        ]
        before = time.perf_counter()
        match.odds(members)
        took[turn] = time.perf_counter() - before
    return took


def main() -> None:
    """Print both tables, and write JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    table = Table("sensors", "labels", "p50 [ms]", "p99 [ms]")
    figures: list[dict[str, Any]] = []
    bundle = Bundle.load(resolve_bundle(options.bundle))
    for labels in LABELS:
        for sensors in SENSORS:
            p50, p99 = np.percentile(measure(bundle, sensors, labels), (50, 99)) * 1e3
            table.add_row(str(sensors), str(labels), f"{p50:.3f}", f"{p99:.3f}")
            row = {"sensors": sensors, "labels": labels}
            figures.append(row | {"p50_ms": round(float(p50), 4), "p99_ms": round(float(p99), 4)})
    matched: list[dict[str, Any]] = []
    enrolled_table = Table("enrolled labels", "members", "p50 [ms]", "p99 [ms]")
    for enrolled in ENROLLED:
        for members in (["image"], list(MODALITIES)):
            took = measure_enrolled(bundle, enrolled, members)
            p50, p99 = (round(float(each), 4) for each in np.percentile(took, (50, 99)) * 1e3)
            matched.append(
                {"enrolled": enrolled, "members": len(members), "p50_ms": p50, "p99_ms": p99}
            )
            enrolled_table.add_row(str(enrolled), str(len(members)), f"{p50:.3f}", f"{p99:.3f}")
    console = Console()
    console.print(table)
    console.print(enrolled_table)
    if options.json:
        text = json.dumps({"fusion": figures, "enrolled": matched}, indent=2)
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
