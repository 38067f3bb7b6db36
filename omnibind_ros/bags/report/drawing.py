"""Charts of a recording as inline SVG, all with the same time axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from omnibind_ros.bags.replay.run import UNKNOWN, Change, Result, Run, Said

from .truth import Truth, overlaps

WIDTH = 1000.0
LEFT = 92.0
RIGHT = 992.0
"""Of the plotting area, in units of the drawing."""

FONT = 13
STATES = {"FRESH": "#4d9078", "STALE": "#e3a857", "ABSENT": "#d5d8dc", "FAULT": "#b5453c"}
GOOD, WRONG, NEUTRAL, NOTHING, SAID = "#4d9078", "#c8655b", "#98a0a9", "#ffffff", "#5b7fa6"
COLOURS = ("#4c78a8", "#e0a458", "#6a994e", "#b65f5f", "#8e7cc3", "#54a0a0", "#a1887f", "#7f8c8d")
BINS = 240


class Chart:
    """A drawing with a time axis, to which rows are added from above."""

    def __init__(self, duration: float, title: str) -> None:
        """Create it.

        Args:
            duration: Seconds of the axis.
            title: What it shows, for who cannot see it.
        """
        self._duration = max(duration, 1e-6)
        self._title = title
        self._parts: list[str] = []
        self._y = 4.0

    def x(self, second: float) -> float:
        """Return where a time is."""
        return LEFT + (RIGHT - LEFT) * min(max(second / self._duration, 0.0), 1.0)

    def row(self, name: str, height: float) -> float:
        """Begin a row with its name at the left, and return its upper edge."""
        top, self._y = self._y, self._y + height + 5.0
        self.text(LEFT - 8, top + height / 2 + FONT * 0.36, name, "end")
        return top

    def space(self, height: float) -> None:
        """Leave space above the next row."""
        self._y += height

    def text(self, x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> None:
        """Write a text."""
        also = f' class="{kind}"' if kind else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{also}>{escape(text)}</text>'
        )

    def block(
        self, top: float, height: float, start: float, end: float, colour: str, tip: str
    ) -> None:
        """Draw a rectangle over a time, with a text that appears under the pointer."""
        left, right = self.x(start), self.x(end)
        self._parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 0.6):.1f}" '
            f'height="{height:.1f}" fill="{colour}"><title>{escape(tip)}</title></rect>'
        )

    def name(self, top: float, height: float, start: float, end: float, text: str) -> None:
        """Write a text into a block, if it fits."""
        left, right = self.x(start), self.x(end)
        if right - left > len(text) * FONT * 0.56 + 6:
            self.text((left + right) / 2, top + height / 2 + FONT * 0.36, text, "middle", "in")

    def line(self, points: Sequence[tuple[float, float]], colour: str, tip: str) -> None:
        """Draw a line through (x, y) of the drawing."""
        if points:
            at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            self._parts.append(
                f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="1.6">'
                f"<title>{escape(tip)}</title></polyline>"
            )

    def area(self, points: Sequence[tuple[float, float]], colour: str, tip: str) -> None:
        """Fill what lies between (x, y) of the drawing."""
        at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polygon points="{at}" fill="{colour}"><title>{escape(tip)}</title></polygon>'
        )

    def scale(self, top: float, height: float, marks: Mapping[float, str]) -> None:
        """Draw level lines with their values at the left; keys are shares of the height."""
        for share, text in marks.items():
            y = top + height * (1 - share)
            self._parts.append(f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            self.text(LEFT - 8, y + FONT * 0.36, text, "end", "axis")

    def plot(self, height: float) -> float:
        """Begin a row without a name, and return its upper edge."""
        top, self._y = self._y + 4.0, self._y + height + 12.0
        return top

    def svg(self) -> str:
        """Return the drawing with its time axis."""
        step = _step(self._duration)
        count = int(self._duration / step + 1e-9)
        y = self._y + FONT
        for number in range(count + 1):
            second = number * step
            x = self.x(second)
            self._parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self._y - 4:.1f}" y2="{self._y:.1f}"/>'
            )
            text = f"{second:g} s"
            self.text(x, y, text, "middle" if number else "start", "axis")
        height = y + 5
        return (
            f'<div class="chart"><svg viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" '
            f'aria-label="{escape(self._title)}">{"".join(self._parts)}</svg></div>'
        )


def _step(duration: float) -> float:
    """Return the time between two marks of the axis: 5 to 13 marks."""
    for step in (0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1200, 3600):
        if duration / step <= 13:
            return float(step)
    return 3600.0 * int(duration / 3600 / 12 + 1)


def said_row(chart: Chart, name: str, said: Iterable[Said], truth: Truth, height: float) -> None:
    """Draw what is said over time, by whether it is right."""
    top = chart.row(name, height)
    for start, end, label, right in judged(said, truth):
        colour = _colour(label, right)
        judgement = {GOOD: ", right", WRONG: ", wrong"}.get(colour, "")
        tip = f"{label or 'no result'}{judgement}: {start:.1f} to {end:.1f} s"
        chart.block(top, height, start, end, colour, tip)
        if height > FONT:
            chart.name(top, height, start, end, label)


def _colour(label: str, right: bool | None) -> str:
    if not label:
        return NOTHING
    if label == UNKNOWN:
        return NEUTRAL
    return SAID if right is None else GOOD if right else WRONG


def judged(said: Iterable[Said], truth: Truth) -> list[tuple[float, float, str, bool | None]]:
    """Return what is said, cut where what is there changes, each with whether it is right."""
    edges: list[Said] = []
    at = 0.0
    for span in truth.spans:
        if span.start > at:
            edges.append(Said(at, span.start, ""))
        edges.append(Said(max(span.start, at), span.end, span.label))
        at = span.end
    edges.append(Said(at, float("inf"), ""))
    return [
        (both.start, both.end, both.other, truth.is_right(both.start, both.other))
        for both in overlaps([edge for edge in edges if edge.end > edge.start], list(said))
    ]


def state_row(chart: Chart, name: str, run: Run) -> None:
    """Draw the states of a sensor, and when it is named as contradicting the others."""
    top = chart.row(name, 13)
    changes = run.states.get(name) or [Change(0.0, "ABSENT")]
    ends = [*(change.at for change in changes[1:]), run.duration]
    for change, end in zip(changes, ends, strict=True):
        tip = f"{name} {change.state}: {change.at:.1f} to {end:.1f} s"
        chart.block(top, 13, change.at, end, STATES[change.state], tip)
    for start, end in named_times(run, name):
        tip = f"{name} contradicts the others, so it is left out: {start:.1f} to {end:.1f} s"
        chart.block(top + 4, 5, start, end, "#5d3a7a", tip)


def named_times(run: Run, name: str) -> list[tuple[float, float]]:
    """Return the times in which a sensor is named as contradicting the others, seconds."""
    found: list[tuple[float, float]] = []
    for result, end in run.held():
        if name not in result.contradicting:
            continue
        if found and result.at - found[-1][1] < 1e-6:
            found[-1] = (found[-1][0], end)
        else:
            found.append((result.at, end))
    return found


def bins(run: Run) -> list[tuple[float, list[Result]]]:
    """Return the results by equal parts of the time, each with the part's middle in seconds."""
    length = run.duration / BINS
    found: list[list[Result]] = [[] for _ in range(BINS)]
    for result in run.results:
        found[min(int(result.at / length), BINS - 1)].append(result)
    return [((number + 0.5) * length, part) for number, part in enumerate(found)]


