"""A model of OpenCLIP as a pair of networks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from omnibind_ros.encoders.framing import (
    CENTRE,
    FIT,
    INTERPOLATION,
    NEAREST,
    ROUNDING,
    SHORTER_SIDE,
    STRETCH,
)
from omnibind_ros.encoders.manifest import BundleError, TensorSpec
from omnibind_ros.learning.teachers.clip import OpenClipTeacher, load_library

from .byte_pairs import byte_pair_tokenizer, cleaned
from .licence import find_licence
from .networks import Colours, ImageNetwork, TextNetwork, Tower
from .pair import Padding, TeacherPair
from .sentence_piece import to_tokenizer

LOCAL, HUB = "local-dir:", "hf-hub:"
"""What names of folders and of models on the hub begin with."""


def open_open_clip(name: str) -> TeacherPair:
    """Load a model of OpenCLIP.

    Args:
        name: As OpenCLIP takes it: `local-dir:FOLDER`, `hf-hub:ORGANISATION/MODEL`, or the name of
            an architecture and of its weights, joined by a slash.

    Raises:
        TrainingError: It cannot be loaded.
        BundleError: Its preparation of pictures or its tokenizer needs the library.
    """
    teacher = OpenClipTeacher(name)
    model, tokenizer = teacher.model, teacher.tokenizer
    context = int(model.context_length)
    tensor, colours = _pictures(model.visual, teacher.name)
    features, project = _towers(model.visual)
    causal = _causal(model)
    padding = Padding(int(getattr(getattr(tokenizer, "tokenizer", None), "pad_token_id", 0) or 0))
    embed = _short_sentences(model) if causal else _whole_context(model)
    bias = getattr(model, "logit_bias", None)
    return TeacherPair(
        name=teacher.name,
        image=ImageNetwork(model, features, project, colours),
        image_input=tensor,
        text=TextNetwork(model, embed, context, None if causal else padding),
        tokenizer=_tokenizer(tokenizer, teacher.name),
        context=context,
        padding=padding,
        scale=float(model.logit_scale.detach().exp()),
        bias=None if bias is None else float(bias.detach()),
        licence=find_licence(_card(name)),
        embed_images=lambda pictures: teacher.embed_images(pictures).values,
        embed_texts=teacher.encode_batch,
        token_ids=lambda texts: tokenizer(list(texts), context_length=context).numpy(),
    )


def _card(name: str) -> str:
    """Return the folder or the name on the hub of a model's card."""
    for prefix in (LOCAL, HUB):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    library = load_library("open_clip", "teachers-openclip")
    architecture, _, weights = name.partition("/")
    found = library.get_pretrained_cfg(architecture, weights) or {}
    return str(found.get("hf_hub", "")).rstrip("/")


def _tokenizer(tokenizer: Any, name: str) -> Tokenizer:
    if hasattr(tokenizer, "bpe_ranks"):
        return byte_pair_tokenizer(tokenizer, name)
    if getattr(tokenizer, "tokenizer_mode", "") or getattr(tokenizer, "strip_sep_token", False):
        raise BundleError(
            f"the tokenizer of {name} moves tokens in a way that tokenizer.json cannot; give a "
            "model with CLIP's or SigLIP's tokenizer"
        )
    made = to_tokenizer(tokenizer.tokenizer, name)
    return cleaned(made, getattr(tokenizer.clean_fn, "__name__", ""), name)


def _pictures(visual: Any, name: str) -> tuple[TensorSpec, Colours]:
    """Return the image network's input, and how it wants its colours."""
    said: dict[str, Any] = getattr(visual, "preprocess_cfg", None) or {}
    size = said.get("size", getattr(visual, "image_size", 224))
    rows, columns = (size, size) if isinstance(size, int) else tuple(size)[-2:]
    mode = said.get("resize_mode") or "shortest"
    if mode == "longest" or (mode == "shortest" and rows != columns):
        raise BundleError(
            f"{name} fits pictures of {rows} x {columns} by the mode '{mode}', which a bundle "
            "cannot; give a model of square pictures that are cut or stretched"
        )
    options = {
        FIT: STRETCH if mode == "squash" else CENTRE,
        INTERPOLATION: "bilinear" if said.get("interpolation") == "bilinear" else "bicubic",
    }
    parameters: dict[str, float] = {}
    if mode != "squash":
        options[ROUNDING], parameters[SHORTER_SIDE] = NEAREST, rows
    tensor = TensorSpec(
        "image",
        (1, int(rows), int(columns), 3),
        "uint8",
        "NHWC",
        "RGB 0..255, sRGB",
        parameters,
        options,
    )
    mean = said.get("mean") or visual.image_mean
    deviation = said.get("std") or visual.image_std
    return tensor, Colours(1 / 255, _three(mean), _three(deviation))


def _three(values: Any) -> tuple[float, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (float(values),) * 3


def _towers(visual: Any) -> tuple[Tower, Tower]:
    """Return the image tower without its projection into the shared space, and the projection."""
    project = getattr(visual, "proj", None)
    if isinstance(project, Tensor) and not getattr(visual, "output_tokens", False):
        tower = copy.deepcopy(visual)  # the library's own way needs the original
        tower.proj = None
        matrix = project.detach()
        return tower, lambda features: features @ matrix
    trunk, head = getattr(visual, "trunk", None), getattr(visual, "head", None)
    if isinstance(trunk, nn.Module) and isinstance(head, nn.Module):
        return trunk, head
    return visual, nn.Identity()


def _causal(model: Any) -> bool:
    """Return whether the text tower is CLIP's own: causal, and read at the last token."""
    return (
        getattr(model, "text_pool_type", "") == "argmax"
        and getattr(model, "attn_mask", None) is not None
        and hasattr(model, "positional_embedding")
    )


def _whole_context(model: Any) -> Callable[[Tensor, Tensor], Tensor]:
    def embed(tokens: Tensor, _mask: Tensor) -> Tensor:
        values: Tensor = model.encode_text(tokens)
        return values

    return embed


def _short_sentences(model: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """Return CLIP's text tower for sentences of any number of tokens up to its context."""

    def embed(tokens: Tensor, mask: Tensor) -> Tensor:
        count = tokens.shape[1]
        x = model.token_embedding(tokens) + model.positional_embedding[:count]
        x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask[:count, :count]))
        last = (mask.sum(1) - 1).clamp(min=0)
        values: Tensor = x[torch.arange(x.shape[0]), last]
        project = model.text_projection
        return project(values) if isinstance(project, nn.Linear) else values @ project

    return embed
