"""The curves of a training run: a CSV file that grows epoch by epoch, and its plot."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import write_atomic

from .cad.losses import CAD_TERMS, PAPER_TERMS, PLAIN

COLUMNS = (
    "modality",
    "epoch",
    "seconds",
    "learning_rate",
    "loss",
    *dict.fromkeys((*CAD_TERMS, *PAPER_TERMS, *PLAIN)),
    "categories",
    "validation_samples",
    "validation_objects",
    "skipped",
)
"""seconds of the epoch; loss and its terms, means of the epoch; accuracies, 0..1; skipped, samples
left out since their values or their loss were not finite."""


class Curves:
    """Rows of curves.csv."""

    def __init__(self, path: Path) -> None:
        """Read the rows of an earlier part of the run.

        Args:
            path: curves.csv; it may be missing.
        """
        self._path = path
        self._rows: list[dict[str, Any]] = []
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                self._rows = list(csv.DictReader(file))

    def cut(self, modality: str, epoch: int) -> None:
        """Remove a modality's rows from this epoch on."""
        self._rows = [
            row for row in self._rows if row["modality"] != modality or int(row["epoch"]) < epoch
        ]

    def add(self, **values: Any) -> None:
        """Add a row of `COLUMNS` and write the file; raises OSError."""
        row = {
            name: f"{value:.6g}" if isinstance(value, float) else value
            for name, value in values.items()
        }
        self._rows.append(row)
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_atomic(self._path, buffer.getvalue())

    def plot(self, path: Path) -> None:
        """Draw loss and validation accuracy of each modality; raises OSError."""
        from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, and needed once a run

        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for modality in dict.fromkeys(row["modality"] for row in self._rows):
            rows = [row for row in self._rows if row["modality"] == modality]
            epochs = [int(row["epoch"]) + 1 for row in rows]
            left.plot(epochs, [float(row["loss"]) for row in rows], label=modality)
            scored = [row for row in rows if row.get("validation_objects")]
            right.plot(
                [int(row["epoch"]) + 1 for row in scored],
                [100 * float(row["validation_objects"]) for row in scored],
                label=modality,
            )
        left.set(xlabel="epoch", ylabel="training loss", title="Loss")
        right.set(
            xlabel="epoch",
            ylabel="top-1 (%), mean over objects",
            title="Validation objects",
            ylim=(0, 100),
        )
        for axes in (left, right):
            axes.grid(alpha=0.3)
        left.legend(frameon=False)
        figure.savefig(path, dpi=120)
