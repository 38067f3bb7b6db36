"""Checks a bundle as a robot would use it: every hash and shape, and a run of each network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from omnibind_ros.encoders.backend import CPU, load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError, FileSpec, TensorSpec
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.fusion import AdaptiveFusion
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank

MAX_BYTES = 60_000_000
"""Of all files together: a bundle travels with the package."""


def require_intact(bundle: Bundle) -> Bundle:
    """Return a bundle if every file of it can be used.

    Args:
        bundle: A loaded bundle.

    Raises:
        BundleError: A file is missing or has another hash than the manifest states.
    """
    if bundle.problems:
        raise BundleError(next(iter(bundle.problems.values())))
    return bundle


def total_bytes(folder: Path) -> int:
    """Return the size of all files of a bundle together."""
    return sum(path.stat().st_size for path in folder.iterdir())


def verify_bundle(folder: Path, limited: bool = True) -> None:
    """Check a bundle.

    Args:
        folder: The bundle's folder.
        limited: Whether it travels with the package, so that `MAX_BYTES` is the limit.

    Raises:
        BundleError: A hash or shape is wrong, a network gives no unit vectors, or the files are
            too large.
        LabelError: The labels cannot be used.
    """
    bundle = require_intact(Bundle.load(folder))
    for modality, spec in bundle.manifest.encoders.items():
        encoder = bundle.encoder(modality)
        if isinstance(encoder, TextEncoder):
            _check_unit(spec.path, encoder.encode_batch(["a chair"]))
        else:
            _run_encoder(bundle, spec)
    labels = folder / bundle.manifest.labels.path
    size = LabelBank.load(folder, labels, None).prototypes.shape[1]
    if size != bundle.manifest.embedding_size:
        raise BundleError(
            f"the labels have embeddings of {size} values, the encoders of "
            f"{bundle.manifest.embedding_size}; take both from one bundle"
        )
    if bundle.manifest.fusion is not None:
        _run_fusion(bundle)
    total = total_bytes(folder)
    if limited and total > MAX_BYTES:
        raise BundleError(
            f"the bundle has {total / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f}; choose int8 "
            "or fp16 for --precision"
        )


def _run_encoder(bundle: Bundle, spec: FileSpec) -> None:
    model = load_model(bundle.root / spec.path, spec, 1, [CPU])
    inputs = {tensor.name: _noise(tensor) for tensor in spec.inputs}
    _check_unit(spec.path, model.run(inputs)[0])


def _noise(tensor: TensorSpec) -> np.ndarray:
    """Return noise of a tensor's shape and type."""
    values = np.random.default_rng(0).random(tensor.shape)
    scale = 255 if tensor.dtype == "uint8" else 1
    return (values * scale).astype(tensor.dtype)


def _run_fusion(bundle: Bundle) -> None:
    fusion = AdaptiveFusion.load(bundle)
    size = bundle.manifest.embedding_size
    rng = np.random.default_rng(0)
    for count in (1, len(MODALITIES)):
        values = rng.normal(size=(count, size)).astype(np.float32)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        zeros = np.zeros(count, np.float32)
        fused = fusion.fuse(
            values, list(MODALITIES)[:count], ages=zeros, qualities=zeros + 1, entropies=zeros
        )
        if fusion.failures:
            raise BundleError(
                f"the fusion network gives nothing usable for {count} embeddings; train it again"
            )
        _check_unit("the fusion", fused.values[None])


def _check_unit(name: str, values: np.ndarray) -> None:
    length = np.linalg.norm(values, axis=-1)
    if not np.allclose(length, 1, atol=0.01):  # not true of NaN either
        raise BundleError(
            f"{name} gives a vector of length {float(length.reshape(-1)[0]):.3g}, not 1; look for "
            "NaN in its training"
        )
