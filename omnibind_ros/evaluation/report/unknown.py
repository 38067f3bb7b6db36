"""Sections on calibration and on the detection of unknown objects."""

from __future__ import annotations

from omnibind_ros.evaluation import JsonObject

from .markdown import percent, table
from .pictures import WORDS


def unknown_section(evaluation: JsonObject) -> list[str]:
    """Return the section on calibration and unknown objects.

    Args:
        evaluation: What `omnibind evaluate --json` wrote.
    """
    parts = [
        "### Calibration and unknown objects",
        f"ECE of all modalities fused is {evaluation['ece']:.1f}% at temperature "
        f"{evaluation['temperature']:.4f}.",
    ]
    known = evaluation.get("known")  # older evaluations lack it
    if known:
        parts.append(
            f"At the thresholds of the bundle {known['right']:.1f}% of the samples are known and "
            f"right, {known['wrong']:.1f}% known and wrong."
        )
    detection = evaluation["unknown"]
    if "run" in detection:
        parts.append(
            "The bundle was trained on every class. The detection of unknown objects is measured "
            f"on {detection['run']}, trained in the same way without the classes left out."
        )
    return parts + detection_paragraphs(detection)


def detection_paragraphs(detection: JsonObject) -> list[str]:
    """Return the paragraphs on samples of classes that training has not seen.

    Args:
        detection: The figures of `measure_unknown`, and its classes.
    """
    if "margin" not in detection:
        return []
    alone = ", ".join(f"{name} {value:.2f}" for name, value in detection["modalities"].items())
    return [
        f"On {detection['samples']} samples of classes that training has not seen "
        f"({', '.join(detection['classes'])}), AUROC is {detection['margin']:.3f} by the margin "
        f"that recognition uses, {detection['similarity']:.3f} by similarity and "
        f"{detection['probability']:.3f} by probability. At the thresholds of the bundle "
        f"{detection['known_accepted']:.0f}% of the known objects' samples are accepted and "
        f"{detection['unknown_refused']:.0f}% of the unknown objects' samples are refused. Each "
        f"modality alone, by similarity: {alone}.",
        *_open_vocabulary(detection.get("open_vocabulary", {})),
    ]


def _open_vocabulary(by_rule: JsonObject) -> list[str]:
    """Return the table of classes whose label was added after training."""
    if not by_rule:
        return []
    rows = [
        (WORDS[rule], percent(top1["new"]), percent(top1["known"]))
        for rule, top1 in by_rule.items()
    ]
    return [
        "With labels added for these classes after training, top-1 in percent among all labels, "
        "all modalities fused:",
        table(("fused by", "samples of new classes", "samples of known classes"), rows),
    ]
