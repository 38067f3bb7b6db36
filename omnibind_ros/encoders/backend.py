"""Inference backends: ONNX Runtime on the CPU, with CUDA or with TensorRT."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from .engines import FOLDER, TENSORRT, provider_options
from .manifest import BundleError, FileSpec, TensorSpec
from .processor import may_saturate_int8

CPU = "CPUExecutionProvider"
PROVIDERS = (TENSORRT, "CUDAExecutionProvider", CPU)
"""ONNX Runtime's execution providers, best first."""

Provider = str | tuple[str, dict[str, str]]
"""A provider's name, or its name and options."""


def choose_providers(
    spec: FileSpec, wanted: Sequence[str] | None, available: Sequence[str]
) -> list[Provider]:
    """Return the execution providers for a file.

    Args:
        spec: The manifest's entry of the file.
        wanted: Providers by name; None for the best that are available. A network whose inputs
            have free dimensions then runs on the CPU: TensorRT would build a new engine for each
            new size.
        available: Providers that this ONNX Runtime has.

    Raises:
        OSError: The folder for TensorRT's engines cannot be made.
    """
    free = any(size < 0 for tensor in spec.inputs for size in tensor.shape)
    names = wanted or ((CPU,) if free else PROVIDERS)
    chosen = [name for name in names if name in available] or [CPU]
    return [(name, provider_options(spec)) if name == TENSORRT else name for name in chosen]


class Model(Protocol):
    """A loaded model."""

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[np.float32]]:
        """Run it; the outputs come in the manifest's order."""
        ...

    def cancel(self, thread: int) -> None:
        """Make the run in progress in a thread end early with an error; later runs are unaffected.

        Args:
            thread: Its `threading.get_ident()`.
        """
        ...


class OnnxRuntimeModel:
    """A model in ONNX Runtime. Thread-safe."""

    def __init__(
        self, path: Path, spec: FileSpec, threads: int = 1, providers: Sequence[str] | None = None
    ) -> None:
        """Load a model and compare it with its manifest.

        Args:
            path: The .onnx file.
            spec: The manifest's entry of it.
            threads: CPU threads that one run may use.
            providers: Execution providers; None for the best that are available.

        Raises:
            BundleError: It cannot be loaded, or differs from the manifest.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads burn the cores that decoding and DDS need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # x86 processors without VNNI saturate sums of products of uint8 and int8 at 16 bits, which
        # turns embeddings of int8 networks by up to 48 degrees. This computes with uint8 and uint8;
        # where nothing saturates the bits are the same, but it takes up to twice the time.
        exact = "1" if may_saturate_int8() else "0"
        options.add_session_config_entry("session.x64quantprecision", exact)
        try:
            chosen = choose_providers(spec, providers, onnxruntime.get_available_providers())
        except OSError as error:
            raise BundleError(
                f"the folder for TensorRT's engines cannot be made ({error.strerror}); set "
                f"{FOLDER} to one that can be written"
            ) from error
        name = file_name(path, spec)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=chosen)
        except Exception as error:
            raise BundleError(
                f"{name} cannot be loaded by ONNX Runtime ({type(error).__name__}); "
                "restore it from where the bundle came"
            ) from error
        self._check(name, "input", spec.inputs, self._session.get_inputs())
        self._check(name, "output", spec.outputs, self._session.get_outputs())
        self._specs = spec.outputs
        self._outputs = [tensor.name for tensor in spec.outputs]
        self._runs: dict[int, Any] = {}
        self._lock = threading.Lock()

    @staticmethod
    def _check(file: str, side: str, expected: Sequence[TensorSpec], actual: Sequence[Any]) -> None:
        have = {
            f.name: (
                tuple(d if isinstance(d, int) else -1 for d in f.shape),
                f.type.removeprefix("tensor(").removesuffix(")").replace("float", "float32"),
            )
            for f in actual
        }
        want = {s.name: (s.shape, s.dtype) for s in expected}
        if have != want:
            raise BundleError(
                f"{file} has the {side}s {have} but the manifest says {want}; "
                "restore both from where the bundle came"
            )

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[np.float32]]:
        """Run the model.

        Args:
            inputs: Arrays by input name, as the manifest describes them.

        Returns:
            float32 arrays, in the manifest's order of outputs.

        Raises:
            ValueError: An output has another shape than the manifest says, which ONNX Runtime
                lets pass; the text is one sentence.
        """
        options = onnxruntime.RunOptions()
        thread = threading.get_ident()
        with self._lock:
            self._runs[thread] = options
        try:
            outputs = self._session.run(self._outputs, dict(inputs), options)
        finally:
            with self._lock:
                del self._runs[thread]
        arrays = [np.asarray(out) for out in outputs]
        for tensor, array in zip(self._specs, arrays, strict=True):
            fits = len(tensor.shape) == array.ndim and all(
                said in (-1, size) for said, size in zip(tensor.shape, array.shape, strict=True)
            )
            if not fits:
                raise ValueError(
                    f"the output {tensor.name} of the network has the shape {array.shape} but the "
                    f"manifest says {tensor.shape}; restore both from where the bundle came"
                )
        return arrays

    def cancel(self, thread: int) -> None:
        """Make the run in progress in a thread end early with an error; later runs are unaffected.

        Args:
            thread: Its `threading.get_ident()`.
        """
        with self._lock:
            if thread in self._runs:
                self._runs[thread].terminate = True


def file_name(path: Path, spec: FileSpec) -> str:
    """Return a file's name: the manifest's where the path has none, as that of an open file."""
    return (path if path.suffix else Path(spec.path)).name


BACKENDS = {".onnx": OnnxRuntimeModel}
"""Backends by suffix of the file's name."""


def load_model(
    path: Path, spec: FileSpec, threads: int = 1, providers: Sequence[str] | None = None
) -> Model:
    """Load a model with the backend for its kind of file.

    Args:
        path: The file.
        spec: The manifest's entry of it.
        threads: CPU threads that one run may use.
        providers: Execution providers; None for the best that are available.

    Raises:
        BundleError: There is no backend for it, or the file is broken.
    """
    name = file_name(path, spec)
    backend = BACKENDS.get(Path(name).suffix)
    if backend is None:
        raise BundleError(f"{name} is no kind of model that can be run; give an .onnx file")
    return backend(path, spec, threads, providers)
