"""Builds TensorRT's engines ahead, so that a robot does not wait for them at its first start."""

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

TIMING = "timing.cache"


class Engine(NamedTuple):
    """An engine of an encoder.

    Attributes:
        modality: Of the encoder.
        path: The engine.
        built: Whether it was built now; False: it was there.
    """

    modality: str
    path: Path
    built: bool


def build_engines(bundle: Bundle, progress: Callable[[str], None] = lambda _: None) -> list[Engine]:
    """Build the engines of a bundle, in the precision of its files.

    ONNX Runtime's TensorRT provider builds them where it is there, since the nodes run them with
    it; otherwise the tensorrt package does, for other programs. Text and fusion have free sizes
    and stay on the processor.

    Args:
        bundle: A checked bundle.
        progress: Told which encoder's turn it is.

    Returns:
        What is there now.

    Raises:
        BundleError: Neither is installed, there is no GPU, or an engine cannot be built.
        OSError: The folder of engines cannot be written.
    """
    build = _builder()
    if bundle.problems:
        raise BundleError(next(iter(bundle.problems.values())))
    engines = []
    for modality, spec in _fixed(bundle):
        progress(modality)
        folder = engines_folder() / spec.sha256[:16]
        before = sorted(folder.glob("*.engine"))
        if not before:
            folder.mkdir(parents=True, exist_ok=True)
            build(bundle.root / spec.path, spec, folder)
        found = sorted(folder.glob("*.engine"))
        if not found:
            raise BundleError(
                f"no TensorRT engine came of {spec.path}: ONNX Runtime went on without TensorRT; "
                "install the version of TensorRT and CUDA that this onnxruntime-gpu was built for"
            )
        engines.append(Engine(modality, found[0], not before))
    return engines


def _fixed(bundle: Bundle) -> Iterator[tuple[str, FileSpec]]:
    for modality, spec in bundle.manifest.encoders.items():
        if all(size > 0 for tensor in spec.inputs for size in tensor.shape):
            yield modality, spec


def _builder() -> Callable[[Path, FileSpec, Path], None]:
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
    # Since TensorRT 10 a network has the types of its file; before, precisions were allowed apart.
    flag = trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH if typed is None else typed
    network = builder.create_network(1 << int(flag))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(path)):
        said = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise BundleError(f"TensorRT {trt.__version__} cannot read {spec.path} ({said})")
    config = builder.create_builder_config()
    if typed is None:
        for name in {"fp16": ("FP16",), "int8": ("FP16", "INT8")}.get(spec.precision, ()):
            config.set_flag(getattr(trt.BuilderFlag, name))
    timing = folder.parent / TIMING
    known = timing.read_bytes() if timing.is_file() else b""
    config.set_timing_cache(config.create_timing_cache(known), ignore_mismatch=False)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise BundleError(f"TensorRT {trt.__version__} built no engine of {spec.path}")
    # Whole or not at all: half an engine would be taken for one.
    for target, content in ((timing, config.get_timing_cache().serialize()),
                            (folder / f"{path.stem}.engine", engine)):  # fmt: skip
        part = target.with_suffix(".part")
        part.write_bytes(memoryview(content))
        part.replace(target)
