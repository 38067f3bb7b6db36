"""The metrics of a trained student, and a line about them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from omnibind_ros.learning.metrics import accuracy

from .batches import StudentData


def accuracies(
    split: str, correct: npt.NDArray[np.bool_], samples: StudentData
) -> dict[str, float]:
    """Return the accuracies of a split, 0 to 1: of samples and objects, and by origin.

    Args:
        split: Its name, with which the names of the metrics begin.
        correct: bool [n], which samples get their own class.
        samples: The n samples.
    """
    found = accuracy(correct, samples.objects)
    metrics = {f"{split}_samples": found.samples, f"{split}_objects": found.objects}
    for origin, inside in (("simulated", ~samples.recorded), ("recorded", samples.recorded)):
        if inside.any() and not inside.all():
            metrics[f"{split}_samples_{origin}"] = float(correct[inside].mean())
    return metrics


def summary(metrics: Mapping[str, float]) -> str:
    """Return a student's accuracies on held-out objects and samples, for a person to read."""
    parts = [
        f"{split} objects {metrics[f'{split}_objects']:.1%}"
        for split in ("validation", "test")
        if f"{split}_objects" in metrics
    ]
    parts += [
        f"{origin} test samples {metrics[f'test_samples_{origin}']:.1%}"
        for origin in ("simulated", "recorded")
        if f"test_samples_{origin}" in metrics
    ]
    return ", ".join(parts) or "no held-out objects"
