"""What adapting to another sensor of a kind wins back: without labels, with a tenth, with all.

The students of a bundle see held-out objects of a simulated dataset through a changed sensor: a gel
with one lamp and printed markers, a thermal core with gain control and 8 bits, an event camera of
three times the threshold, a LiDAR's rings instead of a depth picture, a microphone with a
telephone's band. They are adapted to the validation objects, with the pictures of the same moments,
and measured on the test objects.

Usage: python3 benchmarks/sensor_change.py --data DIR [--bundle household] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import butter, sosfiltfilt

from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.export.adaptation import image_teacher
from omnibind_ros.learning.adapt.samples import SensorSamples
from omnibind_ros.learning.adapt.selection import (
    Situation,
    adapt_with_labels,
    adapt_without_labels,
)
from omnibind_ros.learning.adapt.start import bundle_student, embeddings_of
from omnibind_ros.learning.adapt.training import AdaptationPlan, take_statistics
from omnibind_ros.learning.af.files import load_fusion
from omnibind_ros.learning.released import FUSION, find_checkpoint
from omnibind_ros.learning.tensors.sample_labels import sample_labels
from omnibind_ros.learning.tensors.specs import input_spec, prepare_function
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.units import SAMPLE_RATE

Change = Callable[[Any], Any]

LEAST = 10.0
"""Points that a change must cost to be worth winning back."""


def other_gel(stored: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return gel and reference, uint8 [2, H, W, 3], as one lamp shows them, with black markers."""
    grey = (stored[..., :1] * 0.7 + stored[..., 1:2] * 0.3).astype(np.float32)
    lit = grey * np.array([1.0, 0.92, 0.8], np.float32)
    height, width = stored.shape[1:3]
    rows, columns = np.mgrid[0:height, 0:width]
    pitch = max(height // 8, 4)
    near = ((rows % pitch - pitch / 2) ** 2 + (columns % pitch - pitch / 2) ** 2) < (pitch / 6) ** 2
    lit[:, near] *= 0.25
    return np.clip(lit, 0, 255).astype(np.uint8)


def gain_control(celsius: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what a node reads of a picture of 8 bits, stretched to its own range: 0.2 deg C each.

    As sensors/thermal_unit.py reads counts of 8 bits whose scale is not set: about 0 deg C up.
    """
    low, high = np.percentile(celsius, (1, 99))
    counts = np.clip((celsius - low) / max(high - low, 0.1) * 255, 0, 255).astype(np.uint8)
    return counts.astype(np.float32) * np.float32(0.2)


def high_threshold(events: Mapping[str, Any]) -> dict[str, Any]:
    """Return every third event of a pixel and polarity: three times the contrast threshold."""
    key = (events["y"].astype(np.int64) * 4096 + events["x"]) * 2 + events["p"]
    order = np.argsort(key, kind="stable")
    start = np.r_[True, np.diff(key[order]) > 0]
    first = np.maximum.accumulate(np.where(start, np.arange(len(key)), 0))
    nth = np.empty(len(key), np.int64)
    nth[order] = np.arange(len(key)) - first
    kept = nth % 3 == 2
    return {**events, **{name: events[name][kept] for name in ("x", "y", "t", "p")}}


def rings(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the points near twelve of the elevations that a cloud covers, as a LiDAR has them."""
    elevation = np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1]))
    low, high = np.percentile(elevation, (1, 99))
    place = (elevation - low) / max(high - low, 1e-3) * 11
    kept = points[np.abs(place - np.rint(place)) < 0.15]
    return kept if len(kept) >= 32 else points


