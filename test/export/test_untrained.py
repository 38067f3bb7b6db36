import numpy as np
import onnx
import pytest

from omnibind_ros.cli import main
from omnibind_ros.encoders.backend import load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.export.untrained import ORIGIN, SMALL, STUDENTS, build_untrained
from omnibind_ros.modalities import MODALITIES


@pytest.fixture(scope="module")
def full_bundle(tmp_path_factory, bundle_dir):
    return build_untrained(tmp_path_factory.mktemp("full") / "bundle", bundle_dir, link=True)


def test_it_has_every_modality_and_says_what_is_untrained(full_bundle):
    assert full_bundle.problems == {}
    assert set(full_bundle.manifest.encoders) == set(MODALITIES)
    for modality in STUDENTS:
        assert full_bundle.manifest.encoders[modality].origin == ORIGIN
    assert full_bundle.manifest.fusion.origin == ORIGIN
    assert full_bundle.manifest.encoders["image"].origin != ORIGIN


@pytest.mark.parametrize("modality", STUDENTS)
def test_a_student_gives_unit_vectors_that_depend_on_the_input(full_bundle, modality):
    spec = full_bundle.manifest.encoders[modality]
    model = load_model(full_bundle.root / spec.path, spec)
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=spec.inputs[0].shape).astype(np.float32) for _ in range(2)]
    first, second = (model.run({modality: values})[0][0] for values in inputs)
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert np.abs(first - second).max() > 1e-4


def test_students_are_of_realistic_size(full_bundle):
    for modality in STUDENTS:
        model = onnx.load(full_bundle.root / f"{modality}.onnx")
        size = sum(np.prod(tensor.dims) for tensor in model.graph.initializer)
        assert 2e5 < size <= 3e6, modality
        assert model.opset_import[0].version >= 17


def test_one_seed_gives_the_same_bytes(tmp_path, bundle_dir):
    first, second, other = (
        build_untrained(tmp_path / folder / "bundle", bundle_dir, SMALL, seed, link=True)
        for folder, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    for name in ("bundle.yaml", "touch.onnx", "fusion.onnx"):
        content = (first.root / name).read_bytes()
        assert content == (second.root / name).read_bytes()
        assert content != (other.root / name).read_bytes()


def test_the_manifest_survives_writing_and_reading(seven_bundle, bundle_dir):
    made, source = Bundle.load(seven_bundle).manifest, Bundle.load(bundle_dir).manifest
    assert made.labels == source.labels
    assert made.calibration == source.calibration
    assert made.encoders["text"] == source.encoders["text"]
    assert made.encoders["touch"].inputs == (STUDENTS["touch"].input,)


def test_the_source_is_not_overwritten(bundle_copy):
    with pytest.raises(BundleError, match="choose another folder"):
        build_untrained(bundle_copy, bundle_copy)
    assert Bundle.load(bundle_copy).problems == {}


def test_the_command_builds_a_bundle_that_is_a_copy(tmp_path, bundle_dir, capsys):
    out = tmp_path / "made"
    assert main(["bundle", "build-untrained", "--out", str(out), "--source", str(bundle_dir)]) == 0
    assert "built" in capsys.readouterr().out
    assert not (out / "image.onnx").is_symlink()
    assert Bundle.load(out).problems == {}
