"""Adaptive Fusion (AF): the bundle's fusion network over whatever is fresh."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.backend import Model, load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError, FileSpec, TensorSpec
from omnibind_ros.modalities import MODALITIES

from .base import Fused
from .mean import MeanFusion

_log = logging.getLogger(__name__)

MAX_MEMBERS = 64
"""Embeddings that a fusion network is made for."""


def fusion_inputs(size: int) -> tuple[TensorSpec, ...]:
    """Return the inputs of a fusion network for embeddings of `size` values; N is free."""
    return (
        TensorSpec("embeddings", (-1, size), "float32", "ND", "unit vectors"),
        TensorSpec("modality", (-1,), "int64", "N", "numbers of modalities (modalities.py)"),
        TensorSpec("age", (-1,), "float32", "N", "s since the sample was taken"),
        TensorSpec("quality", (-1,), "float32", "N", "0 unusable .. 1 good"),
        TensorSpec("entropy", (-1,), "float32", "N", "of its label distribution / log(labels)"),
    )


def fusion_outputs(size: int) -> tuple[TensorSpec, ...]:
    """Return the outputs of a fusion network for embeddings of `size` values."""
    return (
        TensorSpec("fused", (size,), "float32", "D", "unit vector"),
        TensorSpec("weights", (-1,), "float32", "N", "sum 1"),
        TensorSpec("agreement", (-1,), "float32", "N", "-1 contradicts the others .. 1 agrees"),
    )


class AdaptiveFusion:
    """Runs fusion.onnx; a result that it fails to give is the quality-weighted mean instead.

    Members are sorted before they are given to the network, so that a result does not depend on
    their order, not even by rounding.

    Attributes:
        failures: Number of results that were the mean.
    """

    def __init__(self, model: Model, spec: FileSpec, size: int) -> None:
        """Create it; `load` does, from a bundle.

        Args:
            model: The loaded network.
            spec: Its entry in the manifest.
            size: Values of an embedding.

        Raises:
            BundleError: The inputs or outputs in the manifest are not those of a fusion network.
        """
        _check(spec, "inputs", spec.inputs, fusion_inputs(size))
        # A network of version 0.2 does not measure agreement.
        _check(spec, "outputs", spec.outputs, fusion_outputs(size)[: max(len(spec.outputs), 2)])
        self.failures = 0
        self._model = model
        self._file = spec.path
        self._mean = MeanFusion()

    @classmethod
    def load(cls, bundle: Bundle) -> AdaptiveFusion:
        """Load a bundle's fusion network.

        Args:
            bundle: The bundle.

        Raises:
            BundleError: It has none, or one that is broken or not as in the manifest.
        """
        spec = bundle.manifest.fusion
        if spec is None:
            raise BundleError(f"bundle {bundle.manifest.model} has no fusion network")
        if "fusion" in bundle.problems:
            raise BundleError(bundle.problems["fusion"])
        # A few microseconds of work: on a GPU the transfers alone would take longer.
        model = load_model(bundle.place(spec), spec, 1, ("CPUExecutionProvider",))
        return cls(model, spec, bundle.manifest.embedding_size)

    def fuse(
        self,
        values: npt.NDArray[np.float32],
        modalities: Sequence[str],
        ages: npt.NDArray[np.float32],
        qualities: npt.NDArray[np.float32],
        entropies: npt.NDArray[np.float32],
    ) -> Fused:
        """Fuse, as described in `Fusion.fuse`.

        Raises:
            ValueError: No embedding was given, or one of an unknown modality.
        """
        if len(values) == 0:
            raise ValueError("there is no embedding to fuse; give at least one")
        try:
            numbers = np.array([MODALITIES[name].number for name in modalities], np.int64)
        except KeyError as error:
            raise ValueError(
                f"modality {error} is unknown; use one of: {', '.join(MODALITIES)}"
            ) from error
        if len(values) > MAX_MEMBERS:
            problem = f"{len(values)} embeddings are more than the {MAX_MEMBERS} it is made for"
        else:
            try:
                return self._run(values, numbers, ages, qualities, entropies)
            except Exception as error:  # noqa: BLE001 - whatever the runtime raises, there is a result
                problem = f"{type(error).__name__}: {error}"
        self.failures += 1
        if self.failures == 1:
            _log.warning(
                "%s failed (%s), so that this result is the quality-weighted mean; if it fails "
                "again and again, train the bundle's fusion anew",
                self._file,
                problem,
            )
        return self._mean.fuse(values, modalities, ages, qualities, entropies)

    def _run(
        self,
        values: npt.NDArray[np.float32],
        numbers: npt.NDArray[np.int64],
        ages: npt.NDArray[np.float32],
        qualities: npt.NDArray[np.float32],
        entropies: npt.NDArray[np.float32],
    ) -> Fused:
        inputs: dict[str, npt.NDArray[Any]] = {
            "embeddings": values,
            "modality": numbers,
            # Age weighs members against each other. A lone one is the evidence that there is until
            # its max_age; thresholds are fitted at age 0, and its age would only make it unknown.
            "age": ages if len(ages) > 1 else np.zeros_like(ages),
            "quality": qualities,
            "entropy": entropies,
        }
        order = None
        if any(one >= other for one, other in pairwise(numbers.tolist())):
            order = np.lexsort((values[:, 0], entropies, qualities, ages, numbers))
            inputs = {name: each[order] for name, each in inputs.items()}
        fused, weights, *rest = self._model.run(inputs)
        agreement = rest[0] if rest else np.zeros_like(weights)
        # The sum is not finite if one of the values is not.
        if not math.isfinite(fused.sum() + weights.sum() + agreement.sum()):
            raise ArithmeticError("its output is not finite")
        if order is None:
            return Fused(fused, weights, agreement)
        by_member = np.empty((2, len(order)), np.float32)
        by_member[:, order] = weights, agreement
        return Fused(fused, by_member[0], by_member[1])


def _check(
    spec: FileSpec, side: str, found: Sequence[TensorSpec], expected: Sequence[TensorSpec]
) -> None:
    have, want = ([(t.name, t.shape, t.dtype) for t in tensors] for tensors in (found, expected))
    if have != want:
        raise BundleError(
            f"{spec.path} has the {side} {have} but a fusion network has {want}; restore it from "
            "where the bundle came"
        )
