"""What the samples of a sensor learn from: labels, and what the camera sees at the same time.

The losses are those of Cross-modal Alignment Distillation (learning/cad/losses.py), with a weight
for each sample: a sample with a label learns from it; one without learns from the image teacher,
as far as this is sure and knows what it sees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.recognition.label_bank import LabelBank

from .samples import Ints, SensorSamples, names_of

SURE = 0.5
"""Least probability of the image teacher's best label that becomes the label of a sample."""

UNKNOWN = 0.25
"""Weight of an image that shows nothing that has a label, against one that does."""

TAU = 0.05
"""Temperature of the similarities to labels, as in training."""

TAU_RELATION = 0.1
"""Temperature of the similarities within a batch, as in training."""


@dataclass(frozen=True)
class ImageTeacher:
    """How similarities of image embeddings become probabilities.

    Attributes:
        temperature: Softmax temperature of a lone image.
        known: Similarity of the best label from which an image shows something that has a label.
    """

    temperature: float
    known: float


@dataclass(frozen=True)
class Teaching:
    """Targets of N samples.

    Attributes:
        targets: int64 [N], the label that a sample learns; -1 if there is none.
        sureness: float32 [N], its weight: 1 of a label, the image teacher's probability of one that
            it gives, 0 of none.
        images: float32 [N, D], the image teacher's embeddings; zeros where there is none.
        image_weight: float32 [N], 0 to 1, how much the image teaches.
        texts: float32 [N, D], the name of the target; the image where there is no target.
    """

    targets: Ints
    sureness: Floats
    images: Floats
    image_weight: Floats
    texts: Floats

    @classmethod
    def of(cls, samples: SensorSamples, bank: LabelBank, teacher: ImageTeacher) -> Teaching:
        """Return what samples learn from.

        Args:
            samples: N samples.
            bank: The labels.
            teacher: Of the images.
        """
        names = names_of(bank)
        similarity = bank.similarities(samples.images)
        probability = softmax(similarity / teacher.temperature, 1)
        best, there = similarity.argmax(1), samples.image_quality > 0
        sure = probability[np.arange(len(best)), best]
        known = similarity.max(1) >= teacher.known
        labelled = samples.labels >= 0
        guessed = ~labelled & there & known & (sure >= SURE)
        targets = np.where(labelled, samples.labels, np.where(guessed, best, -1))
        sureness = np.where(labelled, 1.0, np.where(guessed, sure * samples.image_quality, 0.0))
        # With a label, an image teaches as far as it is right.
        own = probability[np.arange(len(best)), np.maximum(samples.labels, 0)]
        trust = np.where(labelled, own, sure * np.where(known, 1.0, UNKNOWN))
        weight = np.where(there, samples.image_quality * trust, 0.0)
        texts = np.where((targets >= 0)[:, None], names[np.maximum(targets, 0)], samples.images)
        return cls(
            targets.astype(np.int64),
            sureness.astype(np.float32),
            samples.images,
            weight.astype(np.float32),
            texts.astype(np.float32),
        )

    def some(self) -> bool:
        """Return whether there is anything to learn."""
        return bool((self.sureness > 0).any() or (self.image_weight > 0).any())


@dataclass(frozen=True)
class Weights:
    """Weights of the losses.

    Attributes:
        contrast: Of the cross-entropy of the labels, L_in.
        align_text: Of the pull to the label's name.
        distil: Of the image teacher's distribution over the labels.
        align_image: Of the pull to the image.
        relation: Of the batch's image-text similarities, L_cr.
        self_relation: Of the batch's self-similarities, L_se.
        smoothing: Label smoothing of the contrast.
    """

    contrast: float = 1.0
    align_text: float = 0.25
    distil: float = 0.5
    align_image: float = 0.5
    relation: float = 0.25
    self_relation: float = 0.25
    smoothing: float = 0.05


class AdaptationLoss(nn.Module):
    """The loss of a batch."""

    def __init__(self, bank: LabelBank, weights: Weights, teacher: ImageTeacher) -> None:
        """Keep the labels and the weights."""
        super().__init__()
        self.bank = ClassSimilarity(bank)
        self.weights, self.teacher = weights, teacher

    def forward(
        self,
        z: Tensor,
        targets: Tensor,
        sureness: Tensor,
        images: Tensor,
        image_weight: Tensor,
        texts: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of B samples, and each of its terms before weighting.

        Args:
            z: Student embeddings [B, D].
            targets: int64 [B]; -1 for none.
            sureness: [B].
            images: [B, D].
            image_weight: [B].
            texts: [B, D].
        """
        similarity = self.bank(z)
        terms = {}
        has = targets >= 0
        if bool(has.any()):
            chosen = targets.clamp(min=0)
            entropy = functional.cross_entropy(
                similarity / TAU,
                chosen,
                reduction="none",
                label_smoothing=self.weights.smoothing,
            )
            own = similarity.gather(1, chosen[:, None])[:, 0]
            terms["contrast"] = _mean(entropy, sureness * has)
            terms["align_text"] = _mean(1 - own, sureness * has)
        if bool((image_weight > 0).any()):
            teacher = self.bank(images) / self.teacher.temperature
            apart = functional.kl_div(
                functional.log_softmax(similarity / TAU, 1),
                functional.log_softmax(teacher, 1),
                reduction="none",
                log_target=True,
            ).sum(1)
            terms["distil"] = _mean(apart, image_weight)
            terms["align_image"] = _mean(1 - (z * images).sum(1), image_weight)
            seen = image_weight > 0
            if int(seen.sum()) > 1:
                zs, im, te, w = z[seen], images[seen], texts[seen], image_weight[seen]
                terms["relation"] = _relation(im @ te.T, zs @ te.T, w)
                both = (im @ im.T + te @ te.T) / 2
                terms["self_relation"] = _relation(both, zs @ zs.T, w)
        total = z.new_zeros(())
        for name, value in terms.items():
            total = total + getattr(self.weights, name) * value
        return total, {name: value.detach() for name, value in terms.items()}


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return a weighted mean, as a share of the batch's samples that have any weight."""
    share = (weights > 0).to(values.dtype).mean()
    return share * (values * weights).sum() / weights.sum().clamp(min=1e-6)


def _relation(teacher: Tensor, student: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of KL(softmax(teacher) || softmax(student)) of rows."""
    log_teacher = functional.log_softmax(teacher / TAU_RELATION, 1)
    log_student = functional.log_softmax(student / TAU_RELATION, 1)
    apart = (log_teacher.exp() * (log_teacher - log_student)).sum(1)
    return (apart * weights).sum() / weights.sum().clamp(min=1e-6)


def batch_of(teaching: Teaching, places: Ints) -> tuple[Tensor, ...]:
    """Return the targets of some samples as `AdaptationLoss` takes them."""
    arrays = (
        teaching.targets,
        teaching.sureness,
        teaching.images,
        teaching.image_weight,
        teaching.texts,
    )
    return tuple(torch.from_numpy(array[places]) for array in arrays)
