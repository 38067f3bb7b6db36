"""Exports one encoder: from its fp32 network to the file and the figures that a bundle gets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.bundle import file_sha256
from omnibind_ros.encoders.manifest import FileSpec
from omnibind_ros.recognition.label_bank import LabelBank

from .conversion import write_precision
from .parity import check_parity, compare, embed, median_ms, top1
from .precisions import AUTO, PRECISIONS
from .samples import ExportSamples
from .tensorrt_operators import violations

MAX_LOSS, MIN_COSINE = 1.0, 0.99
"""`AUTO` takes int8 if it loses at most so many points of top-1, and its embeddings have at least
this mean cosine to those of fp32. Its speed does not decide: the same run is exported as the same
bytes on every machine and at any load."""


@dataclass(frozen=True)
class ExportedEncoder:
    """An encoder's file in a bundle.

    Attributes:
        spec: Its entry in the manifest.
        figures: What was measured of it.
        remarks: What keeps TensorRT from reading it, a sentence each.
    """

    spec: FileSpec
    figures: dict[str, Any]
    remarks: tuple[str, ...]


def export_encoder(
    base: Path,
    spec: FileSpec,
    folder: Path,
    precision: str,
    samples: ExportSamples,
    bank: LabelBank,
    trained: Floats | None = None,
    kept: Collection[str] = (),
) -> ExportedEncoder:
    """Write an encoder in a precision, and measure it.

    Args:
        base: Its network in fp32, an .onnx file.
        spec: Its entry in the manifest, without hash and precision.
        folder: Where to write the file that `spec` names.
        precision: One of `PRECISIONS`, or `AUTO`.
        samples: To measure with.
        bank: The classes of the samples.
        trained: float32 [N, D], embeddings of the held-out samples by the trained network; None
            where the fp32 network itself is the reference.
        kept: Operators that stay in fp32.

    Raises:
        BundleError: The export differs from the trained network, or gives no unit vectors.
        OSError: A file cannot be written.
    """
    exported = embed(base, spec, samples.held_out)
    reference = exported if trained is None else trained
    check_parity(spec.path, reference, exported)
    name = "int8" if precision == AUTO else precision
    path = folder / spec.path
    figures: dict[str, Any] = {
        "top1_fp32": top1(bank, reference, samples.labels),
        "ms_fp32": round(median_ms(base, spec, samples.held_out[0]), 3),
    }
    write_precision(name, base, path, samples.calibration, kept)
    figures |= _measure(path, spec, samples, bank, reference)
    reason = _why_not_int8(figures) if precision == AUTO else ""
    if reason:
        name = "fp32"
        write_precision(name, base, path, ())
        figures |= _measure(path, spec, samples, bank, reference) | {"not_int8": reason}
    # TensorRT does not read int8 for processors: then the fp32 network is checked, of which int8
    # for TensorRT can be made.
    checked = base if name == "int8" else path
    remarks = tuple(f"{spec.path}: {each}" for each in violations(onnx.load(str(checked))))
    entry = replace(spec, sha256=file_sha256(path), precision=PRECISIONS[name].kind)
    supported = name != "int8" and not remarks
    return ExportedEncoder(entry, {"precision": name, "tensorrt": supported} | figures, remarks)


def _measure(
    path: Path, spec: FileSpec, samples: ExportSamples, bank: LabelBank, reference: Floats
) -> dict[str, Any]:
    exported = embed(path, spec, samples.held_out)
    return compare(reference, exported) | {
        "top1": top1(bank, exported, samples.labels),
        "ms": round(median_ms(path, spec, samples.held_out[0]), 3),
    }


def _why_not_int8(figures: dict[str, Any]) -> str:
    """Return why `AUTO` does not take int8; empty where it does."""
    loss, cosine = figures["top1_fp32"] - figures["top1"], figures["mean_cosine"]
    if loss > MAX_LOSS:
        return f"loses {loss:.1f} points of top-1"
    if cosine < MIN_COSINE:
        return f"turns embeddings to a mean cosine of {cosine:.3f}"
    return ""
