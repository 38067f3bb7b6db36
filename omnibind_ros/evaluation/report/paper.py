"""Sections on Adaptive Fusion against the best baseline, the paper's tables, and its own members.

All are empty where an evaluation of an older version lacks the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from omnibind_ros.evaluation import JsonObject
from omnibind_ros.evaluation.measure.paper import PRINTED, RULES

from .markdown import percent, table
from .pictures import WORDS

PART_WORDS = {"all": "all combinations", "without_text": "without text"}

ROW_WORDS = {
    "three": "three modalities, mean",
    "four": "four modalities, mean",
    "five": "five modalities, mean",
    "total": "three to five modalities, total",
}
"""Rows of the paper's table that are means; the others are combinations."""


def interval(ends: Sequence[float] | None) -> str:
    """Return an interval as 'low to high' with one decimal; '' for None."""
    return "" if ends is None else f"{ends[0]:.1f} to {ends[1]:.1f}"


def gain_sections(evaluation: JsonObject) -> list[str]:
    """Return the section on AF against the best of all baselines."""
    best = evaluation.get("best_learned")
    if not best:
        return []
    rows = [
        (
            f"{PART_WORDS[part]} ({evaluation['summary'][part]['combinations']})",
            WORDS[of["baseline"]],
            percent(of["validation"][of["baseline"]]),
            percent(evaluation["summary"][part]["top1"][of["baseline"]]),
            percent(evaluation["summary"][part]["top1"]["af"]),
            f"{of['gain']:+.2f}",
            interval(of["interval"]),
        )
        for part, of in best.items()
    ]
    others = [
        (
            WORDS[rule],
            *(
                f"{of['gains'][rule]:+.2f} ({interval(of['intervals'][rule])})"
                for of in best.values()
            ),
        )
        for rule in next(iter(best.values()))["gains"]
    ]
    return [
        "### Adaptive Fusion against the best baseline",
        "The best baseline is the one with the highest mean top-1 over the combinations on "
        "validation objects that it was not trained on. Top-1 in percent, the gain in points, and "
        "its 95% interval by a bootstrap over test objects:",
        table(
            (
                *("combinations", "best baseline", "on validation", "on test"),
                *("Adaptive Fusion", "gain", "95% interval"),
            ),
            rows,
        ),
        "The gain over each baseline, and its interval:",
        table(("baseline", *(PART_WORDS[part] for part in best)), others),
    ]


def paper_sections(evaluation: JsonObject) -> list[str]:
    """Return the section with the paper's tables, our figures beside the paper's."""
    measured = evaluation.get("paper")
    if not measured:
        return []
    ends = evaluation.get("paper_intervals", {})
    names = [name for name in RULES if any(name in of for of in measured.values())]
    printed = ("ours", "mean", "linear", "unseen")
    rows = [
        (
            ROW_WORDS.get(row, row),
            *(percent(of.get(name)) for name in names),
            interval(ends.get(row, {}).get("ours")),
            *(f"{PRINTED[row][name]:.2f}" for name in printed),
        )
        for row, of in measured.items()
    ]
    return [
        "### The paper's tables",
        f"Top-1 in percent. The first columns are this package's, on this page's data "
        f"({evaluation['objects']} test objects of {evaluation['classes']} classes) and with its "
        "encoders; the last four are printed in the paper (arXiv 2405.16108), of its datasets and "
        "encoders. So accuracies of both cannot be compared, only what a method gains over another "
        "one on the same data. Ours of three, four and five are means over all combinations of "
        "that many modalities; the paper prints two of each, whose mean stands here, and a total. "
        "Of image and thermal, the paper's best baseline is the mean of LanguageBind: 89.70.",
        table(
            (
                "combination",
                *(WORDS[RULES[name]] for name in names),
                "AF, 95% interval",
                "paper: AF",
                *(f"paper: {WORDS[name]}" for name in printed[1:]),
            ),
            rows,
        ),
    ]


def comparison_sections(evaluation: JsonObject) -> list[str]:
    """Return the section on combinations against their best members and smaller sets."""
    comparisons = evaluation.get("comparisons")
    if not comparisons:
        return []
    what = {
        "against_best_single": "a combination against its best single member",
        "additions": "a set against the same set before a modality was added",
    }
    rows = [
        (
            what[name],
            f"{of['tested']}",
            f"{of['mean']:+.2f}",
            f"{of['worst']['points']:+.2f}: {of['worst']['name']}",
            interval(of["worst"]["interval"]),
            f"{of['worst']['p']:.3f}",
            f"{len(of['significant'])} (more than {of['margin']:g})",
        )
        for name, of in comparisons.items()
    ]
    parts = [
        "### Does a further sensor cost anything",
        "Differences of top-1 in points. The last column counts the comparisons that are "
        "significantly worse than the margin in brackets (bootstrap over objects, one-sided, 5% "
        "after Holm's correction for all comparisons of the row):",
        table(
            ("comparison", "tested", "mean", "worst", "its 95% interval", "its p", "worse"), rows
        ),
    ]
    worse = [
        f"{each['name']} {each['points']:+.1f}"
        for of in comparisons.values()
        for each in of["significant"]
    ]
    return [*parts, f"Significantly worse: {', '.join(worse)}."] if worse else parts
