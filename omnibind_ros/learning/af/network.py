"""The Adaptive Fusion (AF) network: any number of embeddings in, in any order, one out.

    fused = normalise(sum_i e_i r_i z_i + v + u)

The members i of a set are embeddings of one moment, each of a modality m. z_i is the embedding with
`BiasCorrection`; e_i is the evidence of `EvidenceWeights`, corrected by `AttentionGate`; r_i is the
probability that the member is right, of `Contamination`; v is the `SynonymCorrection`, u the
`NullDirection`. Evidence is in units of the bundle's temperature T. With e_i = T / T_m, T_m being
the temperature of the modality, and r_i = 1, the sum is the log-opinion pool (Heskes, NIPS 1997):
naive Bayes, for members whose errors are independent. `FusionNetwork.initialise` makes the network
that pool of contaminated members; one that is not initialised is the quality-weighted mean.

A lone member is not corrected: fused = normalise(e k z + u), so that its labels keep their order,
whatever the label bank; k is the `Margin`.

Tables have a row for each number of a modality (`Modality.number`). Shapes: B sets of N members,
embeddings of D values, C classes. export/export_fusion.py writes the network as fusion.onnx.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.fusion.mean import FLOOR
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.modalities import MODALITIES, TABLE_SIZE
from omnibind_ros.recognition.label_bank import LabelBank

from . import initial_values as initial
from .embeddings import EmbeddingSet
from .members import LIMIT, AttentionGate, Contamination, GateInput

NULL_DIRECTIONS = 16
"""Null directions, at most."""
EMPTY = -1e4
"""Score of a place without a member: far below any other, and finite in 16 bits."""
LEAST_MARGIN = 0.02
"""Smallest margin: a lone member always counts a little."""
LOW_QUALITY = 0.05
"""Quality below which the quality gate lowers the evidence, in proportion."""


class BiasCorrection(nn.Module):
    """Adds to an embedding the offset of its modality (`initial_values.fit_modalities`)."""

    def __init__(self, rows: int, size: int) -> None:
        """Create it with offsets of zero."""
        super().__init__()
        self.register_buffer("offset", torch.zeros(rows, size))

    def initialise(self, fits: initial.ModalityFits) -> None:
        """Set the fitted offsets."""
        self.offset[fits.numbers] = torch.from_numpy(fits.offsets)

    def forward(self, embeddings: Tensor, modality: Tensor) -> Tensor:
        """Return z [..., D] of embeddings [..., D] and numbers of modalities, int64 [...]."""
        return embeddings + functional.embedding(modality, self.offset)


class ClassDistribution(nn.Module):
    """Distributions over the classes: p_i = softmax(exp(s_m) z_i K).

    K [D, C] are the directions of the classes, s_m is the sharpness of modality m.
    """

    def __init__(self, rows: int, size: int, classes: int) -> None:
        """Create it with random directions."""
        super().__init__()
        self.register_buffer("directions", torch.randn(size, classes) / size**0.5)
        self.sharpness = nn.Parameter(torch.zeros(rows, 1))

    def initialise(self, data: EmbeddingSet, fits: initial.ModalityFits) -> None:
        """Set the directions to the centred classes, and the sharpness that suits samples."""
        classes = initial.centred_classes(data.bank)
        self.directions.copy_(torch.from_numpy(classes.T.copy()))
        self.sharpness[fits.numbers, 0] = torch.tensor(initial.fit_sharpness(data, fits, classes))

    def forward(self, embeddings: Tensor, modality: Tensor) -> Tensor:
        """Return logits [B, N, C] of z [B, N, D] and numbers of modalities [B, N]."""
        scale = functional.embedding(modality, self.sharpness).exp()
        return (embeddings @ self.directions) * scale


class EvidenceWeights(nn.Module):
    """Evidence of modality, quality q and relative age a (a share of the maximal age) alone.

    log e = trust_m + power_m log q + fading_m log(1 - a) + gate log(min(q / LOW_QUALITY, 1))
    """

    def __init__(self, rows: int) -> None:
        """Create it so that the evidence is the quality."""
        super().__init__()
        self.register_buffer("log_scale", torch.zeros(1))
        self.register_buffer("growth", torch.zeros(1))
        self.register_buffer("gate", torch.zeros(1))
        self.trust = nn.Parameter(torch.zeros(rows, 1))
        self.power = nn.Parameter(torch.ones(rows, 1))
        # Set, not learnt: old samples of training sets are right more often than those of a sensor
        # that has stopped.
        self.register_buffer("fading", torch.zeros(rows, 1))

    def initialise(self, fits: initial.ModalityFits, temperature: float) -> None:
        """Set T / T_m as the evidence of quality 1 and age 0."""
        self.power.fill_(0.05)  # low qualities still count
        self.fading.fill_(2.0)
        self.gate.fill_(1.0)
        self.trust[fits.numbers, 0] = torch.tensor(fits.trust(temperature))

    def scale(self, count: Tensor) -> Tensor:
        """Return the factor [B, 1] on the sum of a number of members [B, 1].

        What calibrates one member alone makes a sum of seven too doubtful, as each may be wrong.
        """
        return (self.log_scale + self.growth * count.log()).exp()

    def forward(self, modality: Tensor, quality: Tensor, relative_age: Tensor) -> Tensor:
        """Return log e [B, N] of numbers of modalities, qualities and relative ages [B, N]."""
        power = functional.embedding(modality, self.power)[..., 0]
        trust = functional.embedding(modality, self.trust)[..., 0]
        fading = functional.embedding(modality, self.fading)[..., 0]
        left = (1 - relative_age).clamp(FLOOR, 1.0)
        gate = (quality / LOW_QUALITY).clamp(FLOOR, 1.0)
        log_evidence = trust + power * quality.clamp(min=FLOOR).log() + fading * left.log()
        return log_evidence + self.gate * gate.log()


class SynonymCorrection(nn.Module):
    """v, which makes a sum as similar to each class as its members are together.

    A label is as similar to an embedding as the best of its words. With s_c, what the members say
    of class c together (`Contamination`), v raises the sum's similarity to all words of c to s_c
    less the mean of s over the classes: what is common to all classes tells none from another.
    """

    def __init__(self, size: int, classes: int, words: int) -> None:
        """Create it so that v is 0."""
        super().__init__()
        self.register_buffer("words", torch.zeros(size, classes * words))
        self.register_buffer("lift", torch.zeros(classes, size))

    def initialise(self, bank: LabelBank) -> None:
        """Set the words of a label bank, and the vectors that raise the similarity to them."""
        self.words.copy_(ClassSimilarity(bank).by_class().flatten(0, 1).T)
        self.lift.copy_(torch.from_numpy(initial.synonym_lift(bank)))

    def forward(self, pooled: Tensor, total: Tensor) -> Tensor:
        """Return v [B, D] of what the members say of the classes [B, C] and their sum [B, D]."""
        pooled = pooled - pooled.mean(1, keepdim=True)
        return (pooled - self.similarities(total[:, None])[:, 0]) @ self.lift

    def similarities(self, embeddings: Tensor) -> Tensor:
        """Return similarities [B, N, C] of embeddings [B, N, D] to the best word of each class."""
        batch, members, _ = embeddings.shape
        return (embeddings @ self.words).reshape(batch, members, len(self.lift), -1).amax(3)


class Margin(nn.Module):
    """How far the best class of a lone member is above the mean of all classes.

    k = (max_c s_c - mean_c s_c) / max_c s_c, in units of what is usual for the modality. What is as
    similar to every label as to the best, is no evidence of any.
    """

    def __init__(self, rows: int) -> None:
        """Create it so that a margin of 1 is usual."""
        super().__init__()
        self.register_buffer("usual", torch.ones(rows, 1))

    def initialise(self, data: EmbeddingSet, numbers: npt.NDArray[np.int64]) -> None:
        """Set the mean margins of samples."""
        for m, number in enumerate(numbers):
            values, _ = data.of(m)
            if len(values):
                similarity = torch.from_numpy(data.bank.similarities(values))
                self.usual[number] = self.relative(similarity).mean().clamp(min=0.05)

    def forward(self, similarity: Tensor, modality: Tensor) -> Tensor:
        """Return margins [B, N] of similarities [B, N, C] and numbers of modalities [B, N]."""
        usual = functional.embedding(modality, self.usual)[..., 0]
        return self.relative(similarity) / usual

    @staticmethod
    def relative(similarity: Tensor) -> Tensor:
        """Return margins [...] of similarities [..., C], in no units."""
        best = similarity.amax(-1)
        return ((best - similarity.mean(-1)) / best.clamp(min=1e-3)).clamp(LEAST_MARGIN, 1.0)


class NullDirection(nn.Module):
    """u, of length one, in directions in which no text lies.

    It is a copy of the sum in these directions, so that similar sets of little evidence stay so.
    """

    def __init__(self, size: int) -> None:
        """Create it so that u is 0."""
        super().__init__()
        count = min(NULL_DIRECTIONS, size // 4)
        self.register_buffer("directions", torch.zeros(count, size))
        self.register_buffer("projection", torch.zeros(size, count))

    def initialise(self, data: EmbeddingSet) -> None:
        """Set directions without text, and as many in which the classes differ most."""
        count = len(self.directions)
        self.projection.copy_(torch.from_numpy(initial.principal_directions(data.bank, count)))
        self.directions.copy_(torch.from_numpy(initial.null_directions(data, count)))

    def forward(self, total: Tensor) -> Tensor:
        """Return u [B, D] of sums [B, D]."""
        return unit(unit(total) @ self.projection) @ self.directions


class FusionNetwork(nn.Module):
    """Composes the parts."""

    def __init__(
        self,
        size: int,
        width: int = 32,
        dropout: float = 0.0,
        classes: int = 32,
        words: int = 1,
        rows: int = TABLE_SIZE,
    ) -> None:
        """Create a network that is the quality-weighted mean.

        Args:
            size: Values of an embedding, D.
            width: Values of a token, a multiple of `members.HEADS`.
            dropout: Share of a token's values that training drops.
            classes: Classes by which members are compared, C.
            words: Prototypes of a class, at most.
            rows: Rows of the tables of modalities, above every number that occurs.
        """
        super().__init__()
        self.size, self.class_count, self.word_count = size, classes, words
        ages = {modality.number: modality.max_age for modality in MODALITIES.values()}
        max_age = torch.tensor([ages.get(number, 1.0) for number in range(rows)])
        self.register_buffer("max_age", max_age[:, None], persistent=False)
        self.classes = ClassDistribution(rows, size, classes)
        self.evidence = EvidenceWeights(rows)
        self.gate = AttentionGate(rows, width, dropout)
        self.bias = BiasCorrection(rows, size)
        self.contamination = Contamination(rows)
        self.margin = Margin(rows)
        self.synonyms = SynonymCorrection(size, classes, words)
        self.null = NullDirection(size)

    @torch.no_grad()
    def initialise(self, data: EmbeddingSet, temperature: float) -> None:
        """Make the network the log-opinion pool for samples and the bundle's temperature T."""
        fits = initial.fit_modalities(data)
        self.bias.initialise(fits)
        self.classes.initialise(data, fits)
        self.evidence.initialise(fits, temperature)
        self.contamination.initialise(fits, temperature)
        self.margin.initialise(data, fits.numbers)
        self.synonyms.initialise(data.bank)
        self.null.initialise(data)

    def class_similarities(self, embeddings: Tensor) -> Tensor:
        """Return similarities [B, C] of embeddings [B, D] to the best word of each class."""
        return self.synonyms.similarities(embeddings[:, None])[:, 0]

    def forward(
        self,
        embeddings: Tensor,
        modality: Tensor,
        age: Tensor,
        quality: Tensor,
        entropy: Tensor,
        present: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fuse B sets of up to N members.

        Embeddings are unit vectors [B, N, D]; all else is [B, N]: numbers of modalities, int64; age
        in seconds; quality and entropy, 0..1; and which places hold a member, bool, at least one.

        Returns unit vectors [B, D]; weights [B, N], sum 1, zero where there is no member; and the
        agreement of each member with all others [B, N], -1 (contradicts) .. 1, 0 of a lone one.
        """
        there = present.to(embeddings.dtype)
        empty = (1 - there) * EMPTY
        several = (there.sum(1, keepdim=True) > 1.5).to(embeddings.dtype)
        corrected = self.bias(embeddings, modality)
        z = embeddings + several[..., None] * (corrected - embeddings)
        relative_age = age / functional.embedding(modality, self.max_age)[..., 0]
        logits = self.classes(z, modality)
        log_evidence = self.evidence(modality, quality, relative_age)
        distribution = torch.softmax(logits, -1) * there[..., None]
        members = GateInput(
            modality, relative_age, quality, entropy, there, log_evidence, logits, distribution
        )
        score = (self.gate(members, empty) + log_evidence).clamp(-LIMIT, LIMIT)
        evidence = score.exp() * there
        similarity = self.synonyms.similarities(z)
        pool = self.contamination(similarity * evidence[..., None], modality, there)
        margin = self.margin(similarity, modality)
        carried = evidence * (several * pool.rightness + (1 - several) * margin)
        weights = carried / carried.sum(1, keepdim=True)
        total = (carried[:, None] @ z)[:, 0]
        total = total + several * self.synonyms(pool.pooled, total)
        total = total * self.evidence.scale(there.sum(1, keepdim=True))
        return unit(total + self.null(total)), weights, pool.agreement * several * there


def unit(values: Tensor) -> Tensor:
    """Return vectors [..., D] of length one; zeros stay zeros."""
    return values / values.square().sum(-1, keepdim=True).clamp(min=1e-12).sqrt()
