"""One encoder of a bundle: from its fp32 network to the file and figures that the bundle gets."""

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

from .operators import violations
from .parity import check_parity, compare, embed, median_ms, top1
from .precision import PRECISIONS, write_precision
from .samples import Samples

AUTO = "auto"
"""int8 where it is worth it, else fp32."""

MOST_LOST, LEAST_GAINED = 1.0, 1.2
"""int8 is worth it if it costs at most so many points of top-1, and is so many times as fast."""


@dataclass(frozen=True)
class Exported:
    """A file of a bundle.

    Attributes:
        spec: What the manifest says of it.
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
    samples: Samples,
    bank: LabelBank,
    wanted: Floats | None = None,
    kept: Collection[str] = (),
) -> Exported:
    """Write an encoder in a precision, and measure it.

    Args:
        base: Its network in fp32.
        spec: What the manifest will say of it, without hash and precision.
        folder: Where to; the file's name is in `spec`.
        precision: One of `PRECISIONS`, or `AUTO`.
        samples: To measure with.
        bank: The classes of the samples.
        wanted: [N, D], what the trained network says of the samples to check; None where it is
            the fp32 network itself.
        kept: Operators that stay in fp32.

    Raises:
        BundleError: The export is not what was trained, or gives no unit vectors.
        OSError: A file cannot be written.
    """
    plain = embed(base, spec, samples.checked)
    if wanted is None:
        wanted = plain
    check_parity(spec.path, wanted, plain)
    name = "int8" if precision == AUTO else precision
    path = folder / spec.path
    figures: dict[str, Any] = {
        "top1_fp32": top1(bank, wanted, samples.labels),
        "ms_fp32": round(median_ms(base, spec, samples.checked[0]), 3),
    }
    write_precision(name, base, path, samples.calibration, kept)
    figures |= _measured(path, spec, samples, bank, wanted)
    refused = _refusal(figures) if precision == AUTO else ""
    if refused:
        name = "fp32"
        write_precision(name, base, path, ())
        figures |= _measured(path, spec, samples, bank, wanted) | {"not_int8": refused}
    # int8 for processors is nothing for TensorRT: then the network is what it could be made of.
    read = base if name == "int8" else path
    remarks = tuple(f"{spec.path}: {said}" for said in violations(onnx.load(str(read))))
    done = replace(spec, sha256=file_sha256(path), precision=PRECISIONS[name].kind)
    supported = name != "int8" and not remarks
    return Exported(done, {"precision": name, "tensorrt": supported} | figures, remarks)


def _measured(
    path: Path, spec: FileSpec, samples: Samples, bank: LabelBank, wanted: Floats
) -> dict[str, Any]:
    found = embed(path, spec, samples.checked)
    return compare(wanted, found) | {
        "top1": top1(bank, found, samples.labels),
        "ms": round(median_ms(path, spec, samples.checked[0]), 3),
    }


def _refusal(figures: dict[str, Any]) -> str:
    """Return why int8 is not worth it; empty where it is."""
    lost = figures["top1_fp32"] - figures["top1"]
    gained = figures["ms_fp32"] / figures["ms"]
    if lost > MOST_LOST:
        return f"loses {lost:.1f} points of top-1"
    if gained < LEAST_GAINED:
        return f"is {gained:.2f} times as fast"
    return ""
