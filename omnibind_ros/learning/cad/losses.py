"""The losses: ours of Cross-modal Alignment Distillation (CAD), the paper's, and plain objectives.

docs/explanation/method.md tells which parts are the paper's and which are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.learning.config import LossConfig
from omnibind_ros.learning.prototypes import ClassSimilarity


@dataclass(frozen=True)
class Batch:
    """What the losses need of a batch of B samples.

    Attributes:
        z: Student embeddings [B, D], unit vectors.
        labels: int [B], classes of the bank.
        image: The paired teacher images' embeddings [B, D].
        text: Embeddings [B, D] of a sentence about each sample, or of its class's name.
        class_similarity: z to the bank [B, C].
        teacher_similarity: image to the bank [B, C].
    """

    z: Tensor
    labels: Tensor
    image: Tensor
    text: Tensor
    class_similarity: Tensor
    teacher_similarity: Tensor


def align_image(batch: Batch, config: LossConfig) -> Tensor:  # noqa: ARG001
    """Mean of 1 - cos(z_s, z_i): the student's embedding moves to that of the paired image."""
    return 1 - (batch.z * batch.image).sum(1).mean()


def align_text(batch: Batch, config: LossConfig) -> Tensor:  # noqa: ARG001
    """Mean of 1 - cos(z_s, T_y): it moves to the class's name, or to its nearest synonym."""
    return 1 - batch.class_similarity.gather(1, batch.labels[:, None]).mean()


def contrast(batch: Batch, config: LossConfig) -> Tensor:
    """Cross-entropy of z_s T / tau against y; samples of one class are not negatives."""
    return functional.cross_entropy(
        batch.class_similarity / config.tau, batch.labels, label_smoothing=config.smoothing
    )


def distil(batch: Batch, config: LossConfig) -> Tensor:
    """KL(softmax(z_i T / tau_t) || softmax(z_s T / tau_s)), weighted by the teacher's certainty.

    The weight of a sample is the probability that the teacher gives its class: where the teacher is
    wrong there is little to learn.
    """
    log_teacher = functional.log_softmax(batch.teacher_similarity / config.tau_teacher, 1)
    log_student = functional.log_softmax(batch.class_similarity / config.tau_student, 1)
    teacher = log_teacher.exp()
    right = teacher.gather(1, batch.labels[:, None])[:, 0]
    divergence = (teacher * (log_teacher - log_student)).sum(1)
    return (right * divergence).mean()


def relation(batch: Batch, config: LossConfig) -> Tensor:
    """KL between the batch's image-text and student-text similarities, in both directions.

    By rows: which of the batch's texts fit a sample; by columns: which samples fit a text.
    """
    teacher = batch.image @ batch.text.T / config.tau_relation
    student = batch.z @ batch.text.T / config.tau_relation
    return (_divergence(teacher, student, 0) + _divergence(teacher, student, 1)) / 2


def text_contrast(batch: Batch, config: LossConfig) -> Tensor:
    """L_in of the paper: each sample is to fit its own text best, of all texts of the batch.

    The cross-entropy of z_s text^T / tau, by rows, as in the training code of UniBind
    (arXiv 2403.12532), on which OmniBind builds.
    """
    scores = batch.z @ batch.text.T / config.tau
    return functional.cross_entropy(scores, torch.arange(len(scores), device=scores.device))


def self_relation(batch: Batch, config: LossConfig) -> Tensor:
    """L_se of the paper: KL between the batch's self-similarities of the teachers and the student.

    Those of the teachers are the mean of the images' self-similarities and of the texts' (Eq. 4).
    The matrices are symmetric: rows and columns are the same.
    """
    teacher = (batch.image @ batch.image.T + batch.text @ batch.text.T) / 2
    student = batch.z @ batch.z.T
    return _divergence(teacher / config.tau_relation, student / config.tau_relation, 1)


