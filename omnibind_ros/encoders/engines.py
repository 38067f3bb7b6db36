"""TensorRT's engines: how they are built, and where they are cached.

Building an engine takes minutes on a small machine, so each is cached. It is valid for one GPU, one
version of TensorRT and one file, and its folder is named after these three.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import re
from importlib import metadata
from pathlib import Path

from .manifest import FileSpec

TENSORRT = "TensorrtExecutionProvider"
"""ONNX Runtime's name for it."""

FOLDER = "OMNIBIND_ENGINES"
"""Environment variable with the folder of engines; without it they are in the user's cache."""

_PACKAGES = ("tensorrt", "tensorrt_cu13", "tensorrt_cu12")


def gpu_name(root: Path = Path("/")) -> str:
    """Return the names of this machine's NVIDIA GPUs, or of its Jetson; empty without either.

    Args:
        root: Root of the file system.
    """
    board = root / "proc/device-tree/model"
    if board.is_file():
        model = board.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
        if "NVIDIA" in model or "Jetson" in model:
            return model
    names = set()
    for file in sorted(root.glob("proc/driver/nvidia/gpus/*/information")):
        match = re.search(r"^Model:\s*(.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        if match:
            names.add(match.group(1).strip())
    return ", ".join(sorted(names))


def tensorrt_version() -> str:
    """Return the version of TensorRT that is installed; empty where there is none."""
    for package in _PACKAGES:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    library = ctypes.util.find_library("nvinfer")
    if library is None:
        return ""
    try:
        return str(ctypes.CDLL(library).getInferLibVersion())
    except (OSError, AttributeError):
        return ""


def engines_folder(gpu: str = "", version: str = "") -> Path:
    """Return the folder of the engines for a GPU, which has TensorRT's timing cache too.

    Args:
        gpu: The GPU's name; empty for that of this machine.
        version: Version of TensorRT; empty for the installed one.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = Path(os.environ.get(FOLDER) or cache / "omnibind" / "engines")
    name = f"{gpu or gpu_name() or 'gpu'} tensorrt {version or tensorrt_version() or 'unknown'}"
    return root / re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def provider_options(spec: FileSpec) -> dict[str, str]:
    """Return the options of ONNX Runtime's TensorRT provider for a file.

    An engine has its file's precision, so that figures measured with the file hold for the engine.

    Args:
        spec: The manifest's entry of the file.

    Returns:
        The options; the folder that they name exists.

    Raises:
        OSError: The folder cannot be made.
    """
    shared = engines_folder()
    own = shared / spec.sha256[:16]
    own.mkdir(parents=True, exist_ok=True)
    options = {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(own),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(shared),
    }
    if spec.precision in ("fp16", "int8"):
        options["trt_fp16_enable"] = "1"
    if spec.precision == "int8":
        options["trt_int8_enable"] = "1"
    return options
