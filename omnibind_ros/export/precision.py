"""The same network in other precisions: int8 for processors and for TensorRT, fp16 for GPUs.

Only the heavy part of a network changes: its layers with weights, and what lies between them. The
rest, such as distances between points or the length of an embedding, costs little and needs the
range and the resolution of fp32.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from omnibind_ros.encoders.manifest import BundleError

from .graph import save_model

Arrays = Sequence[npt.NDArray[Any]]

WEIGHTED = ("Conv", "Gemm", "MatMul")
"""Operators that are a layer where one of their inputs is a constant."""

BETWEEN = ("Add", "Clip", "Relu")
"""Operators that belong to the layers whose outputs they take."""


@dataclass(frozen=True)
class Precision:
    """In which numbers a network computes.

    Attributes:
        kind: What a manifest says of it: fp32, fp16 or int8.
        text: What it is for.
    """

    kind: str
    text: str


PRECISIONS: dict[str, Precision] = {
    "fp32": Precision("fp32", "as it was trained"),
    "fp16": Precision("fp16", "for GPUs"),
    "int8": Precision("int8", "for processors: activations have an offset (uint8)"),
    "int8-tensorrt": Precision("int8", "for TensorRT: activations have none (int8)"),
}
"""By name."""


def write_precision(
    name: str, source: Path, target: Path, samples: Arrays, kept: Collection[str] = ()
) -> None:
    """Write a network in another precision.

    Args:
        name: One of `PRECISIONS`.
        source: An .onnx file with one input, in fp32.
        target: The file to write; its inputs and outputs are the source's.
        samples: Inputs that an int8 network's ranges are measured on.
        kept: Operators that stay in fp32.

    Raises:
        BundleError: int8 without samples.
        OSError: The file cannot be written.
    """
    if name == "fp32":
        target.write_bytes(source.read_bytes())
        return
    if name == "fp16":
        _write_half(source, target, kept)
        return
    if len(samples) == 0:
        raise BundleError(
            f"{target.stem} has no samples to measure int8 ranges on; give --data, or another "
            "--precision"
        )
    _write_int8(source, target, samples, kept, symmetric=name == "int8-tensorrt")


def heavy_nodes(model: Any, kept: Collection[str] = ()) -> set[str]:
    """Return the names of the nodes that make up the heavy part of a network.

    Args:
        model: An ONNX model whose nodes have names.
        kept: Operators that are none of it.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    heavy: set[str] = set()
    made: set[str] = set()
    for node in model.graph.node:
        layer = node.op_type in WEIGHTED and any(name in constants for name in node.input)
        between = node.op_type in BETWEEN and any(name in made for name in node.input)
        if (layer or between) and node.op_type not in kept:
            heavy.add(node.name)
            made.update(node.output)
    return heavy


def _write_half(source: Path, target: Path, kept: Collection[str]) -> None:
    """Put the heavy part into 16 bits, with casts around it.

    ONNX Runtime's converter casts the network's inputs to 16 bits even where the first nodes are
    to stay in 32: temperatures and coordinates would be rounded.
    """
    model = onnx.load(str(source))
    _name_nodes(model)
    heavy = heavy_nodes(model, kept)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {out for node in model.graph.node if node.name in heavy for out in node.output}
    needed = {name for node in model.graph.node if node.name not in heavy for name in node.input}
    needed |= {output.name for output in model.graph.output}
    nodes: list[Any] = []
    halves: dict[str, str] = {}

    def half(name: str) -> str:
        """Return the name of a tensor in 16 bits."""
        if name and name not in halves:
            halves[name] = f"{name}_half"
            if name in weights:
                values = numpy_helper.to_array(weights[name]).astype(np.float16)
                model.graph.initializer.append(numpy_helper.from_array(values, halves[name]))
            elif name not in made:
                nodes.append(_cast(name, halves[name], TensorProto.FLOAT16))
        return halves.get(name, name)

    for node in model.graph.node:
        if node.name not in heavy:
            nodes.append(node)
            continue
        node.input[:] = [half(name) for name in node.input]
        outputs = list(node.output)
        node.output[:] = [half(name) for name in outputs]
        nodes.append(node)
        nodes += [_cast(half(o), o, TensorProto.FLOAT) for o in outputs if o in needed]
    _replace(model.graph.node, nodes)
    used = {name for node in nodes for name in node.input}
    _replace(model.graph.initializer, [t for t in model.graph.initializer if t.name in used])
    del model.graph.value_info[:]
    save_model(onnx.shape_inference.infer_shapes(model), target)


def _cast(source: str, target: str, kind: int) -> Any:
    return helper.make_node("Cast", [source], [target], name=f"Cast_{target}", to=kind)


def _replace(field: Any, values: Sequence[Any]) -> None:
    """Set a repeated field of a model."""
    kept = list(values)
    del field[:]
    field.extend(kept)


class _Samples(CalibrationDataReader):
    """Hands samples to the calibration, one by one."""

    def __init__(self, name: str, samples: Arrays) -> None:
        self._left = iter([{name: sample} for sample in samples])

    def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
        """Return the next sample."""
        return next(self._left, None)


def _write_int8(
    source: Path, target: Path, samples: Arrays, kept: Collection[str], symmetric: bool
) -> None:
    """Quantise as Jacob et al. (arXiv 1712.05877): weights by channel, activations by tensor.

    Processors have instructions for uint8 times int8, and an offset of zero makes a ReLU free.
    TensorRT takes int8 without an offset, and biases in floating point only.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        ready, made = Path(folder) / "ready.onnx", Path(folder) / "made.onnx"
        # Folds batch normalisation into the layers, so that nothing stands between them.
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        model = onnx.load(str(ready))
        _name_nodes(model)
        onnx.save(model, str(ready))
        quantize_static(
            str(ready), str(made), _Samples(model.graph.input[0].name, samples),
            quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8,
            activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
            nodes_to_quantize=_quantised(model, kept, symmetric),
            extra_options={
                "ActivationSymmetric": symmetric, "WeightSymmetric": True,
                "QuantizeBias": not symmetric,
                # TensorRT fuses a layer with its ReLU, and both with what quantises the next
                # layer's input, if nothing stands between them.
                "OpTypesToExcludeOutputQuantization": list(WEIGHTED) if symmetric else [],
            },
        )  # fmt: skip
        save_model(onnx.load(str(made)), target)


def _quantised(model: Any, kept: Collection[str], symmetric: bool) -> list[str]:
    heavy = heavy_nodes(model, kept)
    left = BETWEEN if symmetric else ()
    return [n.name for n in model.graph.node if n.name in heavy and n.op_type not in left]


def _name_nodes(model: Any) -> None:
    """Give every node a name of its own."""
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the quantiser's advice: its preparations are made."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        root.setLevel(level)
