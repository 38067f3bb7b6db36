"""What a student costs: parameters, time of one embedding on one core, and of a training step.

Usage: python3 benchmarks/students.py [--batch 64] [--samples 10000] [--json FILE]
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from rich.console import Console
from rich.table import Table
from timing import median_ms

from omnibind_ros.learning.students.registry import (
    STUDENT_MODALITIES,
    build,
    parameter_count,
    student_module,
)
from omnibind_ros.learning.tensors.specs import input_spec

SIZE = 384


def embedding_ms(modality: str) -> float:
    """Return the time of one embedding in ONNX Runtime on one core, ms."""
    spec = input_spec(modality)
    x = torch.randn(spec.shape, generator=torch.Generator().manual_seed(0))
    file = io.BytesIO()
    torch.onnx.export(
        build(modality, SIZE, spec).eval(),
        (x,),
        file,
        opset_version=17,
        dynamo=False,
        input_names=["x"],
        output_names=["embedding"],
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        file.getvalue(), options, providers=["CPUExecutionProvider"]
    )
    sample = {"x": x.numpy()}
    return median_ms(lambda: session.run(None, sample), repeats=101)


def step(modality: str, batch: int) -> Callable[[], Any]:
    """Return a function that trains on one batch."""
    spec = input_spec(modality)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((batch, *spec.shape[1:]), generator=generator)
    target = torch.nn.functional.normalize(torch.randn((batch, SIZE), generator=generator))
    student = build(modality, SIZE, spec).train()
    optimizer = torch.optim.AdamW(student.parameters())
    augment = student_module(modality).augment

    def run() -> None:
        loss = (1 - (student(augment(x, generator)) * target).sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return run


def measure(batch: int, samples: int) -> dict[str, dict[str, float]]:
    """Return the figures of each student."""
    torch.set_num_threads(1)
    figures = {}
    for modality in STUDENT_MODALITIES:
        spec = input_spec(modality)
        one = median_ms(step(modality, batch), repeats=7) / batch
        figures[modality] = {
            "parameters": parameter_count(build(modality, SIZE, spec)),
            "embedding_ms": embedding_ms(modality),
            "training_ms_a_sample": round(one, 3),
            "core_seconds_an_epoch": round(one * samples / 1e3, 1),
        }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64, help="samples of a training step (64)")
    parser.add_argument("--samples", type=int, default=10_000, help="of an epoch (10000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    figures = measure(options.batch, options.samples)
    table = Table(title=f"Students, one core; an epoch is {options.samples} samples")
    names = ("parameters", "embedding_ms", "training_ms_a_sample", "core_seconds_an_epoch")
    table.add_column("modality")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for modality, row in figures.items():
        table.add_row(modality, *(f"{np.round(row[name], 3):,}" for name in names))
    Console().print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
