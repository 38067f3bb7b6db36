"""Writes the two networks of an imported teacher, each in the wanted precision, and compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch.export import Dim

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.backend import CPU, load_model
from omnibind_ros.encoders.bundle import file_sha256
from omnibind_ros.encoders.manifest import BundleError, FileSpec, TensorSpec
from omnibind_ros.encoders.text import CONTEXT, TextEncoder
from omnibind_ros.export.conversion import write_precision
from omnibind_ros.export.parity import check_parity, compare, embed
from omnibind_ros.export.quantisation import write_int8_weights
from omnibind_ros.export.tensorrt_operators import violations
from omnibind_ros.export.torch_onnx import write_network
from omnibind_ros.learning.teachers.bundle import FEATURES

from .pair import TeacherPair
from .pictures import Measured

PRECISIONS = ("fp32", "fp16", "int8")

COSINE = 1e-3
"""Largest difference from 1 of the cosine between the bundle's embedding of a picture or sentence
and the library's own, in fp32."""

EMBEDDING = "unit_embedding"

Figures = dict[str, Any]


def write_image(
    pair: TeacherPair, spec: FileSpec, precision: str, measured: Measured, folder: Path, base: Path
) -> tuple[FileSpec, Figures]:
    """Write image.onnx.

    Args:
        pair: The model.
        spec: The manifest's entry, with path, licence and origin.
        precision: One of `PRECISIONS`.
        measured: Pictures: every second gives the ranges of int8, the others are compared.
        folder: Where to write it.
        base: A file for the network in fp32.

    Returns:
        The complete entry, and how each precision compares with torch; `tensorrt`: whether
        TensorRT reads the network in fp32.

    Raises:
        BundleError: The network differs from torch's or from the library's way.
        OSError: A file cannot be written.
    """
    ranges, inputs = measured.inputs[::2], measured.inputs[1::2]
    with torch.inference_mode():
        wanted = [pair.image(torch.from_numpy(np.array(each))) for each in inputs]
    reference = np.concatenate([each[0].numpy() for each in wanted])
    size, features = reference.shape[1], wanted[0][2].shape[1]
    outputs = (
        TensorSpec(EMBEDDING, (1, size), "float32", "ND", "unit vector"),
        TensorSpec("quality", (1,), "float32", "N", "0 for a picture of one colour, else 1"),
        TensorSpec(FEATURES, (1, features), "float32", "NF", "what the embedding is made of"),
    )
    spec = replace(spec, inputs=(pair.image_input,), outputs=outputs)
    example = torch.zeros(pair.image_input.shape, dtype=torch.uint8)
    write_network(pair.image, (example,), spec.inputs, outputs, base)
    check_parity(spec.path, reference, embed(base, spec, inputs))
    figures: Figures = {"tensorrt": not violations(onnx.load(str(base)))}
    for name in PRECISIONS:
        path = folder / spec.path if name == precision else base.with_suffix(f".{name}.onnx")
        write_precision(name, base, path, ranges)
        figures[name] = compare(reference, embed(path, spec, inputs))
    return _finished(spec, folder, precision), figures


def write_text(
    pair: TeacherPair,
    spec: FileSpec,
    precision: str,
    sentences: Sequence[str],
    folder: Path,
    base: Path,
) -> tuple[FileSpec, Figures]:
    """Write text.onnx and tokenizer.json.

    Args:
        pair: The model.
        spec: The manifest's entry, with path, licence and origin, and the tokenizer's in `extra`.
        precision: One of `PRECISIONS`; int8 is that of the weights.
        sentences: To compare on.
        folder: Where to write them.
        base: A file for the network in fp32.

    Returns:
        The complete entry, and how each precision compares with the library.

    Raises:
        BundleError: The tokens or the network differ from the library's.
        OSError: A file cannot be written.
    """
    tokenizer = spec.extra["tokenizer"]
    pair.tokenizer.save(str(folder / tokenizer.path))
    check_tokens(pair, sentences)
    reference = pair.embed_texts(sentences)
    limit = {CONTEXT: float(pair.context)}
    ids = TensorSpec("input_ids", (-1, -1), "int64", "NL", "token numbers", limit)
    mask = TensorSpec("attention_mask", (-1, -1), "int64", "NL", "1 token, 0 padding")
    outputs = (TensorSpec(EMBEDDING, (-1, reference.shape[1]), "float32", "ND", "unit vector"),)
    done = replace(tokenizer, sha256=file_sha256(folder / tokenizer.path))
    spec = replace(spec, inputs=(ids, mask), outputs=outputs, extra={"tokenizer": done})
    free = {0: Dim("N"), 1: Dim("L", min=2, max=pair.context)}
    example = torch.ones(3, min(5, pair.context), dtype=torch.int64)
    write_network(
        pair.text,
        (example, example.clone()),
        spec.inputs,
        outputs,
        base,
        {"input_ids": free, "attention_mask": dict(free)},
    )
    figures = {}
    for name in PRECISIONS:
        path = folder / spec.path if name == precision else base.with_suffix(f".{name}.onnx")
        if name == "int8":
            write_int8_weights(base, path)
        else:
            write_precision(name, base, path, ())
        model = load_model(path, spec, 1, [CPU])
        exported = TextEncoder(model, pair.name, spec, folder).encode_batch(sentences)
        figures[name] = compare(reference, exported)
    check_library(f"{pair.name}: sentences", figures["fp32"])
    return _finished(spec, folder, precision), figures


def check_tokens(pair: TeacherPair, sentences: Sequence[str]) -> None:
    """Check that the tokenizer gives the library's tokens.

    Raises:
        BundleError: It does not.
    """
    pair.tokenizer.enable_truncation(pair.context)
    pair.tokenizer.no_padding()
    wanted = np.asarray(pair.token_ids(sentences))
    found = pair.tokenizer.encode_batch(list(sentences))
    for sentence, row, encoding in zip(sentences, wanted, found, strict=True):
        fill = [pair.padding.token] * (len(row) - len(encoding.ids))
        ours = [*fill, *encoding.ids] if pair.padding.left else [*encoding.ids, *fill]
        if list(row) != ours:
            raise BundleError(
                f"tokenizer.json makes other tokens of '{sentence[:40]}' than the library of "
                f"{pair.name}; use the versions of the libraries that requirements name"
            )


def check_library(what: str, figures: Figures) -> None:
    """Check that a bundle's embeddings are those of the library, preparation and all.

    Args:
        what: What was embedded, for the message.
        figures: As `compare` returns them.

    Raises:
        BundleError: They are not.
    """
    if not figures["min_cosine"] >= 1 - COSINE:
        raise BundleError(
            f"{what} embedded by the bundle have a cosine of only {figures['min_cosine']} to the "
            "library's; use the versions of the libraries that requirements name"
        )


def library_figures(pair: TeacherPair, measured: Measured, embedded: Floats) -> Figures:
    """Return how the bundle's embeddings [K, D] of whole pictures compare with the library's.

    Raises:
        BundleError: They differ by more than `COSINE`.
    """
    figures = compare(pair.embed_images(measured.whole), embedded)
    check_library(f"{pair.name}: pictures", figures)
    return figures


def _finished(spec: FileSpec, folder: Path, precision: str) -> FileSpec:
    return replace(spec, sha256=file_sha256(folder / spec.path), precision=precision)
