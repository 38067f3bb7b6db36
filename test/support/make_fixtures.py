"""Writes test/fixtures/seven anew: python3 test/support/make_fixtures.py

To be run where the students, the fusion network or the exporter have changed, in an environment
with the groups train and sim. The students have the shipped students' inputs and first layers, and
a small network behind them, so that the fixtures stay small; all weights are random. They are
exported as `omnibind export` does it, on the small dataset of the training tests.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from fixture_bundle import FIXTURE, TEACHER
from learnable_plan import LearnablePlan
from torch import nn

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.encoders.manifest import FileSpec, read_manifest
from omnibind_ros.encoders.manifest_writing import content_version, write_manifest
from omnibind_ros.export.export_fusion import export_fusion
from omnibind_ros.export.export_student import export_network, student_spec
from omnibind_ros.export.samples import choose_samples
from omnibind_ros.learning.af.network import FusionNetwork
from omnibind_ros.learning.students.picture import Head
from omnibind_ros.learning.students.registry import build
from omnibind_ros.learning.tensors.cache import TensorCache, build_cache
from omnibind_ros.modalities import MODALITIES, STUDENTS, part

CHANNELS = 16
ORIGIN = "random weights, for tests"


def small_student(modality: str, size: int) -> nn.Module:
    """Return a student of a modality whose body is two convolutions.

    Args:
        modality: A student modality; its place in `MODALITIES` is the seed of the weights.
        size: Values of an embedding.
    """
    torch.manual_seed(MODALITIES[modality].number)
    student = build(modality, size, part("encoders", modality).INPUT)
    student.body = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, CHANNELS, 3, stride=2, padding=1),
        nn.ReLU(),
    )
    student.head = Head(2 * CHANNELS, size, dropout=0.0)
    return student.eval()


def write_fixture(out: Path, cache: TensorCache) -> None:
    """Write the students, the fusion network and the manifest of the bundle.

    Args:
        out: Its folder, which must exist.
        cache: Tensors of each student modality, to check the exports on.
    """
    teacher = read_manifest(TEACHER)
    size = teacher.embedding_size
    specs: dict[str, FileSpec] = dict(teacher.encoders)
    with tempfile.TemporaryDirectory() as scratch:
        for modality in STUDENTS:
            specs[modality] = export_network(
                small_student(modality, size),
                student_spec(modality, part("encoders", modality).INPUT, size, ORIGIN),
                out,
                Path(scratch),
                "fp32",
                choose_samples(cache, modality),
                cache.vocabulary.classes,
            ).spec
    torch.manual_seed(0)
    fusion = replace(export_fusion(FusionNetwork(size, classes=8).eval(), out), origin=ORIGIN)
    encoders = {modality: specs[modality] for modality in MODALITIES if modality in specs}
    manifest = replace(
        teacher,
        name="seven",
        version=content_version("0.0.0", [*encoders.values(), fusion]),
        encoders=encoders,
        fusion=fusion,
        figures={},
    )
    write_manifest(out, manifest, "test/support/make_fixtures.py")


def main() -> None:
    """Write the fixture in its place."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        build_dataset(LearnablePlan(60), data, workers=1)
        cache = build_cache(data, Path(folder) / "cache", str(TEACHER))
        FIXTURE.mkdir(parents=True, exist_ok=True)
        write_fixture(FIXTURE, cache)
    print(f"wrote {FIXTURE}: {sum(path.stat().st_size for path in FIXTURE.iterdir())} bytes")


if __name__ == "__main__":
    main()
