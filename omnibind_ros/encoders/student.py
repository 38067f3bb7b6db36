"""The encoder of every student modality: prepare a sample, run the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .backend import Model
from .base import Encoding
from .manifest import BundleError, FileSpec, TensorSpec


class Prepared(NamedTuple):
    """A sample as a model takes it.

    Attributes:
        values: The input, with shape and dtype of its `TensorSpec`.
        quality: How usable the sample is, 0 (not at all) .. 1 (good).
    """

    values: npt.NDArray[Any]
    quality: float


Prepare = Callable[[Any, TensorSpec], Prepared]
"""(sample, manifest's entry of the input) -> model input. A pure function, which training uses too,
so that a model gets the same input at run time as in training."""


OPTIONAL = ("quality", "features", "distance")
"""Outputs that a model may have after the embedding: 0..1 [1]; float32 [1, F]; 0..1 [1]."""


class StudentEncoder:
    """Encodes the samples of one student modality. Thread-safe."""

    def __init__(
        self, modality: str, prepare: Prepare, model: Model, name: str, spec: FileSpec
    ) -> None:
        """Create an encoder; `Bundle.encoder` does.

        Args:
            modality: Its name.
            prepare: Turns a sample into the model's input.
            model: The loaded model: one input; outputs a unit vector, and optionally those of
                `OPTIONAL`, in any order.
            name: Name and version of the bundle.
            spec: The manifest's entry of the model.

        Raises:
            BundleError: The model has other inputs or outputs than those of a student.
        """
        names = [tensor.name for tensor in spec.outputs[1:]]
        if len(spec.inputs) != 1 or not spec.outputs or not set(names) <= set(OPTIONAL):
            raise BundleError(
                f"{spec.path} has {len(spec.inputs)} inputs and the outputs "
                f"{[tensor.name for tensor in spec.outputs]} but a {modality} encoder has one "
                f"input and gives an embedding and at most {', '.join(OPTIONAL)}; restore it from "
                "where the bundle came"
            )
        self.modality = modality
        self.model = name
        self._prepare = prepare
        self._model = model
        self._input = spec.inputs[0]
        self._optional = names

    def encode(self, sample: Any) -> Encoding:
        """Encode a sample, as the modality's sensor module describes it."""
        prepared = self._prepare(sample, self._input)
        values, *rest = self._model.run({self._input.name: prepared.values})
        given = dict(zip(self._optional, rest, strict=True))
        own, distance = (
            float(np.clip(given[name].reshape(-1)[0], 0, 1)) if name in given else usual
            for name, usual in (("quality", 1.0), ("distance", 0.0))
        )
        features = given["features"][0] if "features" in given else None
        return Encoding(values[0], prepared.quality * own * (1 - distance), distance, features)

    def cancel(self, thread: int) -> None:
        """Make the run in progress in a thread end early with an error."""
        self._model.cancel(thread)
