"""How much data is worth what: a sensor adapted to growing shares of recordings with labels.

Compared on the test split of the recordings, in percent of samples that get the right label among
the recordings' own: the bundle as it is, a linear classifier on the image teacher's layers, and the
adapted student. Training samples are drawn by whole objects, where a class has several.

Few recordings have too few test samples to tell the two apart. With `--folds K` each object is
tested once: K parts of the objects of each class are the test samples in turn, and all others,
those of the validation split too, are the samples of both.

Usage: python3 benchmarks/adapt_curve.py SOURCE --modality touch [--json FILE] [--picture FILE]
       python3 benchmarks/adapt_curve.py SOURCE --modality touch --folds 5
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.export.adaptation_figures import probe_share
from omnibind_ros.learning.adapt.samples import SensorSamples
from omnibind_ros.learning.adapt.selection import Situation, adapt_with_labels
from omnibind_ros.learning.adapt.sources import Sources
from omnibind_ros.learning.adapt.start import (
    bundle_student,
    embeddings_of,
    features_of,
    layers_student,
)
from omnibind_ros.learning.adapt.teaching import ImageTeacher
from omnibind_ros.learning.adapt.training import AdaptationPlan
from omnibind_ros.learning.released import find_checkpoint
from omnibind_ros.learning.tensors.cache import build_cache
from omnibind_ros.learning.tensors.own_labels import label_numbers, own_labels
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import read_labels

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)


def measure(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Measure each share of the recordings."""
    bundle = Bundle.load(resolve_bundle(options.bundle))
    text = bundle.encoder("text")
    if not isinstance(text, TextEncoder):
        raise SystemExit(f"the text encoder of {bundle.manifest.model} cannot embed labels")
    data = Sources.parse(options.sources).build(work, 1)
    cache = build_cache(data, work / "tensors", str(bundle.root), 1)
    dataset = Dataset.open(data)
    labels = own_labels(dataset, read_labels(bundle.root / bundle.manifest.labels.path))
    bank = LabelBank.build(labels.labels, labels.templates, text, labels.taxonomy)
    samples = SensorSamples.of(cache, options.modality, label_numbers(dataset, labels))
    comparison = Comparison(
        options,
        bank,
        find_checkpoint(bundle, options.modality, options.checkpoints),
        cache.inputs.specs[options.modality],
        cache.embedding_size,
        work / "training",
    )
    comparison.work.mkdir(exist_ok=True)
    figures = {"data": options.sources, "modality": options.modality, "classes": len(bank.labels)}
    if options.folds:
        return figures | measure_folds(comparison, samples, options.folds)
    return figures | measure_shares(comparison, samples, options.seeds)


@dataclass(frozen=True)
class Comparison:
    """What is compared on some samples."""

    options: argparse.Namespace
    bank: LabelBank
    checkpoint: Path
    spec: TensorSpec
    size: int
    work: Path

    def answers(self, network: Any, inputs: Any) -> Any:
        """Return the best label's number of each input, [B]."""
        return self.bank.similarities(embeddings_of(network, inputs)).argmax(1)

    def probe(self, samples: SensorSamples, chosen: Any, test: Any) -> float:
        """Return the right share of a linear classifier on the layers, percent; NaN without one."""
        layers = layers_student(
            self.options.modality, self.spec, self.size, 0.0, samples.inputs[chosen], 0
        )
        probe = probe_share(
            features_of(layers, samples.inputs[chosen]),
            samples.labels[chosen],
            features_of(layers, samples.inputs[test]),
            samples.labels[test],
        )
        return probe["top1"] if probe is not None else np.nan

    def adapted(self, samples: SensorSamples, name: str, seed: int) -> Any:
        """Return the student adapted to the samples of the splits train and validation."""
        situation = Situation(
            samples,
            self.bank,
            self.spec,
            self.size,
            self.checkpoint,
            ImageTeacher(0.05, 0.0),
            AdaptationPlan(depth=self.options.depth, seed=seed),
            self.work,
            name,
            lambda *_: None,
        )
        return adapt_with_labels(situation).network


