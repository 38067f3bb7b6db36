"""A CLIP, SigLIP or SigLIP 2 model of Hugging Face's transformers as a pair of networks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.framing import (
    CENTRE,
    FILTERS,
    FIT,
    INTERPOLATION,
    SHORTER_SIDE,
    STRETCH,
    frame,
)
from omnibind_ros.encoders.manifest import BundleError, TensorSpec
from omnibind_ros.learning.teachers.clip import HuggingFaceTeacher

from .licence import find_licence
from .networks import Colours, ImageNetwork, TextNetwork
from .pair import Padding, TeacherPair
from .sentence_piece import to_tokenizer

CAUSAL = frozenset({"clip", "metaclip_2"})
"""Types of models whose text tower is causal and read at the last token."""


def open_hugging_face(name: str) -> TeacherPair:
    """Load a model of transformers.

    Args:
        name: A folder that `save_pretrained` wrote, or a name on the hub.

    Raises:
        TrainingError: It cannot be loaded, or is no such model.
        BundleError: Its preparation of pictures or its tokenizer needs the library.
    """
    teacher = HuggingFaceTeacher(name)
    model, tokenizer = teacher.model, teacher.tokenizer
    any_size = hasattr(teacher.processor, "max_num_patches")
    tensor = _input_of_any_size(teacher) if any_size else _input(teacher)
    masked = "attention_mask" in tokenizer.model_input_names
    padding = Padding(int(tokenizer.pad_token_id or 0), tokenizer.padding_side == "left")

    def embed(tokens: Tensor, mask: Tensor) -> Tensor:
        inputs = {"input_ids": tokens} | ({"attention_mask": mask} if masked else {})
        return _values(model.get_text_features(**inputs))

    causal = model.config.model_type in CAUSAL and not padding.left
    bias = getattr(model, "logit_bias", None)
    return TeacherPair(
        name=teacher.name,
        image=_image_network(teacher, tensor, any_size),
        image_input=tensor,
        text=TextNetwork(model, embed, teacher.length, None if causal else padding),
        tokenizer=to_tokenizer(tokenizer, name),
        context=teacher.length,
        padding=padding,
        scale=_scale(model, name),
        bias=None if bias is None else float(bias.detach()),
        licence=find_licence(name),
        # A model of pictures of any size gets them in the one size that the network has.
        embed_images=lambda pictures: (
            teacher.embed_images(
                [frame(each, tensor).pixels.copy() for each in pictures] if any_size else pictures
            ).values
        ),
        embed_texts=teacher.encode_batch,
        token_ids=lambda texts: teacher.tokens(texts)["input_ids"].numpy(),
    )


def _values(output: Any) -> Tensor:
    # Of transformers 5, the features come in a structure.
    values: Tensor = getattr(output, "pooler_output", output)
    return values


def _scale(model: Any, name: str) -> float:
    if not hasattr(model, "logit_scale"):
        raise BundleError(
            f"{name} is a {type(model).__name__}, which has no logit scale to make a temperature "
            "of; give a CLIP or SigLIP model"
        )
    return float(model.logit_scale.detach().exp())


def _image_network(teacher: HuggingFaceTeacher, tensor: TensorSpec, any_size: bool) -> ImageNetwork:
    model, processor = teacher.model, teacher.processor
    factor = float(processor.rescale_factor) if processor.do_rescale else 1.0
    colours = Colours(factor, processor.image_mean, processor.image_std)
    if not processor.do_normalize:
        colours = Colours(factor, (0.0,) * 3, (1.0,) * 3)
    if any_size:
        return ImageNetwork(model, _patches_tower(model, tensor), nn.Identity(), colours)
    if hasattr(model, "visual_projection"):
        return ImageNetwork(
            model,
            lambda pixels: _values(model.vision_model(pixel_values=pixels)),
            model.visual_projection,
            colours,
        )
    return ImageNetwork(
        model,
        lambda pixels: _values(model.get_image_features(pixel_values=pixels)),
        nn.Identity(),
        colours,
    )


def _patches_tower(model: Any, tensor: TensorSpec) -> Any:
    """Return SigLIP 2's tower for pictures of any size, for the one size of a bundle."""
    rows, columns = tensor.shape[1:3]
    embeddings = model.vision_model.embeddings
    size = int(embeddings.patch_size)
    down, across = rows // size, columns // size
    shapes = torch.tensor([[down, across]])
    side = embeddings.position_embedding_size
    grid = embeddings.position_embedding.weight.detach().reshape(side, side, -1)
    placed = embeddings.resize_positional_embeddings(grid, shapes, down * across)
    # The positions of one size are constants; the library's loop over sizes cannot be exported.
    embeddings.resize_positional_embeddings = lambda *_args, **_options: placed

    def tower(pixels: Tensor) -> Tensor:
        patches = pixels.reshape(1, 3, down, size, across, size).permute(0, 2, 4, 3, 5, 1)
        return _values(
            model.get_image_features(
                pixel_values=patches.reshape(1, down * across, size * size * 3),
                pixel_attention_mask=torch.ones(1, down * across, dtype=torch.int32),
                spatial_shapes=shapes,
            )
        )

    return tower


