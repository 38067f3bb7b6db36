"""Draws what becomes of three designs while plugs are pulled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np

from .figures import freshness_curve
from .scenario import Outcome

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {"ours": "#0b7a4b", "timer": "#c8811a", "synchroniser": "#a03060"}
NAMES = {
    "ours": "omnibind_ros",
    "timer": "timer",
    "synchroniser": "synchroniser",
}


def draw(outcomes: Mapping[str, Outcome], path: Path) -> None:
    """Draw latency, freshness and pulled plugs over time.

    Args:
        outcomes: By design, of the same plan of pulls.
        path: PNG to write.
    """
    seconds = max(outcome.end - outcome.begin for outcome in outcomes.values())
    figure, (top, middle, bottom) = plt.subplots(
        3, 1, sharex=True, figsize=(10, 7.5), height_ratios=(3, 3, 1.7), layout="constrained"
    )
    for name, outcome in outcomes.items():
        inside = [r for r in outcome.results if outcome.begin <= r.at < outcome.end]
        at = np.array([result.at - outcome.begin for result in inside])
        latency = np.array([result.at - result.stamp for result in inside]) * 1e3
        label = f"{NAMES[name]}: {len(inside) / seconds:.3g} results/s"
        few = len(inside) < 50
        top.plot(
            at,
            latency,
            "o" if few else ".",
            color=COLOURS[name],
            label=label,
            markersize=7 if few else 5,
            alpha=1 if few else 0.7,
            markeredgewidth=0,
        )
        curve = freshness_curve(outcome.results, outcome.begin, outcome.end)
        average = outcome.figures["freshness_ms"]
        shown = "no result" if average is None else f"mean {average:.0f} ms"
        label = f"{NAMES[name]}: {shown}"
        middle.plot(curve[:, 0], curve[:, 1] * 1e3, color=COLOURS[name], linewidth=1, label=label)
    sensors = list(dict.fromkeys(pull[0] for pull in next(iter(outcomes.values())).pulls))
    for place, sensor in enumerate(sensors):
        pulls = [pull for pull in next(iter(outcomes.values())).pulls if pull[0] == sensor]
        spans = [(begin, end - begin) for _, begin, end in pulls]
        bottom.broken_barh(spans, (place - 0.4, 0.8), color="#5a6270")
    top.set(yscale="log", ylabel="latency of each result [ms]")
    top.set_title("Newest sensor stamp to publication, while plugs are pulled at random")
    middle.set(yscale="log", ylabel="age of the newest\nevidence known [ms]")
    bottom.set(xlabel="time [s]", xlim=(0, seconds), ylim=(len(sensors) - 0.5, -0.5))
    bottom.set_yticks(range(len(sensors)), sensors)
    bottom.set_ylabel("unplugged")
    for axes in (top, middle):
        axes.grid(alpha=0.25, which="major")
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * 3)  # room for the legend
        axes.legend(loc="upper center", frameon=False, fontsize=9, ncols=3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    bottom.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
