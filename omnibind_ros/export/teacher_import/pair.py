"""What a CLIP-like model is to the import, whatever library it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from torch import nn

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import TensorSpec

Pictures = Sequence[npt.NDArray[np.uint8]]
TokenIds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Padding:
    """How the sentences of a batch are filled up to one length.

    Attributes:
        token: The token that fills.
        left: Whether it stands before the sentence, not after it.
    """

    token: int
    left: bool = False


@dataclass(frozen=True)
class TeacherPair:
    """An image and a text network of one space, and all that belongs to them.

    Attributes:
        name: Such as `huggingface:NAME`.
        image: uint8 [1, h, w, 3] -> unit embedding [1, D], quality [1], features [1, F].
        image_input: The image network's input, with how pictures are framed.
        text: int64 input_ids [N, L] and attention_mask [N, L] -> unit embeddings [N, D].
        tokenizer: From a sentence to its tokens, without padding.
        context: Largest number of tokens of a sentence.
        padding: How the library fills sentences up to `context`.
        scale: What cosine similarities are multiplied with before the softmax or the sigmoid.
        bias: What is added to them before the sigmoid; None for a softmax.
        licence: Of the weights; empty where it is not said.
        embed_images: The library's own way from pictures to unit embeddings [N, D].
        embed_texts: The library's own way from sentences to unit embeddings [N, D].
        token_ids: The library's own tokens of sentences, int64 [N, context].
    """

    name: str
    image: nn.Module
    image_input: TensorSpec
    text: nn.Module
    tokenizer: Tokenizer
    context: int
    padding: Padding
    scale: float
    bias: float | None
    licence: str
    embed_images: Callable[[Pictures], Floats]
    embed_texts: Callable[[Sequence[str]], Floats]
    token_ids: Callable[[Sequence[str]], Any]