def _input(teacher: HuggingFaceTeacher) -> TensorSpec:
    """Return the manifest's entry of the image network's input."""
    processor = teacher.processor
    size = _sides(getattr(processor, "size", None)) if processor.do_resize else {}
    crop = _sides(processor.crop_size) if getattr(processor, "do_center_crop", False) else {}
    parameters: dict[str, float] = {}
    if "height" in size and crop in ({}, size):
        rows, columns, fit = size["height"], size["width"], STRETCH
    elif "shortest_edge" in size and "longest_edge" not in size and crop:
        rows, columns, fit = crop["height"], crop["width"], CENTRE
        parameters = {SHORTER_SIDE: size["shortest_edge"]}
        if size["shortest_edge"] < max(rows, columns):
            raise _not_possible(teacher.name, size, crop)
    else:
        raise _not_possible(teacher.name, size, crop)
    return _tensor(teacher, rows, columns, parameters, fit)


def _input_of_any_size(teacher: HuggingFaceTeacher) -> TensorSpec:
    """Return the input of a model of pictures of any size: the square of its number of patches."""
    processor = teacher.processor
    side = int(processor.max_num_patches**0.5) * int(processor.patch_size)
    return _tensor(teacher, side, side, {}, STRETCH)


def _tensor(
    teacher: HuggingFaceTeacher, rows: int, columns: int, parameters: dict[str, float], fit: str
) -> TensorSpec:
    resample = int(teacher.processor.resample)
    name = next((name for name, kind in FILTERS.items() if kind == resample), "")
    if not name:
        raise BundleError(
            f"{teacher.name} resizes pictures by Pillow's filter of number {resample}, which a "
            f"bundle cannot (it can: {', '.join(FILTERS)}); correct its preprocessor_config.json"
        )
    return TensorSpec(
        "image",
        (1, rows, columns, 3),
        "uint8",
        "NHWC",
        "RGB 0..255, sRGB",
        parameters,
        {FIT: fit, INTERPOLATION: name},
    )


def _sides(size: Any) -> dict[str, int]:
    """Return the sides that a size of transformers names, without those that it leaves open."""
    if isinstance(size, int):
        return {"height": size, "width": size}
    names = ("height", "width", "shortest_edge", "longest_edge")
    found = {name: _of(size, name) for name in names}
    return {name: int(value) for name, value in found.items() if value is not None}


def _of(size: Any, name: str) -> Any:
    return size.get(name) if hasattr(size, "get") else getattr(size, name, None)


def _not_possible(name: str, size: Any, crop: Any) -> BundleError:
    return BundleError(
        f"{name} prepares pictures in a way that a bundle cannot (resize to {size}, crop {crop}); "
        "give a model whose pictures have one size"
    )
