"""Quantises the heavy nodes of a network to int8, with ranges measured on samples."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from .heavy_nodes import BETWEEN, WEIGHTED, Arrays, heavy_nodes, name_nodes
from .onnx_file import save_model


class _SampleReader(CalibrationDataReader):
    """Gives the quantiser one sample after another."""

    def __init__(self, name: str, samples: Arrays) -> None:
        self._samples = iter([{name: sample} for sample in samples])

    def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
        """Return the next sample, or None after the last."""
        return next(self._samples, None)


def write_int8(
    source: Path, target: Path, samples: Arrays, kept: Collection[str], symmetric: bool
) -> None:
    """Quantise as Jacob et al. (arXiv 1712.05877): weights by channel, activations by tensor.

    Processors have instructions for uint8 times int8, and a zero point of 0 applies a ReLU without
    a further step. TensorRT takes int8 without a zero point, and biases in floating point only.

    Args:
        source: An .onnx file with one input, in fp32.
        target: The file to write.
        samples: Inputs on which the ranges of activations are measured.
        kept: Operators that stay in fp32.
        symmetric: Whether activations are int8 without a zero point, for TensorRT.

    Raises:
        OSError: The file cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder, _errors_only():
        folded, quantised = Path(folder) / "folded.onnx", Path(folder) / "quantised.onnx"
        # Folds batch normalisation into the layers, so that nothing stands between them.
        quant_pre_process(str(source), str(folded), skip_symbolic_shape=True)
        model = onnx.load(str(folded))
        name_nodes(model)
        onnx.save(model, str(folded))
        quantize_static(
            str(folded),
            str(quantised),
            _SampleReader(model.graph.input[0].name, samples),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
            nodes_to_quantize=_nodes_to_quantise(model, kept, symmetric),
            extra_options={
                "ActivationSymmetric": symmetric,
                "WeightSymmetric": True,
                "QuantizeBias": not symmetric,
                # TensorRT fuses a layer with its ReLU, and both with what quantises the next
                # layer's input, if nothing stands between them.
                "OpTypesToExcludeOutputQuantization": list(WEIGHTED) if symmetric else [],
            },
        )
        save_model(onnx.load(str(quantised)), target)


def write_int8_weights(source: Path, target: Path) -> None:
    """Quantise the weights of layers; the ranges of activations are measured in each run.

    Sentences differ more in their activations than pictures do, and a text network runs seldom.

    Args:
        source: An .onnx file in fp32, with any inputs.
        target: The file to write.

    Raises:
        OSError: The file cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder, _errors_only():
        quantised = Path(folder) / "quantised.onnx"
        quantize_dynamic(
            str(source),
            str(quantised),
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
        save_model(onnx.load(str(quantised)), target)


def _nodes_to_quantise(model: Any, kept: Collection[str], symmetric: bool) -> list[str]:
    heavy = heavy_nodes(model, kept)
    left_out = BETWEEN if symmetric else ()
    return [n.name for n in model.graph.node if n.name in heavy and n.op_type not in left_out]


@contextmanager
def _errors_only() -> Iterator[None]:
    """Hide the quantiser's advice: the preparation that it asks for has been made."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        root.setLevel(level)
