"""How soon a sensor that lies is named, and how often one is named that does not.

Usage: python3 benchmarks/contradictions.py EMBEDDINGS.npz [--bundle household] [--json FILE]
       python3 benchmarks/contradictions.py --traces TRACES.npz [--record N] [--json FILE]

EMBEDDINGS.npz is that of a fusion's training run. Each test object with at least three complete
samples is shown for six seconds, its samples one after the other for a second each, at ten results
a second, to the bundle's fusion and to `Contradictions`. For the false alarms all objects follow
each other in one run, twice, and no sensor lies. For the lies there is a run of five objects for
each object, in which one sensor gives the samples of an object of another class from the start.

TRACES.npz has what the sensors of the simulated robot embed (live_figure/traces.py). It is replayed
through the perception node's own `Perception`: all objects without a lie, and with one sensor that
lies at every second object, as benchmarks/seven_senses.py has it live. With --record, the file is
made first, of N objects of the validation split (25 s of one core each).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from live_figure.encounters import Encounter, measure_all
from live_figure.replays import Part, replay
from live_figure.story import legs
from live_figure.traces import Trace, load, record, save
from rich.console import Console
from rich.table import Table

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.household.things import find_things
from omnibind_ros.demo.room.truth import right_of
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.fusion import AdaptiveFusion
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.recognition.contradiction import Contradictions
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary
from omnibind_ros.runtime.config import PerceptionConfig
from omnibind_ros.runtime.history import HistorySettings
from omnibind_ros.runtime.recognising import Knowledge
from omnibind_ros.simulation.robot.rendered import default_folder, render_all

PERIOD, VIEW, SHOWN = 0.1, 1.0, 6.0
"""Seconds of a result, of one sample, and of one object."""

WITHIN = 4.0
"""Seconds within which a sensor that lies is to be named."""

SHARES = ("named_share", "right_share")
"""What is shown of a lie."""

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
    limits: Mapping[str, float] | None
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
        contradictions, now, found = Contradictions(self.limits), 0.0, []
        names = self.data.modalities
        named: tuple[str, ...] = ()
        for samples in shown:
            contradictions.begin_scene()
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
                contradictions.update(now, names, names, agreement, weights, AFTER)
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


def record_all(file: Path, bundle: Bundle, count: int) -> None:
    """Render validation objects, and record what the sensors of four robots embed before them."""
    things = find_things("validation")
    right = right_of(things, bundle.root)
    traces: list[Trace] = []
    for leg in legs("all", things, count, count, 4, SHOWN):
        folder = default_folder()
        render_all(leg.things, leg.plan, folder, 1, lambda _a, _b: None, lambda: time.sleep(0.2))
        paths = [folder / leg.plan.file_name(thing.object_id) for thing in leg.things]
        traces += record(bundle, leg, paths, right)
    save(file, traces)


def live(file: Path, bundle: Bundle, sensors: Sequence[str]) -> dict[str, Any]:
    """Return the figures of traces; `sensors` are those that lie in turn."""
    config = PerceptionConfig()
    knowledge = Knowledge.load(bundle, config)
    settings = HistorySettings(config.memory, config.contradiction_after)
    robots: dict[int, list[Trace]] = {}
    for trace in load(file):
        robots.setdefault(trace.robot, []).append(trace)

    def run(liar: str) -> list[Encounter]:
        found: list[Encounter] = []
        for robot, traces in robots.items():
            shift = int(np.random.default_rng([robot, 3]).integers(1, max(len(traces), 2)))
            parts = []
            for place, trace in enumerate(traces):
                turned = traces[place + shift :] + traces[: place + shift]
                others = [each for each in turned if each.label != trace.label]
                lies = liar and place % 2 and others
                parts.append(Part(trace, {liar: others[0]} if lies else {}))
            heard = replay(bundle, knowledge, parts, SHOWN, settings)
            found += measure_all(heard.shown, heard.said)
        return found

    honest = run("")
    measured = sum(each.measured_s for each in honest)
    figures: dict[str, Any] = {
        "objects": len(honest),
        "right_share": sum(each.right_s for each in honest) / measured,
        "wrong_known_share": sum(each.wrong_known_s for each in honest) / measured,
        "changes_per_minute": 60 * sum(each.changes for each in honest) / measured,
        "false_alarms_per_hour": 3600
        * sum(each.alarms for each in honest)
        / sum(each.present_s for each in honest),
    }
    for name in sensors:
        lies = [each for each in run(name) if each.liar]
        if not lies:
            raise SystemExit(f"{file} has too few objects of different classes: record 16 or more")
        soon = [e.lie_named_s is not None and e.lie_named_s <= WITHIN for e in lies]
        figures[name] = {
            "lies": len(lies),
            "named_share": sum(soon) / len(lies),
            "right_share": sum(e.right_s for e in lies) / sum(e.measured_s for e in lies),
        }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("embeddings", type=Path, nargs="?", help="embeddings.npz of a fusion's run")
    parser.add_argument("--traces", type=Path, help="traces of the simulated robot")
    parser.add_argument("--record", type=int, default=0, help="make them, of so many objects")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--sensors", default="", help="those that lie in turn; empty: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    bundle = Bundle.load(resolve_bundle(options.bundle))
    if options.traces is not None:
        if options.record:
            record_all(options.traces, bundle, options.record)
        chosen = options.sensors.split(",") if options.sensors else ("image", "text", "thermal")
        figures = live(options.traces, bundle, chosen)
        shares = Table("sensor that lies", f"named within {WITHIN:g} s", "label right meanwhile")
        for name in chosen:
            shares.add_row(name, *(f"{100 * figures[name][k]:.0f} %" for k in SHARES))
        Console().print(shares)
        shown = {name: 100 * figures[name] for name in ("right_share", "wrong_known_share")}
        print(
            f"{figures['objects']} objects without a lie: right {shown['right_share']:.1f} %, "
            f"wrong and known {shown['wrong_known_share']:.1f} %, "
            f"{figures['changes_per_minute']:.1f} changes a minute, "
            f"{figures['false_alarms_per_hour']:.0f} false alarms an hour"
        )
        if options.json is not None:
            options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        return
    if options.embeddings is None:
        parser.error("give EMBEDDINGS.npz or --traces")
    vocabulary, _ = Vocabulary.load(bundle, (), threads=1)
    data = EmbeddingSet.load(options.embeddings).split("test").complete()
    recogniser = Recogniser(vocabulary.bank, bundle.manifest.calibration)
    calibration = bundle.manifest.calibration
    stream = Stream(data, AdaptiveFusion.load(bundle), recogniser, calibration.contradiction)
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
