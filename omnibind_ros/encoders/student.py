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


class StudentEncoder:
    """Encodes the samples of one student modality. Thread-safe."""

    def __init__(
        self, modality: str, prepare: Prepare, model: Model, name: str, spec: FileSpec
    ) -> None:
        """Create an encoder; `Bundle.encoder` does.

        Args:
            modality: Its name.
            prepare: Turns a sample into the model's input.
            model: The loaded model: one input; outputs a unit vector, and optionally a quality.
            name: Name and version of the bundle.
            spec: The manifest's entry of the model.

        Raises:
            BundleError: The model has other inputs or outputs than those of a student.
        """
        if len(spec.inputs) != 1 or len(spec.outputs) not in (1, 2):
            raise BundleError(
                f"{spec.path} has {len(spec.inputs)} inputs and {len(spec.outputs)} outputs but a "
                f"{modality} encoder has one input and gives an embedding and at most a quality; "
                "restore it from where the bundle came"
            )
        self.modality = modality
        self.model = name
        self._prepare = prepare
        self._model = model
        self._input = spec.inputs[0]

    def encode(self, sample: Any) -> Encoding:
        """Encode a sample, as the modality's sensor module describes it."""
        prepared = self._prepare(sample, self._input)
        values, *quality = self._model.run({self._input.name: prepared.values})
        own = float(np.clip(quality[0].reshape(-1)[0], 0, 1)) if quality else 1.0
        return Encoding(values[0], prepared.quality * own)

    def cancel(self, thread: int) -> None:
        """Make the run in progress in a thread end early with an error."""
        self._model.cancel(thread)
