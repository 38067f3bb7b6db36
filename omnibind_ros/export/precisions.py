"""The precisions of an exported encoder by name; imports nothing, for the command's parser."""

from __future__ import annotations

from typing import NamedTuple


class Precision(NamedTuple):
    """Numbers in which a network computes.

    Attributes:
        kind: What a manifest states: fp32, fp16 or int8.
        text: What it is for.
    """

    kind: str
    text: str


PRECISIONS: dict[str, Precision] = {
    "fp32": Precision("fp32", "as it was trained"),
    "fp16": Precision("fp16", "for GPUs"),
    "int8": Precision("int8", "for processors: activations have a zero point (uint8)"),
    "int8-tensorrt": Precision("int8", "for TensorRT: activations have no zero point (int8)"),
}
"""By name."""

AUTO = "auto"
"""int8 where it is faster and as accurate, else fp32 (`export_encoder`)."""