def measure_shares(comparison: Comparison, samples: SensorSamples, seeds: int) -> dict[str, Any]:
    """Measure each share of the training split on the test split."""
    test, training = samples.where("test"), samples.where("train")
    inputs, answers = samples.inputs[test], samples.labels[test]

    def right(network: Any) -> float:
        return round(100 * float((comparison.answers(network, inputs) == answers).mean()), 1)

    figures: dict[str, Any] = {
        "test": len(test),
        "bundle": right(bundle_student(comparison.checkpoint)),
        "shares": {},
    }
    for share in SHARES:
        rows: dict[str, list[float]] = {"samples": [], "layers": [], "adapted": []}
        for seed in range(seeds):
            chosen = draw(samples, training, share, seed)
            if len(np.unique(samples.labels[chosen])) < len(np.unique(samples.labels[training])):
                continue  # a class without any sample
            part = replace(samples, splits=samples.splits.copy())
            part.splits[np.setdiff1d(training, chosen)] = "unused"
            rows["samples"].append(len(chosen))
            rows["layers"].append(comparison.probe(samples, chosen, test))
            rows["adapted"].append(right(comparison.adapted(part, f"{share} {seed}", seed)))
        if rows["samples"]:
            means = {name: round(float(np.mean(values)), 1) for name, values in rows.items()}
            figures["shares"][f"{share:g}"] = means | {"seeds": rows}
    return figures


def measure_folds(comparison: Comparison, samples: SensorSamples, folds: int) -> dict[str, Any]:
    """Measure each object once, by what was trained on all others of its class and the others."""
    everything = np.flatnonzero(np.isin(samples.splits, ("train", "validation", "test")))
    fold = folds_of(samples, everything, folds)
    layers, adapted, before = [], [], []
    for number in range(folds):
        test, chosen = everything[fold == number], everything[fold != number]
        part = replace(samples, splits=samples.splits.copy())
        part.splits[samples.where("test")] = "train"
        part.splits[test] = "unused"
        answers, inputs = samples.labels[test], samples.inputs[test]
        layers.append(comparison.probe(samples, chosen, test) / 100 * len(test))
        network = comparison.adapted(part, f"fold {number}", 0)
        adapted.append(int((comparison.answers(network, inputs) == answers).sum()))
        usual = comparison.answers(bundle_student(comparison.checkpoint), inputs)
        before.append(int((usual == answers).sum()))

    def percent(counts: list[Any]) -> float:
        return round(100 * float(sum(counts)) / len(everything), 1)

    rows = {"samples": len(everything), "layers": percent(layers), "adapted": percent(adapted)}
    return {"test": len(everything), "bundle": percent(before), "shares": {f"{folds} folds": rows}}


def folds_of(samples: SensorSamples, rows: Any, folds: int) -> Any:
    """Return the part of each row, 0..folds-1: the objects of a class are dealt out in turn."""
    fold = np.zeros(len(rows), int)
    for label in np.unique(samples.labels[rows]):
        own = samples.labels[rows] == label
        for place, name in enumerate(np.unique(samples.objects[rows][own])):
            fold[own & (samples.objects[rows] == name)] = place % folds
    return fold


def draw(samples: SensorSamples, training: Any, share: float, seed: int) -> Any:
    """Return a share of the training samples of each class, whole objects first."""
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(samples.labels[training]):
        own = training[samples.labels[training] == label]
        objects = samples.objects[own]
        order = np.concatenate(
            [rng.permutation(own[objects == name]) for name in rng.permutation(np.unique(objects))]
        )
        chosen.append(order[: max(round(share * len(own)), 1)])
    return np.sort(np.concatenate(chosen))


def draw_picture(path: Path, figures: dict[str, Any]) -> None:
    """Draw the curves."""
    figure = Figure((6, 4), layout="constrained")
    axes = figure.subplots()
    shares = figures["shares"].values()
    counts = [of["samples"] for of in shares]
    axes.axhline(figures["bundle"], color="grey", linestyle=":", label="the bundle as it is")
    axes.plot(counts, [of["layers"] for of in shares], "s--", label="linear classifier on layers")
    axes.plot(counts, [of["adapted"] for of in shares], "o-", label="omnibind adapt")
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:.0f}" for count in counts])
    axes.minorticks_off()
    axes.set_xlabel("training samples")
    axes.set_ylabel(f"right of {figures['test']} test samples, %")
    axes.set_ylim(0, 100)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="as omnibind adapt takes it")
    parser.add_argument("--modality", required=True, help="the sensor")
    parser.add_argument("--bundle", default="household", metavar="DIR", help="(household)")
    parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="(BUNDLE_checkpoints)")
    parser.add_argument("--depth", default="projection", help="(projection)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="(3)")
    parser.add_argument("--folds", type=int, default=0, metavar="K", help="test each object once")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the curves")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as work:
        figures = measure(options, Path(work))
    print(f"{figures['classes']} labels, {figures['test']} test samples; % right")
    print(f"the bundle as it is: {figures['bundle']}")
    print(f"{'training samples':>16} {'layers':>8} {'adapted':>8}")
    for of in figures["shares"].values():
        print(f"{of['samples']:16.0f} {of['layers']:8.1f} {of['adapted']:8.1f}")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.picture:
        draw_picture(options.picture, figures)


if __name__ == "__main__":
    main()