def weight_areas(chart: Chart, run: Run) -> None:
    """Draw how the fusion weights the sensors, one area on the other."""
    height = 110.0
    top = chart.plot(height)
    chart.scale(top, height, {0.0: "0 %", 0.5: "50 %", 1.0: "100 %"})
    parts = [(middle, part) for middle, part in bins(run) if part]
    below = [0.0] * len(parts)
    for place, name in enumerate(run.sensors):
        means = [sum(r.weights[place] for r in part) / len(part) for _, part in parts]
        above = [min(low + mean, 1.0) for low, mean in zip(below, means, strict=True)]
        xs = [chart.x(middle) for middle, _ in parts]
        upper = [(x, top + height * (1 - a)) for x, a in zip(xs, above, strict=True)]
        lower = [(x, top + height * (1 - b)) for x, b in zip(xs, below, strict=True)]
        share = sum(means) / len(means) if means else 0.0
        tip = f"{name}: {share:.0%} on average"
        chart.area([*upper, *reversed(lower)], COLOURS[place % len(COLOURS)], tip)
        below = above


def probability_lines(chart: Chart, run: Run) -> None:
    """Draw the probability of the first label, and that none fits."""
    height = 64.0
    top = chart.plot(height)
    chart.scale(top, height, {0.0: "0", 0.5: "0.5", 1.0: "1"})
    parts = [(middle, part) for middle, part in bins(run) if part]
    for colour, tip, of in (
        (NEUTRAL, "probability that no label fits", lambda r: r.unknown),
        (SAID, "probability of the first label", lambda r: r.probability),
    ):
        line = [
            (chart.x(middle), top + height * (1 - sum(map(of, part)) / len(part)))
            for middle, part in parts
        ]
        chart.line(line, colour, tip)


def latency_lines(chart: Chart, run: Run) -> float:
    """Draw the latency of results, and return the upper end of its scale in milliseconds."""
    height = 54.0
    top = chart.plot(height)
    parts = [(middle, [r.latency * 1e3 for r in part]) for middle, part in bins(run) if part]
    worst = max((max(part) for _, part in parts), default=1.0)
    limit = next(limit for limit in (50, 100, 200, 500, 1000, 2000, 5000, 1e9) if limit >= worst)
    limit = float(limit if limit < 1e9 else worst)
    chart.scale(top, height, {0.0: "0", 0.5: f"{limit / 2:g}", 1.0: f"{limit:g} ms"})
    for colour, tip, of in (
        (NEUTRAL, "largest latency of each part of the time", max),
        (SAID, "mean latency of each part of the time", lambda part: sum(part) / len(part)),
    ):
        line = [
            (chart.x(middle), top + height * (1 - min(of(part) / limit, 1.0)))
            for middle, part in parts
        ]
        chart.line(line, colour, tip)
    return limit
