"""The page of a report: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from omnibind_ros.bags.replay.costs import COSTS, PROCESSORS, RESULT
from omnibind_ros.bags.replay.feed import bag_name
from omnibind_ros.bags.replay.run import UNKNOWN, quantile
from omnibind_ros.bags.replay.sensors import Recording

from . import drawing
from .computing import Computed
from .drawing import Chart
from .style import STYLE, key_list, percent
from .truth import right_share
from .what_if import Kind
from .what_if_section import what_if_section

LONG_GAP = 0.1
"""Seconds without a result from which it is a gap."""


def make_page(recording: Recording, model: str, computed: Computed, lies: Recording | None) -> str:
    """Return the HTML of a report.

    Args:
        recording: The bag.
        model: Name and version of the bundle.
        computed: What it tells.
        lies: The bag from which sensors lie; None: another part of the recording.
    """
    name = bag_name(recording.bag)
    parts = [
        _head(name, model, recording, computed),
        _over_time(computed),
        what_if_section(computed, lies),
        _sensors(recording, computed),
        _notes(computed),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(name)}: what was perceived, and what if</title>"
        f"<style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def _head(name: str, model: str, recording: Recording, computed: Computed) -> str:
    run, truth = computed.run, computed.truth
    gaps = run.gaps(LONG_GAP)
    right = right_share(truth, run.said())
    latencies = [result.latency for result in run.results]
    middle, worst = quantile(latencies, 0.5), quantile(latencies, 0.99)
    unknown = run.shares().get(UNKNOWN, 0.0)
    facts = [
        (f"{run.duration:.1f} s", f"{len(recording.sensors)} sensors"),
        (percent(right), "of the labelled time right") if right is not None else None,
        (percent(unknown), "of the time 'unknown'"),
        (f"{len(run.results) / max(run.duration, 1e-9):.1f} per s", "results"),
        (
            f"{middle * 1e3:.0f} ms" if middle is not None else "-",
            f"latency, median; 99 % below {worst * 1e3:.0f} ms" if worst is not None else "latency",
        ),
        (
            f"{max((b - a for a, b in run.gaps(0.0)), default=0.0):.2f} s",
            "longest time without a result",
        ),
    ]
    listed = "".join(
        f"<li><b>{escape(fact[0])}</b><span>{escape(fact[1])}</span></li>" for fact in facts if fact
    )
    return (
        f"<h1>{escape(name)}</h1><p class='sub'>What omnibind_ros with the bundle {escape(model)} "
        "says of this recording, in virtual time, and what it would have said with other sensors."
        "</p>"
        f"<p>{_sentence(computed, gaps)}</p><ul class='facts'>{listed}</ul>"
    )


def _sentence(computed: Computed, gaps: Sequence[tuple[float, float]]) -> str:
    told = []
    without = [each for each in computed.answers if each.question.kind is Kind.WITHOUT]
    if without and max(each.differs for each in without) > 0:
        most = max(without, key=lambda each: each.differs)
        least = min(without, key=lambda each: each.differs)
        told.append(
            f"The label depends most on <b>{escape(most.question.sensor)}</b> (without it, "
            f"{percent(most.differs)} of the time another one would be said) and least on "
            f"<b>{escape(least.question.sensor)}</b> ({percent(least.differs)})."
        )
    if computed.run.results:
        told.append(
            f"{len(gaps)} gaps of more than {LONG_GAP:g} s between two results."
            if gaps
            else f"No two results are more than {LONG_GAP:g} s apart."
        )
    else:
        told.append("There is no result at all; the notes below say why.")
    return " ".join(told)


def _over_time(computed: Computed) -> str:
    run, truth = computed.run, computed.truth
    parts = ["<section><h2>Over time</h2>"]
    chart = Chart(run.duration, "What is there and what is said, over time in seconds")
    if truth.spans:
        top = chart.row("there is", 22)
        for label in truth.as_said(run.duration):
            tip = f"{label.label}: {label.start:.1f} to {label.end:.1f} s"
            chart.block(top, 22, label.start, label.end - 0.05, "#707a85", tip)
            chart.name(top, 22, label.start, label.end, label.label)
    drawing.said_row(chart, "said", run.said(), truth, 22)
    gaps = run.gaps(LONG_GAP)
    if gaps:
        top = chart.row("gaps", 8)
        for start, end in gaps:
            tip = f"no result for {end - start:.2f} s, from {start:.1f} s on"
            chart.block(top, 8, start, end, drawing.WRONG, tip)
    chart.space(6)
    for sensor in run.sensors:
        drawing.state_row(chart, sensor, run)
    parts.append(chart.svg())
    judged = (
        [(drawing.GOOD, "right"), (drawing.WRONG, "wrong")]
        if truth.spans
        else [(drawing.SAID, "a label")]
    )
    named = any(result.contradicting for result in run.results)
    parts.append(key_list([("", "said:"), *judged, (drawing.NEUTRAL, "unknown")]))
    states = [(colour, state) for state, colour in drawing.STATES.items()]
    also = [("#5d3a7a", "contradicts the others, left out")] if named else []
    parts.append(key_list([("", "sensors:"), *states, *also]))
    chart = Chart(run.duration, "Probabilities over time in seconds")
    drawing.probability_lines(chart, run)
    parts.append("<h2 style='margin-top:16px'>How sure</h2>" + chart.svg())
    parts.append(
        key_list(
            [
                (drawing.SAID, "probability of the first label"),
                (drawing.NEUTRAL, "probability that no label fits"),
            ]
        )
    )
    chart = Chart(run.duration, "Weights of the sensors in the fusion over time in seconds")
    drawing.weight_areas(chart, run)
    parts.append("<h2 style='margin-top:16px'>Weights in the fusion</h2>" + chart.svg())
    parts.append(
        key_list(
            [
                (drawing.COLOURS[place % len(drawing.COLOURS)], f"{sensor} {percent(weight)}")
                for place, (sensor, weight) in enumerate(run.mean_weights().items())
            ]
        )
    )
    chart = Chart(run.duration, "Latency of results over time in seconds")
    drawing.latency_lines(chart, run)
    parts.append("<h2 style='margin-top:16px'>Latency of results</h2>" + chart.svg())
    parts.append(
        key_list(
            [
                (drawing.SAID, "mean, from the newest stamp to the result"),
                (drawing.NEUTRAL, "largest"),
            ]
        )
    )
    return "".join(parts) + "</section>"


def _sensors(recording: Recording, computed: Computed) -> str:
    run = computed.run
    rows = []
    for name, weight in run.mean_weights().items():
        figures, sensor = run.figures.get(name, {}), recording.sensors[name]
        middle = quantile(run.latencies.get(name, []), 0.5)
        worst = quantile(run.latencies.get(name, []), 0.99)
        cells = [
            f"{figures.get('received', 0) / max(run.duration, 1e-9):.1f}",
            *(str(figures.get(key, 0)) for key in ("received", "encoded", "dropped", "rejected")),
            *("-" if time is None else f"{time * 1e3:.0f}" for time in (middle, worst)),
            percent(weight),
        ]
        told = f"{escape(name)}</td><td style='text-align:left'>{escape(sensor.topic)}"
        rows.append(f"<tr><td>{told}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    heads = ("per s", "messages", "encoded", "replaced", "rejected", "age, median ms")
    columns = "".join(f"<th>{head}</th>" for head in (*heads, "99 % ms", "mean weight"))
    costs = ", ".join(f"{name} {seconds * 1e3:g}" for name, seconds in COSTS.items())
    return (
        "<section><h2>Sensors</h2><div class='wide'><table><thead><tr><th>sensor</th>"
        f"<th style='text-align:left'>topic</th>{columns}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody>"
        "</table></div><p class='note' style='margin-top:8px'><i>replaced</i>: a newer message "
        "came before it was encoded; <i>age</i>: of a sample when its embedding is done. Time is "
        "virtual: the messages arrive when they were recorded, on a computer of "
        f"{PROCESSORS} processors on which decoding and encoding take, in milliseconds, {costs}, "
        f"and a result {RESULT * 1e3:g}.</p>"
        "</section>"
    )


def _notes(computed: Computed) -> str:
    notes = list(computed.run.notes)
    if computed.truth.nameless:
        labels = ", ".join(computed.truth.nameless)
        notes.append(("labels", f"the bundle has no label for {labels}, so nothing is right there"))
    if not notes:
        return ""
    listed = "".join(f"<li><b>{escape(who)}</b>: {escape(what)}</li>" for who, what in notes)
    return f"<section><h2>Notes</h2><ul class='notes'>{listed}</ul></section>"
