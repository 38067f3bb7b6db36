"""Makes a bundle of some encoders of another bundle, perhaps in another precision."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.encoders.manifest import BundleError, FileSpec, TensorSpec
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.recognition.label_cache import CACHE

from .atomic_folder import replaced_folder
from .bundle_files import WRITTEN_BY, bundle_version, keep_other_files
from .conversion import write_precision
from .dequantisation import is_quantised, write_dequantised
from .parity import compare, embed, median_ms
from .precisions import AUTO, PRECISIONS
from .samples import Inputs
from .verify import require_intact, verify_bundle

AS_THEY_ARE = frozenset({"text"})
"""Encoders of other shapes than the students', which are never converted."""

WITHOUT_SAMPLES = ("fp32", "fp16")
"""Precisions that need no samples to measure ranges on."""

NUMBER = 16
"""Inputs on which a converted network is compared with its source."""


def export_part(
    out: Path,
    source: Path,
    only: Sequence[str],
    precision: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Bundle:
    """Make a bundle of some encoders of a bundle; no training run and no dataset are needed.

    Args:
        out: Its folder; it is replaced when the new bundle is complete and verified.
        source: The bundle's folder.
        only: The modalities to keep; empty for all.
        precision: `AUTO` for the encoders as they are, fp16 or fp32. A network in int8 is computed
            with its rounded weights in the new precision; the text encoder stays as it is.
        progress: Called with the modality that is next.

    Raises:
        BundleError: The source is damaged, lacks a modality, or cannot have that precision.
        OSError: A file cannot be read or written.
    """
    if precision != AUTO and precision not in WITHOUT_SAMPLES:
        raise BundleError(
            f"--precision {precision} needs samples to measure ranges on, which a bundle does not "
            f"have; give --run and --data, or one of: {', '.join(WITHOUT_SAMPLES)}"
        )
    manifest = require_intact(Bundle.load(source)).manifest
    missing = [name for name in only if name not in manifest.encoders]
    if missing:
        raise BundleError(
            f"{manifest.model} has no encoder for {', '.join(missing)}; it has: "
            f"{', '.join(manifest.encoders)}"
        )
    kept = {name: spec for name, spec in manifest.encoders.items() if name in only or not only}
    with replaced_folder(out) as stage:
        encoders, figures = {}, {}
        for name, spec in kept.items():
            progress(name)
            for file in (spec, *spec.extra.values()):
                shutil.copyfile(source / file.path, stage / file.path)
            encoders[name] = spec
            if precision != AUTO and name not in AS_THEY_ARE:
                encoders[name], figures[name] = _convert(source, spec, stage, precision)
        others = [manifest.labels, *([manifest.fusion] if manifest.fusion else [])]
        for file in others:
            shutil.copyfile(source / file.path, stage / file.path)
        if (source / CACHE).is_file():
            shutil.copyfile(source / CACHE, stage / CACHE)
        new = replace(
            manifest,
            name=out.resolve().name,
            version=bundle_version(encoders, manifest.fusion),
            encoders=encoders,
            figures={"export": figures} if figures else {},
        )
        write_manifest(stage, new, WRITTEN_BY)
        verify_bundle(stage, limited=False)
        keep_other_files(out, stage)
    return Bundle.load(out)


def _convert(
    source: Path, spec: FileSpec, stage: Path, precision: str
) -> tuple[FileSpec, dict[str, Any]]:
    """Write one network in another precision; return its entry and how it compares."""
    before, after = source / spec.path, stage / spec.path
    with tempfile.TemporaryDirectory() as scratch:
        base = before
        if is_quantised(before):
            base = Path(scratch) / spec.path
            write_dequantised(before, base)
        write_precision(precision, base, after, ())
    inputs = _smooth_inputs(spec.inputs[0])
    figures = compare(embed(before, spec, inputs), embed(after, spec, inputs))
    entry = replace(spec, sha256=file_sha256(after), precision=PRECISIONS[precision].kind)
    return entry, {
        "precision": precision,
        "made_of": spec.precision or "fp32",
        **figures,
        "ms": round(median_ms(after, spec, inputs[0]), 3),
    }


def _smooth_inputs(tensor: TensorSpec) -> Inputs:
    """Return random inputs of a network that are smooth in space, as what sensors show is."""
    rng = np.random.default_rng(0)
    scale = 255.0 if tensor.dtype == "uint8" else 1.0
    made = []
    for _ in range(NUMBER):
        values = rng.random(tensor.shape).astype(np.float32)
        planes = values.reshape(-1, *tensor.shape[-2:]) if values.ndim > 2 else values[None]
        smooth = np.stack([cv2.GaussianBlur(plane, (0, 0), 2.0) for plane in planes])
        spread = (smooth - smooth.min()) / max(float(np.ptp(smooth)), 1e-6)
        made.append((spread.reshape(tensor.shape) * scale).astype(tensor.dtype))
    return made