def telephone(sound: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Return a sound, 16 kHz, with the band of a telephone, 300 to 3400 Hz."""
    band = butter(6, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos")
    heard = sosfiltfilt(band, sound.astype(np.float64))
    return np.clip(heard, -32768, 32767).astype(np.int16)


CHANGES: dict[str, tuple[str, Change]] = {
    "touch": ("one lamp, markers", other_gel),
    "thermal": ("gain control, 8 bits", gain_control),
    "event": ("three times the threshold", high_threshold),
    "points": ("rings of a LiDAR", rings),
    "audio": ("band of a telephone", telephone),
}
"""By modality, what changes."""


def prepared(dataset: Dataset, rows: npt.NDArray[np.int64], modality: str, change: Change) -> Any:
    """Return inputs [n, ...] of samples and which of them are usable, bool [n]."""
    spec, prepare = input_spec(modality), prepare_function(modality)
    module, rng = sample_module(modality), np.random.default_rng(0)
    inputs = np.zeros((len(rows), *spec.shape[1:]), np.float32)
    usable = np.zeros(len(rows), np.bool_)
    for place, row in enumerate(rows):
        try:
            observation = module.to_observation(change(dataset[int(row)][modality]), rng)
        except CodecError:
            continue
        ready = prepare(observation, spec)
        if ready.quality > 0 and np.isfinite(ready.values).all():
            inputs[place], usable[place] = ready.values[0], True
    return inputs, usable


def embedded_images(bundle: Bundle, dataset: Dataset, rows: npt.NDArray[np.int64]) -> Any:
    """Return image embeddings [n, D] of samples and their quality [n]; zeros where none is."""
    encoder = bundle.encoder("image")
    values = np.zeros((len(rows), bundle.manifest.embedding_size), np.float32)
    quality = np.zeros(len(rows), np.float32)
    there = dataset.has("image")
    for place, row in enumerate(rows):
        if there[row]:
            found = encoder.encode(dataset[int(row)]["image"])
            values[place], quality[place] = found.values, found.quality
    return values, quality


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every changed sensor."""
    bundle = Bundle.load(resolve_bundle(options.bundle))
    dataset = Dataset.open(options.data)
    text = bundle.encoder("text")
    if not isinstance(text, TextEncoder):
        raise SystemExit(f"the text encoder of {bundle.manifest.model} cannot embed labels")
    known = sample_labels(dataset, bundle, text)
    fusion = load_fusion(find_checkpoint(bundle, FUSION, options.checkpoints).parent)
    teacher = image_teacher(bundle, fusion)
    splits = dataset.column("split").astype(np.str_)
    objects = dataset.column("object_id").astype(np.str_)
    figures = {}
    for modality in options.modalities:
        recorded = dataset.recorded(modality) if hasattr(dataset, "recorded") else None
        chosen = dataset.has(modality) & np.isin(splits, ("validation", "test"))
        rows = np.flatnonzero(chosen & ~recorded if recorded is not None else chosen)
        name, change = CHANGES[modality]
        plain, good = prepared(dataset, rows, modality, lambda data: data)
        changed, also = prepared(dataset, rows, modality, change)
        rows, plain, changed = (each[good & also] for each in (rows, plain, changed))
        images, quality = embedded_images(bundle, dataset, rows)
        own = np.unique(objects[rows[splits[rows] == "validation"]])
        held = np.isin(objects[rows], own[:: max(len(own) // max(len(own) // 5, 1), 1)])
        part = np.where(splits[rows] == "test", "test", np.where(held, "validation", "train"))
        samples = SensorSamples(
            modality, changed, rows, known.labels[rows], objects[rows], part, images, quality
        )
        figures[modality] = {"change": name} | one_change(
            bundle, samples, plain, known.bank, teacher, options
        )
        print(f"{modality}: {figures[modality]}", file=sys.stderr, flush=True)
    return figures


def one_change(
    bundle: Bundle,
    samples: SensorSamples,
    plain: Any,
    bank: LabelBank,
    teacher: Any,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Adapt one student to its changed sensor in three ways, and measure it."""
    modality = samples.modality
    checkpoint = find_checkpoint(bundle, modality, options.checkpoints)
    test = samples.where("test")

    def right(network: Any, inputs: Any) -> float:
        best = bank.similarities(embeddings_of(network, inputs)).argmax(1)
        answers = bank.categories.right_answers[samples.labels[test], best]
        return round(100 * float(answers.mean()), 1)

    network = bundle_student(checkpoint)
    found: dict[str, Any] = {
        "samples": {split: len(samples.where(split)) for split in ("train", "validation", "test")},
        "usual": right(network, plain[test]),
        "changed": right(network, samples.inputs[test]),
    }
    take_statistics(network, samples.inputs[samples.where("train")])
    found["statistics"] = right(network, samples.inputs[test])
    cost = found["usual"] - found["changed"]
    found["cost"] = round(cost, 1)
    for name, share in (("unlabelled", 0.0), ("labels_10", 0.1), ("labels_all", 1.0)):
        results = []
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            labels = np.full(len(samples), -1, np.int64)
            named = np.unique(samples.objects[samples.splits != "test"])
            few = np.random.default_rng(seed).random(len(samples)) < share
            labels = np.where(few & np.isin(samples.objects, named), samples.labels, -1)
            part = replace(samples, labels=labels)
            with tempfile.TemporaryDirectory() as folder:
                situation = Situation(
                    part,
                    bank,
                    input_spec(modality),
                    bundle.manifest.embedding_size,
                    checkpoint,
                    teacher,
                    AdaptationPlan(seed=seed, presentations=options.presentations),
                    Path(folder),
                    "",
                    lambda *_: None,
                )
                adapt = adapt_with_labels if share else adapt_without_labels
                student = adapt(situation)
            results.append(right(student.network, samples.inputs[test]))
            scores = {key: round(value, 3) for key, value in student.scores.items()}
            chosen = f"{student.start} {student.depth}"
            print(f"{modality} {name} {seed}: {results[-1]}, {chosen}, {scores}", file=sys.stderr)
        found[name] = {"right": round(float(np.mean(results)), 1), "seeds": results}
        if cost >= LEAST:
            found[name]["won_back"] = round((np.mean(results) - found["changed"]) / cost, 2)
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the dataset")
    parser.add_argument("--bundle", default="household", metavar="DIR", help="(household)")
    parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="(BUNDLE_checkpoints)")
    parser.add_argument("--modalities", nargs="+", default=list(CHANGES), choices=CHANGES)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="(3)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="N", help="(0)")
    parser.add_argument("--presentations", type=int, default=6000, metavar="N", help="(6000)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures = measure(options)
    head = f"{'sensor':8} {'change':26} {'usual':>6} {'changed':>8}"
    ways = ("statistics", "unlabelled", "a tenth", "all")
    print(head, " ".join(f"{way:>10}" for way in ways), "  right of test samples, %")
    for modality, of in figures.items():
        found = [of[name]["right"] for name in ("unlabelled", "labels_10", "labels_all")]
        shown = " ".join(f"{value:10.1f}" for value in (of["statistics"], *found))
        print(f"{modality:8} {of['change']:26} {of['usual']:6.1f} {of['changed']:8.1f} {shown}")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