def _divergence(teacher: Tensor, student: Tensor, axis: int) -> Tensor:
    """Return the mean KL(softmax(teacher) || softmax(student)) of logits [B, B] along an axis."""
    log_teacher = functional.log_softmax(teacher, axis)
    log_student = functional.log_softmax(student, axis)
    return (log_teacher.exp() * (log_teacher - log_student)).sum(axis).mean()


def infonce(batch: Batch, config: LossConfig) -> Tensor:
    """InfoNCE to the paired image, in both directions (ImageBind, arXiv 2305.05665)."""
    scores = batch.z @ batch.image.T / config.tau
    own = torch.arange(len(scores), device=scores.device)
    return (functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)) / 2


Term = Callable[[Batch, LossConfig], Tensor]

CAD_TERMS: dict[str, Term] = {
    "align_image": align_image,
    "align_text": align_text,
    "contrast": contrast,
    "distil": distil,
    "relation": relation,
}
"""The terms of our CAD; a weight of 0 in `LossConfig` switches one off."""

PAPER_TERMS: dict[str, Term] = {
    "text_contrast": text_contrast,
    "relation": relation,
    "self_relation": self_relation,
}
"""The paper's losses L_in, L_cr and L_se: the objective `omnibind`, with a weight of 1 each."""

PLAIN: dict[str, Term] = {
    "cross_entropy": contrast,
    "infonce": infonce,
    "regression": align_image,
}
"""The plain objectives, each one term alone."""


class Objective(nn.Module):
    """The loss of a batch: the weighted sum of the terms that a configuration names."""

    def __init__(
        self, config: LossConfig, bank: ClassSimilarity, categories: ClassSimilarity | None = None
    ) -> None:
        """Choose the terms.

        Args:
            config: Which terms, and their weights.
            bank: The classes.
            categories: The names that recordings have in the sets that they come from, if any.
        """
        super().__init__()
        self.config = config
        self.bank = bank
        self.categories = categories if config.objective in ("cad", "cross_entropy") else None
        if config.objective == "cad":
            weights = {name: float(getattr(config, name)) for name in CAD_TERMS}
            self.terms = {n: (CAD_TERMS[n], weight) for n, weight in weights.items() if weight > 0}
        elif config.objective == "omnibind":
            self.terms = {name: (term, 1.0) for name, term in PAPER_TERMS.items()}
        else:
            self.terms = {config.objective: (PLAIN[config.objective], 1.0)}

    def forward(
        self,
        z: Tensor,
        labels: Tensor,
        image: Tensor,
        text: Tensor,
        categories: Tensor | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, and each of its terms before weighting.

        Args:
            z: Student embeddings [B, D].
            labels: int [B].
            image: Paired teacher embeddings [B, D].
            text: Text embeddings [B, D].
            categories: int [B], -1 where a sample has none; None where none has.
        """
        # In float32: an exponential of similarities over a small temperature needs it.
        z, image, text = z.float(), image.float(), text.float()
        batch = Batch(z, labels, image, text, self.bank(z), self.bank(image))
        values = {name: term(batch, self.config) for name, (term, _) in self.terms.items()}
        total = z.new_zeros(())
        for name, (_, weight) in self.terms.items():
            total = total + weight * values[name]
        if self.categories is not None and categories is not None and self.config.categories > 0:
            values["categories"] = self._category_loss(z, categories)
            total = total + self.config.categories * values["categories"]
        return total, {name: value.detach() for name, value in values.items()}

    def _category_loss(self, z: Tensor, categories: Tensor) -> Tensor:
        """Cross-entropy of recordings against the names of their own set, as a share of the batch.

        A dog's bark and a cock's crow are one class of the dataset, an animal. This term keeps them
        apart.
        """
        named = categories >= 0
        if self.categories is None or not bool(named.any()):
            return z.new_zeros(())
        logits = self.categories(z[named]) / self.config.tau
        return functional.cross_entropy(logits, categories[named], reduction="sum") / len(z)
