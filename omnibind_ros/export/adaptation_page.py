"""The page of an adaptation: figures and pictures, in one HTML file without scripts."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.figure import Figure

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.learning.af.embeddings import EmbeddingSet

from .adaptation_figures import Answerer, Answers, alone
from .adaptation_request import Adaptation, AdaptationRequest

PAGE = "adaptation.html"

WHEN = ("before", "after")

PICTURES = 12
"""Samples that are shown of each sensor."""

SIDE = 160
"""Pixels of the side of a sample's picture."""

MOST_LABELS = 25
"""Labels up to which the confusion of answers is drawn."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1b1b1b; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: 0.3rem 0.8rem; text-align: right; border-bottom: 1px solid #ddd; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 1rem; }
figure { margin: 0; } figure img { max-width: 100%; image-rendering: auto; }
figcaption { font-size: 14px; } .right { color: #10662a; } .wrong { color: #a01c1c; }
.unknown { color: #555; } .note { background: #fff6dd; padding: 0.5rem 1rem; margin: 0.5rem 0; }
img.chart { max-width: 100%; }
"""


def write_page(
    path: Path, request: AdaptationRequest, adaptation: Adaptation, dataset: Dataset
) -> None:
    """Write the page.

    Args:
        path: The file.
        request: What was adapted.
        adaptation: What came of it.
        dataset: The recordings.

    Raises:
        OSError: The page cannot be written.
    """
    bundle = adaptation.bundle
    title = f"{request.bundle.manifest.model} adapted: {bundle.manifest.model}"
    parts = [f"<h1>{html.escape(title)}</h1>", *_tables(adaptation.figures)]
    parts += [f'<p class="note">{html.escape(note)}</p>' for note in adaptation.notes]
    was, now = Answerer(request.bundle), Answerer(bundle)
    for modality, sensor in adaptation.sensors.items():
        parts.append(f"<h2>{modality}</h2>")
        parts += _sensor_lines(adaptation.figures["sensors"][modality])
        held = adaptation.after.splits == "test"
        after = alone(adaptation.after.samples(held), modality)
        rows = np.flatnonzero(
            held & adaptation.after.present[:, adaptation.after.modalities.index(modality)]
        )
        if not len(rows):
            continue
        answers = [now(after)]
        if modality in adaptation.before.modalities:
            answers = [was(alone(adaptation.before.samples(held), modality)), *answers]
        if sensor.labelled and len(np.unique(after.labels)) <= MOST_LABELS:
            parts.append(_confusion(after, answers))
        parts.append('<div class="samples">')
        parts += _samples(dataset, modality, rows, after, answers, labelled=sensor.labelled)
        parts.append("</div>")
    body = "\n".join(parts)
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
    write_atomic(path, page)


def _tables(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of what is held back, before and after."""
    parts = dict(figures["sensors"])
    if "fused" in figures:
        parts["together: " + ", ".join(figures["fused"]["modalities"])] = figures["fused"]
    labelled = any("balanced" in of["after"] for of in parts.values())
    name, key = ("right, balanced", "balanced") if labelled else ("as the image says", "agrees")
    yield (
        f"<p>Measured on samples that are held back (the test split), each sensor alone. "
        f"{'Balanced: the mean over the labels.' if labelled else 'Without labels: how often the '}"
        f"{'' if labelled else 'best label is that of a sure image of the same moment.'}</p>"
    )
    columns = [(f"{name}, before", "before", key), ("after", "after", key)]
    columns += [("known, before", "before", "known"), ("after", "after", "known")]
    if labelled:
        columns += [("wrong and known, before", "before", "wrong_known")]
        columns += [("after", "after", "wrong_known")]
        columns += [("linear classifier on the layers", "probe", "balanced")]
    heads = "".join(f"<th>{head}</th>" for head, _, _ in columns)
    yield f"<table><tr><th></th><th>samples</th>{heads}</tr>"
    for part, of in parts.items():
        cells = [str(of["after"]["n"])]
        cells += [_percent(of.get(when) or {}, figure) for _, when, figure in columns]
        yield f"<tr><td>{part}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</table>"


def _percent(figures: Mapping[str, Any], key: str) -> str:
    return f"{figures[key]:.1f} %" if key in figures else "-"


def _sensor_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    samples = ", ".join(f"{count} {name}" for name, count in figures["samples"].items())
    yield (
        f"<p>{figures['objects']} objects or blocks of time; samples: {samples}. It began as "
        f"{figures['start']}; trained: {figures['depth']}. Compared on what was held back for the "
        "choice: "
        + ", ".join(f"{html.escape(n)} {value:.3f}" for n, value in figures["choice"].items())
        + ".</p>"
    )


def _confusion(data: EmbeddingSet, answers: Sequence[Answers]) -> str:
    """Return a picture of which label is said of which, before and after, or after alone."""
    labels = np.unique(data.labels)
    names = [data.bank.labels[label] for label in labels]
    side = 2.2 + 0.28 * len(labels)
    figure = Figure((len(answers) * side, side), layout="constrained")
    grid = figure.subplots(1, len(answers), sharey=True, squeeze=False)
    for axes, answer, title in zip(grid.flat, answers, WHEN[-len(answers) :], strict=True):
        shares = np.array(
            [[(answer.best[data.labels == a] == b).mean() for b in labels] for a in labels]
        )
        axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8, parse_math=False)
        axes.set_yticks(range(len(names)), names, fontsize=8, parse_math=False)
        axes.set_title(f"{title}: label said (across), label (down)", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return f'<img class="chart" alt="confusion of labels" src="{_source(buffer.getvalue())}">'


def _samples(
    dataset: Dataset,
    modality: str,
    rows: Any,
    data: EmbeddingSet,
    answers: Sequence[Answers],
    *,
    labelled: bool,
) -> Iterator[str]:
    """Yield pictures of samples with what was said of them, evenly taken from all."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, PICTURES).astype(int))
    for place in chosen.tolist():
        picture = _picture(dataset, int(rows[place]), modality)
        if picture is None:
            continue
        lines = [html.escape(data.bank.labels[data.labels[place]])] if labelled else []
        for name, answer in zip(WHEN[-len(answers) :], answers, strict=True):
            said = html.escape(data.bank.labels[answer.best[place]])
            known = bool(answer.known[place])
            kind = "unknown"
            if labelled and known:
                kind = "right" if answer.best[place] == data.labels[place] else "wrong"
            lines.append(
                f'{name}: <span class="{kind}">{said if known else f"unknown ({said})"}</span>'
            )
        yield (
            f'<figure><img alt="" src="{_source(picture)}">'
            f"<figcaption>{'<br>'.join(lines)}</figcaption></figure>"
        )


def _picture(dataset: Dataset, row: int, modality: str) -> bytes | None:
    """Return a sample as a PNG; None where it is damaged."""
    try:
        drawn = sample_module(modality).picture(dataset[row][modality], SIDE)
    except CodecError:
        return None
    good, encoded = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
    return bytes(encoded) if good else None


def _source(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
