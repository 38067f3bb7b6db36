"""The torch networks that are written as image.onnx and text.onnx."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .pair import Padding

Tower = Callable[[Tensor], Tensor]


class Colours(NamedTuple):
    """How a network wants its colours.

    Attributes:
        factor: What the values 0 to 255 are multiplied with.
        mean: Of each channel, subtracted after that.
        deviation: Of each channel, divided by after that.
    """

    factor: float
    mean: Sequence[float]
    deviation: Sequence[float]


class ImageNetwork(nn.Module):
    """From pixels to a unit embedding, its quality, and what it is made of."""

    def __init__(self, model: nn.Module, features: Tower, project: Tower, colours: Colours) -> None:
        """Create one.

        Args:
            model: Has the weights of the next two, so that they are exported.
            features: float32 [1, 3, h, w] -> [1, F].
            project: [1, F] -> [1, D]; its result need not be of unit length.
            colours: What is done to the pixels first.
        """
        super().__init__()
        self.model = model
        self._features, self._project = features, project
        deviation = torch.tensor(list(colours.deviation), dtype=torch.float32)
        mean = torch.tensor(list(colours.mean), dtype=torch.float32)
        self.register_buffer("factor", (colours.factor / deviation).view(1, 3, 1, 1))
        self.register_buffer("shift", (-mean / deviation).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return embedding [1, D], quality [1] and features [1, F] of a picture.

        The quality is 0 for a picture of one colour, else 1: such a model does not say how usable
        a picture is.

        Args:
            image: uint8 [1, h, w, 3], RGB.
        """
        pixels = image.to(torch.float32).permute(0, 3, 1, 2)
        contrast = pixels.flatten(1).amax(1) - pixels.flatten(1).amin(1)
        features = self._features(pixels * self.factor + self.shift)
        embedding = functional.normalize(self._project(features), dim=-1)
        return embedding, contrast.clamp(max=1.0), features


class TextNetwork(nn.Module):
    """From tokens to unit embeddings; fills sentences up as the text tower was trained."""

    def __init__(
        self,
        model: nn.Module,
        embed: Callable[[Tensor, Tensor], Tensor],
        context: int,
        padding: Padding | None,
    ) -> None:
        """Create one.

        Args:
            model: Has the weights of `embed`, so that they are exported.
            embed: int64 tokens [N, L] and their mask [N, L] -> [N, D].
            context: Number of tokens that sentences are filled up to.
            padding: With what; None for a causal tower, whose result for the last token does not
                depend on what follows, so that short sentences can stay short.
        """
        super().__init__()
        self.model = model
        self._embed, self._context, self._padding = embed, context, padding

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit embeddings [N, D].

        Args:
            input_ids: int64 [N, L]; what follows a sentence's last token does not matter.
            attention_mask: int64 [N, L], 1 for a token and 0 behind the last one.
        """
        if self._padding is not None:
            input_ids, attention_mask = self._fill(input_ids, attention_mask, self._padding)
        return functional.normalize(self._embed(input_ids, attention_mask), dim=-1)

    def _fill(self, tokens: Tensor, mask: Tensor, padding: Padding) -> tuple[Tensor, Tensor]:
        """Return tokens and mask [N, context]."""
        count = mask.sum(1, keepdim=True)
        place = torch.arange(self._context).unsqueeze(0)
        place = place - (self._context - count) if padding.left else place + 0 * count
        inside = (place >= 0) & (place < count)
        taken = torch.gather(tokens, 1, torch.minimum(place, count - 1).clamp(min=0))
        return torch.where(inside, taken, padding.token), inside.to(torch.int64)
