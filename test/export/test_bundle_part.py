"""Bundles of some encoders of another bundle, without torch and without a training run."""

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto
from paths import ROOT

from omnibind_ros.cli import main
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.export.bundle_part import export_part
from omnibind_ros.export.dequantisation import is_quantised, write_dequantised
from omnibind_ros.export.precisions import AUTO

HOUSEHOLD = ROOT / "models" / "household"


def literal(path):
    """Return a session that computes each node as it stands in the file."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    ("modality", "least"), [("touch", 0.99), ("audio", 0.99), ("points", 0.97)]
)
def test_a_dequantised_network_differs_by_the_rounding_of_activations(tmp_path, modality, least):
    spec = Bundle.load(HOUSEHOLD).manifest.encoders[modality]
    source, target = HOUSEHOLD / spec.path, tmp_path / spec.path
    write_dequantised(source, target)
    assert is_quantised(source)
    assert not is_quantised(target)
    rng = np.random.default_rng(0)
    tensor = spec.inputs[0]
    before, after = literal(source), literal(target)
    for spread in (0.2, 1.0):
        values = rng.random(tensor.shape) * spread * (255 if tensor.dtype == "uint8" else 1)
        inputs = {tensor.name: values.astype(tensor.dtype)}
        one, other = (s.run(None, inputs)[0].ravel() for s in (before, after))
        assert np.linalg.norm(other) == pytest.approx(1, abs=1e-3)
        assert least < float(one @ other) < 1.001


def test_image_and_text_in_fp16_of_the_shipped_bundle(tmp_path, capsys):
    out = tmp_path / "camera"
    arguments = ["--bundle", str(HOUSEHOLD), "--only", "image,text", "--precision", "fp16"]
    assert main(["export", *arguments, "--out", str(out)]) == 0
    assert "with image, text" in capsys.readouterr().out
    manifest = Bundle.load(out).manifest
    assert set(manifest.encoders) == {"image", "text"}
    assert manifest.encoders["image"].precision == "fp16"
    assert manifest.figures["export"]["image"]["mean_cosine"] > 0.97
    weights = [t for t in onnx.load(out / "image.onnx").graph.initializer if len(t.dims) == 4]
    assert {t.data_type for t in weights} == {TensorProto.FLOAT16}
    assert (out / "text.onnx").read_bytes() == (HOUSEHOLD / "text.onnx").read_bytes()
    assert not (out / "touch.onnx").exists()
    assert main(["bundle", "check", str(out)]) == 0


def test_the_whole_bundle_in_fp32_may_be_large(tmp_path):
    bundle = export_part(tmp_path / "large", HOUSEHOLD, (), "fp32")
    assert {
        spec.precision for name, spec in bundle.manifest.encoders.items() if name != "text"
    } == {"fp32"}
    assert sum(path.stat().st_size for path in bundle.root.iterdir()) > 60_000_000


def test_encoders_as_they_are_keep_their_bytes(tmp_path):
    bundle = export_part(tmp_path / "part", HOUSEHOLD, ("image", "thermal"), AUTO)
    before = Bundle.load(HOUSEHOLD).manifest
    assert list(bundle.manifest.encoders) == ["image", "thermal"]
    for name, spec in bundle.manifest.encoders.items():
        assert spec == before.encoders[name]
    assert bundle.manifest.version != before.version
    assert bundle.manifest.fusion == before.fusion


@pytest.mark.parametrize(
    ("only", "precision", "words"),
    [(("image",), "int8", "needs samples"), (("image", "touch"), AUTO, "no encoder for touch")],
)
def test_what_cannot_be_made_is_a_sentence_and_leaves_nothing(tmp_path, only, precision, words):
    source = ROOT / "models" / ("teacher" if "touch" in only else "household")
    with pytest.raises(BundleError, match=words):
        export_part(tmp_path / "part", source, only, precision)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_bundle_is_not_taken(tmp_path):
    copy = tmp_path / "damaged"
    copy.mkdir()
    for path in HOUSEHOLD.iterdir():
        (copy / path.name).write_bytes(
            path.read_bytes()[: -1 if path.name == "image.onnx" else None]
        )
    with pytest.raises(BundleError, match=r"image\.onnx"):
        export_part(tmp_path / "part", copy, ("image",), AUTO)


def test_a_wrong_modality_is_a_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["export", "--only", "image,nose", "--out", str(tmp_path / "part")])
    assert "'nose' is no modality" in capsys.readouterr().err


WITHOUT = """
import sys
from omnibind_ros.cli import main

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
sys.exit(main({arguments}))
"""
OF_SIM = {"h5py", "open3d", "pyarrow", "rich", "scipy", "sklearn", "soundfile", "trimesh", "torch"}


@pytest.mark.parametrize(
    ("options", "blocked", "missing"),
    [
        ([], OF_SIM | {"onnx"}, ""),
        (["--precision", "fp16"], OF_SIM, ""),
        (["--precision", "fp16"], OF_SIM | {"onnx"}, "onnx"),
    ],
)
def test_which_packages_a_part_of_a_bundle_needs(tmp_path, options, blocked, missing):
    out = tmp_path / "camera"
    options = ["--bundle", str(HOUSEHOLD), "--only", "image,text", *options, "--out", str(out)]
    program = WITHOUT.format(blocked=sorted(blocked), arguments=["export", *options])
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=200, check=False
    )
    if missing:
        assert done.returncode == 1
        assert f"the Python module {missing} is missing" in done.stderr
        assert f"pip install {missing}" in done.stderr
        assert "Traceback" not in done.stderr
        assert not out.exists()
    else:
        assert done.returncode == 0, done.stderr
        assert set(Bundle.load(out).manifest.encoders) == {"image", "text"}
