"""Time of each encoder of a bundle on one core, in fp32 and int8, and of all of them once.

Usage: python3 benchmarks/encoders.py [--bundle DIR] [--json FILE]

A bundle has each encoder in one precision. An fp32 encoder is quantised here, with ranges measured
on noise: that is for its time alone. Of an int8 encoder, fp32 is what `omnibind export` measured on
the machine that exported it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from timing import median_ms, processor_flags, processor_name

from omnibind_ros.encoders.backend import CPU, load_model
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.manifest import FileSpec, TensorSpec
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.export.conversion import write_precision
from omnibind_ros.export.dequantisation import is_quantised, write_dequantised

SENTENCE = "a white ceramic mug with a handle stands on the kitchen table"
CALIBRATION = 8
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "asimddp", "i8mm")
"""Of processors, as Linux names them: with the last four, sums of int8 products are one step."""


def noise(tensor: TensorSpec, seed: int) -> npt.NDArray[Any]:
    """Return noise of an input's shape and type."""
    values = np.random.default_rng(seed).random(tensor.shape)
    return (values * (255 if tensor.dtype == "uint8" else 1)).astype(tensor.dtype)


def run_ms(path: Path, spec: FileSpec) -> float:
    """Return the time of one run of a network, ms."""
    model = load_model(path, spec, 1, [CPU])
    inputs = {tensor.name: noise(tensor, 0) for tensor in spec.inputs}
    return median_ms(lambda: model.run(inputs), repeats=101)


def measure(bundle: Bundle, modality: str) -> dict[str, float]:
    """Return ms of an encoder as it is; and fp32, int8 and their ratio where both are known."""
    spec = bundle.manifest.encoders[modality]
    path = bundle.root / spec.path
    encoder = bundle.encoder(modality)
    if isinstance(encoder, TextEncoder):
        return {"ms": median_ms(lambda: encoder.encode(SENTENCE), repeats=51)}
    now = run_ms(path, spec)
    if is_quantised(path):
        fp32, int8 = fp32_ms(path, spec), now
    else:
        fp32, int8 = now, int8_ms(path, spec)
    return {"ms": now, "fp32_ms": fp32, "int8_ms": int8, "ratio": round(fp32 / int8, 2)}


def fp32_ms(path: Path, spec: FileSpec) -> float:
    """Return the time of an int8 network with its weights in fp32."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        write_dequantised(path, made)
        return run_ms(made, spec)


def int8_ms(path: Path, spec: FileSpec) -> float:
    """Return the time of an fp32 network in int8 for processors."""
    samples = [noise(spec.inputs[0], seed) for seed in range(CALIBRATION)]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        write_precision("int8", path, made, samples)
        return run_ms(made, spec)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="the bundle's folder or name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    bundle = Bundle.load(resolve_bundle(options.bundle))
    figures = {modality: measure(bundle, modality) for modality in bundle.manifest.encoders}
    total = sum(row["ms"] for row in figures.values())
    megabytes = sum(f.stat().st_size for f in bundle.root.rglob("*") if f.is_file()) / 1e6
    processor = {
        "name": processor_name(),
        "instructions": [name for name in INSTRUCTIONS if name in processor_flags()],
    }
    table = Table(title=f"{bundle.manifest.model}, one core of {processor['name']}, ms")
    table.add_column("encoder")
    for name in ("as it is", "fp32", "int8", "fp32 / int8"):
        table.add_column(name, justify="right")
    for modality, row in figures.items():
        cells = [row.get(key) for key in ("ms", "fp32_ms", "int8_ms", "ratio")]
        table.add_row(modality, *("" if value is None else f"{value:.2f}" for value in cells))
    table.add_section()
    table.add_row(f"all {len(figures)} once", f"{total:.2f}", "", "", "")
    Console().print(table)
    Console().print(f"instructions for int8: {', '.join(processor['instructions']) or 'none'}")
    if options.json is not None:
        content = {
            "bundle": bundle.manifest.model,
            "processor": processor,
            "encoders": figures,
            "all_once_ms": round(total, 3),
            "bundle_mb": round(megabytes, 2),
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
