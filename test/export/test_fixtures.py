"""The bundle in test/fixtures is readable, small, and what the present exporter writes."""

import numpy as np
import pytest
from fixture_bundle import FIXTURE

from omnibind_ros.encoders.backend import load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import read_manifest
from omnibind_ros.fusion import AdaptiveFusion
from omnibind_ros.modalities import MODALITIES, STUDENTS, part

REBUILD = "run python3 test/support/make_fixtures.py"


def embed(bundle, modality, seed):
    """Return the embedding of noise by a student of a bundle, float32 [D]."""
    spec = bundle.manifest.encoders[modality]
    noise = np.random.default_rng(seed).normal(size=spec.inputs[0].shape).astype(np.float32)
    return load_model(bundle.root / spec.path, spec).run({spec.inputs[0].name: noise})[0][0]


def test_it_has_every_modality_and_a_fusion(seven_bundle):
    bundle = Bundle.load(seven_bundle)
    assert bundle.problems == {}, REBUILD
    assert set(bundle.manifest.encoders) == set(MODALITIES)
    for modality in MODALITIES:
        assert bundle.encoder(modality).modality == modality
    assert AdaptiveFusion.load(bundle).failures == 0


def test_its_files_are_small():
    assert sum(path.stat().st_size for path in FIXTURE.parent.rglob("*")) < 2_000_000


def test_the_manifest_has_the_teachers_entries_and_the_students_inputs(seven_bundle, bundle_dir):
    made, teacher = read_manifest(seven_bundle), read_manifest(bundle_dir)
    assert made.labels == teacher.labels
    assert made.calibration == teacher.calibration
    for modality in teacher.encoders:
        assert made.encoders[modality] == teacher.encoders[modality]
    for modality in STUDENTS:
        assert made.encoders[modality].inputs == (part("encoders", modality).INPUT,), REBUILD


@pytest.mark.parametrize("modality", STUDENTS)
def test_a_student_gives_unit_vectors_that_depend_on_the_input(seven_bundle, modality):
    bundle = Bundle.load(seven_bundle)
    first, second = (embed(bundle, modality, seed) for seed in range(2))
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert np.abs(first - second).max() > 1e-4


def test_the_present_exporter_writes_the_same(seven_bundle, training_cache, tmp_path):
    pytest.importorskip("torch", reason="exports start from torch")
    from make_fixtures import write_fixture  # noqa: PLC0415 - needs torch

    write_fixture(tmp_path, training_cache)
    committed, present = read_manifest(FIXTURE), read_manifest(tmp_path)
    for modality in STUDENTS:
        one, other = committed.encoders[modality], present.encoders[modality]
        assert (one.inputs, one.outputs) == (other.inputs, other.outputs), REBUILD
        np.testing.assert_allclose(
            embed(Bundle.load(seven_bundle), modality, 0),
            embed(Bundle.load(tmp_path), modality, 0),
            atol=1e-4,
            err_msg=REBUILD,
        )
    assert committed.fusion.inputs == present.fusion.inputs, REBUILD
    assert committed.fusion.outputs == present.fusion.outputs, REBUILD
