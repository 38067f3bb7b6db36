"""Loads a teacher by its name."""

from __future__ import annotations

from pathlib import Path

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.learning.config import TrainingError

from .bundle import BundleTeacher
from .clip import HuggingFaceTeacher, OpenClipTeacher
from .interface import Teacher


def load_teacher(name: str, threads: int = 1) -> Teacher:
    """Load a teacher.

    Args:
        name: A bundle's name or folder; a folder that OpenCLIP or Hugging Face's transformers
            saved; or `openclip:NAME` or `huggingface:NAME` of the hub.
        threads: Threads of the processor that one embedding may use.

    Raises:
        TrainingError: It is none of these, or a library for it is missing.
        BundleError: The bundle is broken.
    """
    kind, _, rest = name.partition(":")
    folder = Path(name).expanduser()
    if kind == "openclip" or (folder / "open_clip_config.json").is_file():
        return OpenClipTeacher(rest if kind == "openclip" else f"local-dir:{folder}")
    if kind == "huggingface" or (folder / "config.json").is_file():
        return HuggingFaceTeacher(rest if kind == "huggingface" else str(folder))
    try:
        found = resolve_bundle(name)
    except BundleError as error:
        raise TrainingError(
            f"there is no teacher '{name}'; give a bundle, a folder of an OpenCLIP or Hugging "
            "Face model, or openclip:NAME or huggingface:NAME"
        ) from error
    return BundleTeacher(Bundle.load(found), threads)
