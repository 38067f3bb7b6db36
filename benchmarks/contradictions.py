"""How soon a sensor that lies is named, and how often one is named that does not.

Usage: python3 benchmarks/contradictions.py EMBEDDINGS.npz [--bundle household] [--json FILE]

EMBEDDINGS.npz is that of a fusion's training run. Each test object with at least three complete
samples is shown for six seconds, its samples one after the other for a second each, at ten results
a second, to the bundle's fusion and to `Contradictions`. For the false alarms all objects follow
each other in one run, twice, and no sensor lies. For the lies there is a run of five objects for
each object, in which one sensor gives the samples of an object of another class from the start.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.fusion import AdaptiveFusion
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.recognition.contradiction import Contradictions
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

PERIOD, VIEW, SHOWN = 0.1, 1.0, 6.0
"""Seconds of a result, of one sample, and of one object."""

WITHIN = 4.0
"""Seconds within which a sensor that lies is to be named."""

OBJECTS = 5
"""Objects of a run in which a sensor lies."""

AFTER = 2.0
"""The parameter contradiction_after, seconds."""


@dataclass
class Stream:
    """Gives the agreement of sensors whose embeddings are rows of a set."""

    data: EmbeddingSet
    fusion: AdaptiveFusion
    recogniser: Recogniser
    known: dict[tuple[int, ...], tuple[Floats, Floats]] = field(default_factory=dict)

    def fused(self, rows: Sequence[int], chosen: Sequence[int]) -> tuple[Floats, Floats]:
        """Return the agreement of some sensors with each other, and their weights.

        Args:
            rows: The sample that each of all M sensors shows.
            chosen: Indices of the sensors that are fused.
        """
        key = (*rows, -1, *chosen)
        if key not in self.known:
            places = list(chosen)
            taken = np.array(rows)[places]
            values = self.data.values[taken, places]
            entropies = [self.recogniser.entropy(value) for value in values]
            fused = self.fusion.fuse(
                values,
                [self.data.modalities[place] for place in places],
                np.full(len(places), PERIOD / 2, np.float32),
                self.data.quality[taken, places],
                np.array(entropies, np.float32),
            )
            self.known[key] = fused.agreement, fused.weights
        return self.known[key]

    def run(
        self, shown: Sequence[npt.NDArray[np.int64]], liar: int = -1, lie: Any = None
    ) -> list[tuple[float, str]]:
        """Show objects one after the other.

        Args:
            shown: The samples of each.
            liar: Index of the sensor that lies; -1: none.
            lie: The samples that it gives.

        Returns:
            Each sensor that was named, and when, in seconds.
        """
        contradictions, now, found = Contradictions(), 0.0, []
        names = self.data.modalities
        named: tuple[str, ...] = ()
        for samples in shown:
            for step in range(round(SHOWN / PERIOD)):
                view = int(step * PERIOD / VIEW)
                rows = [int(samples[view % len(samples)])] * len(names)
                if liar >= 0:
                    rows[liar] = int(lie[view % len(lie)])
                agreement, weights = map(np.copy, self.fused(rows, range(len(names))))
                if named:
                    rest = [place for place, name in enumerate(names) if name not in named]
                    weights[:] = 0.0
                    agreement[rest], weights[rest] = self.fused(rows, rest)
                now += PERIOD
                contradictions.update(now, names, agreement, weights, AFTER)
                found += [(now, name) for name in contradictions.named(names) if name not in named]
                named = contradictions.named(names)
        return found


def measure(stream: Stream, sensors: Sequence[str]) -> dict[str, Any]:
    """Return the figures; `sensors` are those that lie in turn."""
    rng = np.random.default_rng(0)
    data = stream.data
    objects, counts = np.unique(data.objects, return_counts=True)
    samples = [np.flatnonzero(data.objects == name) for name in objects[counts >= 3]]
    order = [samples[i] for _ in range(2) for i in rng.permutation(len(samples))]
    alarms = stream.run(order)
    figures: dict[str, Any] = {
        "objects": len(samples),
        "false_alarms_per_hour": len(alarms) / (len(order) * SHOWN) * 3600,
        "named_wrongly": sorted(name for _, name in alarms),
    }
    for name in sensors:
        times, others = [], 0
        for first in range(len(samples)):
            shown = [samples[(first + i) % len(samples)] for i in range(OBJECTS)]
            labels = [data.labels[each[0]] for each in shown]
            of_other = [each for each in samples if data.labels[each[0]] not in labels]
            lie = of_other[int(rng.integers(len(of_other)))]
            found = stream.run(shown, data.modalities.index(name), lie)
            times += [when for when, who in found if who == name][:1]
            others += any(who != name for _, who in found)
        figures[name] = {
            "named_share": sum(when <= WITHIN for when in times) / len(samples),
            "named_later_share": len(times) / len(samples),
            "named_s": float(np.median(times)) if times else None,
            "others_named_share": others / len(samples),
        }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("embeddings", type=Path, help="embeddings.npz of a fusion's training run")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--sensors", default="", help="those that lie in turn; empty: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    bundle = Bundle.load(resolve_bundle(options.bundle))
    vocabulary, _ = Vocabulary.load(bundle, (), threads=1)
    data = EmbeddingSet.load(options.embeddings).split("test").complete()
    recogniser = Recogniser(vocabulary.bank, bundle.manifest.calibration)
    stream = Stream(data, AdaptiveFusion.load(bundle), recogniser)
    sensors = options.sensors.split(",") if options.sensors else data.modalities
    figures = measure(stream, sensors)
    table = Table("sensor that lies", f"named within {WITHIN:g} s")
    for heading in (f"within {OBJECTS * SHOWN:g} s", "after, median", "others named"):
        table.add_column(heading)
    for name in sensors:
        row = figures[name]
        median = "never" if row["named_s"] is None else f"{row['named_s']:.1f} s"
        keys = ("named_share", "named_later_share", "others_named_share")
        soon, later, others = (f"{100 * row[key]:.0f} %" for key in keys)
        table.add_row(name, soon, later, median, others)
    Console().print(table)
    print(
        f"{figures['objects']} objects; {figures['false_alarms_per_hour']:.1f} false alarms an "
        f"hour: {', '.join(figures['named_wrongly']) or 'none'}"
    )
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
