"""Builds a bundle of all seven modalities before the students are trained.

Its students have their final size and no knowledge: it is for measuring speed and for testing what
lies around the encoders. Image, text, labels and calibration come from a bundle that has them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.encoders.manifest import (
    BundleError,
    FileSpec,
    TensorSpec,
    read_manifest,
)
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.fusion.adaptive import fusion_inputs, fusion_outputs
from omnibind_ros.learning.tensors.specs import STUDENT_SPECS
from omnibind_ros.recognition.label_cache import CACHE

from .graph import Graph
from .networks import convolutional, fusion_network, point_network

VERSION = "0.1.0"
LICENCE = "Apache-2.0"
ORIGIN = "untrained, for measurements only"

Build = Callable[[Graph, TensorSpec, int], None]
"""(graph, input, embedding size) -> nothing; adds a network whose output is `embedding`."""


@dataclass(frozen=True)
class Student:
    """A student network: its input, and what builds it."""

    input: TensorSpec
    build: Build


def _separable(*widths: tuple[int, int]) -> Build:
    return lambda graph, spec, size: convolutional(graph, spec, widths, size)


def _pointwise(*widths: int) -> Build:
    return lambda graph, spec, size: point_network(graph, spec, widths, size)


_BODY = (
    (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (1024, 2),
)  # fmt: skip

STUDENTS: dict[str, Student] = {
    "touch": Student(
        STUDENT_SPECS["touch"],
        _separable((32, 2), (64, 1), *_BODY),
    ),
    "thermal": Student(
        STUDENT_SPECS["thermal"],
        _separable((32, 2), (64, 1), *_BODY),
    ),
    "event": Student(
        STUDENT_SPECS["event"],
        _separable((32, 1), (64, 1), *_BODY),
    ),
    "points": Student(
        STUDENT_SPECS["points"],
        _pointwise(64, 128, 512),
    ),
    "audio": Student(
        STUDENT_SPECS["audio"],
        _separable((32, 1), (64, 1), *_BODY),
    ),
}
"""The students, of at most 3 million parameters and a few milliseconds on one core each."""

SMALL: dict[str, Student] = {
    modality: replace(
        student,
        build=_pointwise(16) if modality == "points" else _separable((8, 4), (16, 4)),
    )
    for modality, student in STUDENTS.items()
}
"""The same inputs, for tests that only need an encoder to be there."""


def build_untrained(
    out: Path,
    source: Path,
    students: dict[str, Student] | None = None,
    seed: int = 0,
    link: bool = False,
) -> Bundle:
    """Build a bundle with every modality.

    Args:
        out: Its folder; what is in the way is overwritten.
        source: A bundle with image, text and labels.
        students: By modality; None for `STUDENTS`.
        seed: Of the weights: one seed, the same files.
        link: Link to the source's files instead of copying them.

    Returns:
        The bundle, loaded and checked.

    Raises:
        BundleError: The source cannot be used, or is the folder to build in.
    """
    if out.resolve() == source.resolve():
        raise BundleError(f"{out} is the bundle to take from; choose another folder to build in")
    manifest = read_manifest(source)
    missing = [name for name in ("image", "text") if name not in manifest.encoders]
    if missing:
        raise BundleError(
            f"bundle {source} has no encoder for {' and '.join(missing)}; give one that has"
        )
    out.mkdir(parents=True, exist_ok=True)
    encoders = {name: manifest.encoders[name] for name in ("image", "text")}
    for spec in (*encoders.values(), manifest.labels):
        for file in (spec, *spec.extra.values()):
            _take(source / file.path, out / file.path, link)
    if (source / CACHE).is_file():
        _take(source / CACHE, out / CACHE, link)
    size = manifest.embedding_size
    made = STUDENTS if students is None else students
    for number, (modality, student) in enumerate(made.items()):
        graph = Graph(seed + number)
        student.build(graph, student.input, size)
        output = TensorSpec("embedding", (1, size), "float32", "ND", "unit vector")
        encoders[modality] = _save(graph, out / f"{modality}.onnx", (student.input,), (output,))
    graph = Graph(seed + len(made))
    fusion_network(graph, size)
    fusion = _save(graph, out / "fusion.onnx", fusion_inputs(size), fusion_outputs(size))
    write_manifest(
        out,
        replace(
            manifest, name=out.name, version=VERSION, encoders=encoders, fusion=fusion, figures={}
        ),
        "the tests",
    )
    return Bundle.load(out)


def _save(
    graph: Graph, path: Path, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
) -> FileSpec:
    graph.save(path, inputs, outputs)
    return FileSpec(path.name, file_sha256(path), LICENCE, ORIGIN, inputs, outputs)


def _take(source: Path, target: Path, link: bool) -> None:
    target.unlink(missing_ok=True)
    try:
        if link:
            target.symlink_to(source.resolve())
        else:
            shutil.copyfile(source, target)
    except OSError as error:
        raise BundleError(f"{source} cannot be copied to {target} ({error.strerror})") from error
