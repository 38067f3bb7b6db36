"""Builds TensorRT's engines in advance, so that a robot does not wait for them at first start."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

from omnibind_ros.encoders.backend import load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.engines import TENSORRT, engines_folder
from omnibind_ros.encoders.manifest import BundleError, FileSpec

from .verify import require_intact

TIMING = "timing.cache"
"""File, beside the engines, of the times that TensorRT measured while it built them."""


class Engine(NamedTuple):
    """An engine of an encoder.

    Attributes:
        modality: Of the encoder.
        path: The engine's file.
        built: Whether it was built now; False: it existed before.
    """

    modality: str
    path: Path
    built: bool


def build_engines(bundle: Bundle, progress: Callable[[str], None] = lambda _: None) -> list[Engine]:
    """Build the engines of a bundle, in the precision of its files.

    ONNX Runtime's TensorRT provider builds them where it is installed, since the nodes run them
    with it; otherwise the tensorrt package does, for other programs. Text and fusion have inputs of
    free sizes and stay on the processor.

    Args:
        bundle: A loaded bundle.
        progress: Called with the modality whose engine is next.

    Returns:
        The engine of each encoder whose inputs have fixed sizes.

    Raises:
        BundleError: Neither is installed, there is no GPU, a file of the bundle is missing or
            damaged, or an engine cannot be built.
        OSError: The folder of engines cannot be written.
    """
    build = _choose_builder()
    engines = []
    for modality, spec in _encoders_of_fixed_size(require_intact(bundle)):
        progress(modality)
        folder = engines_folder() / spec.sha256[:16]
        existed = any(folder.glob("*.engine"))
        if not existed:
            folder.mkdir(parents=True, exist_ok=True)
            build(bundle.root / spec.path, spec, folder)
        files = sorted(folder.glob("*.engine"))
        if not files:
            raise BundleError(
                f"no TensorRT engine came of {spec.path}: ONNX Runtime went on without TensorRT; "
                "install the version of TensorRT and CUDA that this onnxruntime-gpu was built for"
            )
        engines.append(Engine(modality, files[0], built=not existed))
    return engines


def _encoders_of_fixed_size(bundle: Bundle) -> Iterator[tuple[str, FileSpec]]:
    for modality, spec in bundle.manifest.encoders.items():
        if all(size > 0 for tensor in spec.inputs for size in tensor.shape):
            yield modality, spec


def _choose_builder() -> Callable[[Path, FileSpec, Path], None]:
    if TENSORRT in onnxruntime.get_available_providers():
        return _build_with_onnx_runtime
    if importlib.util.find_spec("tensorrt") is not None:
        return _build_with_package
    raise BundleError(
        "neither ONNX Runtime's TensorRT provider nor the Python package tensorrt is installed "
        "here; install onnxruntime-gpu and TensorRT (docs/how-to/jetson.md), or leave out "
        "--tensorrt"
    )


def _build_with_onnx_runtime(path: Path, spec: FileSpec, _folder: Path) -> None:
    model = load_model(path, spec, 1, [TENSORRT, "CUDAExecutionProvider", "CPUExecutionProvider"])
    model.run({t.name: np.zeros(t.shape, t.dtype) for t in spec.inputs})


def _build_with_package(path: Path, spec: FileSpec, folder: Path) -> None:
    trt: Any = importlib.import_module("tensorrt")
    logger = trt.Logger(trt.Logger.WARNING)
    try:
        builder = trt.Builder(logger)
    except (TypeError, RuntimeError) as error:
        raise BundleError(
            f"TensorRT {trt.__version__} finds no GPU to build {spec.path} for; run this on the "
            "machine that will run the encoders"
        ) from error
    typed = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    # Since TensorRT 10 a network has the types of its file; older versions are told the precision.
    flag = trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH if typed is None else typed
    network = builder.create_network(1 << int(flag))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(path)):
        errors = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise BundleError(f"TensorRT {trt.__version__} cannot read {spec.path} ({errors})")
    config = builder.create_builder_config()
    if typed is None:
        for name in {"fp16": ("FP16",), "int8": ("FP16", "INT8")}.get(spec.precision, ()):
            config.set_flag(getattr(trt.BuilderFlag, name))
    timing = folder.parent / TIMING
    measured = timing.read_bytes() if timing.is_file() else b""
    config.set_timing_cache(config.create_timing_cache(measured), ignore_mismatch=False)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise BundleError(f"TensorRT {trt.__version__} built no engine of {spec.path}")
    _write_atomically(timing, config.get_timing_cache().serialize())
    _write_atomically(folder / f"{path.stem}.engine", engine)


def _write_atomically(target: Path, content: Any) -> None:
    """Write a file that exists complete or not at all: a part of an engine must not be used."""
    part = target.with_suffix(".part")
    part.write_bytes(memoryview(content))
    part.replace(target)
