"""Writes ONNX graphs node by node, with weights drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from omnibind_ros.encoders.manifest import TensorSpec

from .onnx_file import IR_VERSION

OPSET = 17
_TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


class Graph:
    """An ONNX graph in the making; tensors are known by their names."""

    def __init__(self, seed: int) -> None:
        """Create an empty graph.

        Args:
            seed: Of the weights.
        """
        self._random = np.random.default_rng(seed)
        self._nodes: list[Any] = []
        self._constants: dict[str, npt.NDArray[Any]] = {}

    @property
    def parameters(self) -> int:
        """Number of values in the weights and other constants."""
        return sum(value.size for value in self._constants.values())

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output.

        Args:
            operator: Name of the ONNX operator.
            inputs: Tensors it takes.
            output: Name of the tensor it makes; empty: one of its own.
            attributes: Of the operator.

        Returns:
            The name of its output.
        """
        output = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        """Add a constant, and return its name."""
        name = f"constant_{len(self._constants)}"
        self._constants[name] = np.asarray(value, dtype)
        return name

    def weights(self, *shape: int, fan_in: int) -> str:
        """Add weights as He et al. 2015 (arXiv 1502.01852) draw them, and return their name.

        Args:
            shape: Of the weights.
            fan_in: Number of inputs of each output.
        """
        return self.constant(self._random.normal(0.0, np.sqrt(2.0 / fan_in), shape))

    def dense(
        self, values: str, n_in: int, n_out: int, zero: bool = False, biased: bool = False
    ) -> str:
        """Add a fully connected layer over the last axis.

        Args:
            values: [..., n_in].
            n_in: Inputs.
            n_out: Outputs.
            zero: Begin with weights of zero.
            biased: Begin with random biases, so that an input of zeros has an output too.
        """
        weights = (
            self.constant(np.zeros((n_in, n_out)))
            if zero
            else self.weights(n_in, n_out, fan_in=n_in)
        )
        bias = self.weights(n_out, fan_in=n_in) if biased else self.constant(np.zeros(n_out))
        return self.add("Add", self.add("MatMul", values, weights), bias)

    def unit(self, values: str, output: str) -> str:
        """Divide by the length over the last axis."""
        length = self.add("ReduceL2", values, axes=[-1], keepdims=1)
        return self.add("Div", values, length, output=output)

    def save(self, path: Path, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> None:
        """Check the graph and write it.

        Args:
            path: Where to.
            inputs: The inputs; a free dimension is called N.
            outputs: The outputs.
        """
        graph = helper.make_graph(
            self._nodes,
            path.stem,
            [_info(spec) for spec in inputs],
            [_info(spec) for spec in outputs],
            [numpy_helper.from_array(value, name) for name, value in self._constants.items()],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="omnibind_ros",
        )
        onnx.checker.check_model(model, full_check=True)
        path.write_bytes(model.SerializeToString(deterministic=True))


def _info(spec: TensorSpec) -> Any:
    shape = ["N" if size < 0 else size for size in spec.shape]
    return helper.make_tensor_value_info(spec.name, _TYPES[spec.dtype], shape)
