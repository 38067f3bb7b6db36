"""The calibration of an imported teacher: its temperature, and from where a label is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.af.calibration import fit_threshold
from omnibind_ros.plain_text import same_text
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import Label

from .pair import TeacherPair

MIN_QUALITY = 0.45
"""As in the shipped bundle: below the quality of pictures, above that of noise."""

SIMILARITY = 0.2
"""Default threshold of a model of a softmax: CLIP's texts that suit a picture lie above it."""

_NONE = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Calibrated:
    """A calibration.

    Attributes:
        calibration: For the manifest.
        figures: What it was measured on, for the manifest.
        warning: What keeps it from being right, in one sentence; empty where nothing does.
    """

    calibration: Calibration
    figures: Mapping[str, object]
    warning: str


def calibrate(
    pair: TeacherPair,
    bank: LabelBank,
    labels: Sequence[Label],
    encoder: SentenceEncoder,
    images: Floats,
    classes: Sequence[str] | None,
) -> Calibrated:
    """Set the thresholds of images and texts, and the temperature.

    The temperature is what the model was trained with: the inverse of its logit scale. The bias of
    a sigmoid (SigLIP) adds the same to the logit of each label, so that a softmax does not change
    by it; what it says is from where on a text suits a picture, which is a threshold.

    Args:
        pair: The model.
        bank: The labels.
        labels: The same, with their texts.
        encoder: Embeds sentences as the bundle does.
        images: float32 [N, D], embeddings of pictures as the bundle gives them.
        classes: The class of each picture, '' for none; None for made pictures without objects.
    """
    similarity = bank.similarities(images)
    best = similarity.max(1)
    figures: dict[str, object] = {"pictures": len(images)}
    if classes is None:
        scale_says = SIMILARITY if pair.bias is None else -pair.bias / pair.scale
        # No picture without an object may be known.
        threshold = max(scale_says, float(best.max()) + 1e-4)
        warning = (
            "the threshold of images is not calibrated, as no pictures were given: things may be "
            "called unknown that are known, and the reverse; give pictures with --images DIR"
        )
        figures = {"pictures": 0}
    else:
        threshold, warning = _of_pictures(similarity, _places(labels, classes), figures)
    thresholds = {
        "image": round(threshold, 4),
        "text": round(_of_texts(bank, labels, encoder), 4),
    }
    return Calibrated(Calibration(1 / pair.scale, MIN_QUALITY, thresholds), figures, warning)


def _places(labels: Sequence[Label], classes: Sequence[str]) -> list[int]:
    """Return the label of each class; -1 for a class that is none."""
    place = {same_text(text): i for i, label in enumerate(labels) for text in label.texts}
    place |= {same_text(label.name): i for i, label in enumerate(labels)}
    return [place.get(same_text(name), -1) if name else -1 for name in classes]


def _of_pictures(
    similarity: Floats, places: Sequence[int], figures: dict[str, object]
) -> tuple[float, str]:
    """Return the threshold for pictures with similarities [N, L], and a warning."""
    own = np.array(places)
    known = own >= 0
    best = similarity.max(1)
    if not known.any():
        figures["with_label"] = 0
        warning = (
            "the threshold of images lets 95% of the pictures be known, as none lies in a folder "
            "that has the name of a label; sort them into CLASS/FILE, or name the classes with "
            "--labels FILE"
        )
        return fit_threshold(best, _NONE, np.ones(len(best), np.bool_)), warning
    right = similarity.argmax(1)[known] == own[known]
    others = similarity[known].copy()
    others[np.arange(len(others)), own[known]] = -np.inf
    # What a picture would be called if its label were not among the labels; and other classes.
    unknown = np.concatenate([others.max(1), best[~known]])
    figures |= {
        "with_label": int(known.sum()),
        "right_percent": round(100 * float(right.mean()), 1),
    }
    return fit_threshold(best[known], unknown.astype(np.float32), right), ""


def _of_texts(bank: LabelBank, labels: Sequence[Label], encoder: SentenceEncoder) -> float:
    """Return the threshold of texts: the labels' bare names are known, and nothing else is."""
    similarity = bank.similarities(encoder.encode_batch([label.name for label in labels]))
    count = len(labels)
    if count < 2:
        return float(similarity.min())
    others = similarity.copy()
    others[np.arange(count), np.arange(count)] = -np.inf
    right = similarity.argmax(1) == np.arange(count)
    return fit_threshold(similarity.max(1), others.max(1), right)
