"""The answers of a report: a table, and what would have been said over time."""

from __future__ import annotations

from html import escape

from omnibind_ros.bags.replay.feed import bag_name
from omnibind_ros.bags.replay.sensors import Recording

from . import drawing
from .computing import WHAT_IF_RATE, Computed
from .drawing import Chart
from .style import percent
from .truth import right_share
from .what_if import LATE, Answer, Kind

HEADINGS = {
    Kind.WITHOUT: "without it",
    Kind.LATE: f"{LATE:g} s late",
    Kind.LYING: "lying",
}


def what_if_section(computed: Computed, lies: Recording | None) -> str:
    """Return the section with the answers.

    Args:
        computed: The answers.
        lies: The bag from which sensors lie; None: another part of the recording.
    """
    run, truth = computed.base, computed.truth
    groups = [kind for kind in Kind if any(a.question.kind is kind for a in computed.answers)]
    columns = ["another label", *(["right"] if truth.spans else []), "longest wait"]
    top = "".join(
        f'<th class="group" colspan="{len(columns) + (kind is Kind.LYING)}">{HEADINGS[kind]}</th>'
        for kind in groups
    )
    below = "".join(
        "".join(f"<th>{column}</th>" for column in columns)
        + ("<th>named</th>" if kind is Kind.LYING else "")
        for kind in groups
    )
    by_sensor: dict[str, list[Answer]] = {}
    for each in computed.answers:
        by_sensor.setdefault(each.question.sensor, []).append(each)
    rows = "".join(
        f"<tr><td>{escape(sensor)}</td>{''.join(map(_cells, answers))}</tr>"
        for sensor, answers in by_sensor.items()
    )
    chart = Chart(run.duration, "What would have been said, over time in seconds")
    if truth.spans:
        upper = chart.row("there is", 16)
        for label in truth.as_said(run.duration):
            chart.block(upper, 16, label.start, label.end - 0.05, "#707a85", label.label)
            chart.name(upper, 16, label.start, label.end, label.label)
    drawing.said_row(chart, "as it is", run.said(), truth, 16)
    for sensor, answers in by_sensor.items():
        chart.space(7)
        for number, each in enumerate(answers):
            kind = each.question.kind
            name = sensor if not number else HEADINGS[kind] if kind is not None else ""
            first = f"no {sensor}" if kind is Kind.WITHOUT else name
            drawing.said_row(chart, first, each.said, truth, 13)
    if lies is not None and computed.liars:
        lying = f"as if it saw the recording {escape(bag_name(lies.bag))}"
        if set(computed.liars) < set(by_sensor):
            lying += f" ({', '.join(computed.liars)}; the others: another part of this one)"
    else:
        lying = f"showing what it shows {computed.shift:.0f} s later in this recording"
    base = right_share(truth, run.said())
    as_it_is = f" As it is, {percent(base)} is right." if base is not None else ""
    return (
        "<section><h2>What if</h2><p class='note'>For each sensor: what would have been said "
        f"without it, with all its messages {LATE:g} s late, and with it lying, {lying}. "
        "<i>another label</i> is the share of the time in which the label would differ, "
        "<i>longest wait</i> the longest time between two results, <i>named</i> after how many "
        "seconds the liar was first said to contradict the others. "
        f"At {WHAT_IF_RATE:g} results a second.{as_it_is}</p>"
        f"<div class='wide'><table><thead><tr><th></th>{top}</tr><tr><th>sensor</th>{below}</tr>"
        f"</thead><tbody>{rows}</tbody></table></div>{chart.svg()}</section>"
    )


def _cells(answer: Answer) -> str:
    kind = "much" if answer.differs >= 0.25 else "some" if answer.differs >= 0.1 else ""
    cells = [f'<td class="{kind}">{percent(answer.differs)}</td>']
    if answer.right is not None:
        cells.append(f"<td>{percent(answer.right)}</td>")
    cells.append(f"<td>{answer.without_result:.2f} s</td>")
    if answer.question.kind is Kind.LYING:
        after = answer.named_after
        cells.append(f"<td>{'-' if after is None else f'{after:.1f} s'}</td>")
    return "".join(cells)
